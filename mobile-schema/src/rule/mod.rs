//! Checks that give the same verdict on the tablet and on the server.
//!
//! A [`RuleSet`] says what is asked of a household and its members, in the expressions of forms or
//! by checks that are built in; [`Rules`] is one that is proved and can be run. Nothing is refused:
//! what comes out are findings, which people mend or explain.

pub mod citizen_id;
mod photo;
mod proof;
mod run;
mod set;
mod value;

pub use photo::PhotoRules;
pub use run::{Finding, Household, Place, Rules};
pub use set::{About, Check, Fault, Rule, RuleProblem, RuleSet, RuleSeverity};
pub use value::is_phone;
