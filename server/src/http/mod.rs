//! What every feature's handlers share: who calls, how bodies are read, how problems are told.

pub mod assets;
pub mod body;
pub mod caller;
pub mod file;
pub(crate) mod html;
pub mod page;
pub mod period;
pub mod problem;
pub mod telemetry;
pub mod throttle;

pub use body::{Body, EitherBody, Query};
pub use caller::{Caller, Permitted, Tablet};
pub use problem::{Kind, Language, Problem};
