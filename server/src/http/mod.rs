//! What every feature's handlers share: who calls, how bodies are read, how problems are told.

pub mod assets;
pub mod body;
pub mod caller;
pub mod connections;
pub mod file;
pub mod headers;
pub(crate) mod html;
pub mod intake;
mod lines;
pub mod methods;
pub mod origin;
pub mod pace;
pub mod page;
pub mod period;
pub mod problem;
pub mod progress;
mod rows;
pub mod telemetry;
pub mod throttle;

pub use body::{Body, EitherBody, FileBody, Query};
pub use caller::{Caller, Permitted, Tablet};
pub use lines::LineProblem;
pub use problem::{Kind, Language, Problem};
pub use rows::{beyond, rows, take_titles};
