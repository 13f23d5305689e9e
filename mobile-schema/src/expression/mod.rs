//! Expressions of forms and rules: XPath 1.0 as ODK restricts and extends it
//! (<https://getodk.github.io/xforms-spec/#xpath-functions>).
//!
//! [`syntax`] turns text into a spanned tree, [`check`] proves it and makes it runnable
//! ([`code`]), and [`evaluate`] runs it on a [`tree`] under limits. What is wrong is said with its
//! place in the text ([`problem`]).

mod call;
pub mod check;
pub mod code;
pub mod evaluate;
pub mod functions;
mod path;
mod pattern;
pub mod problem;
pub mod syntax;
#[cfg(test)]
mod tests;
pub mod tree;
pub mod value;

pub use code::Code;
pub use evaluate::{Evaluation, Failure, Host};
pub use path::Indexes;
pub use problem::{ExpressionProblem, Mistake};
pub use syntax::{Node, parse};
pub use tree::{Names, NodeRef, Symbol, Tree};
pub use value::Value;
