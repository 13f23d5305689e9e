//! Registers (台账): kinds of records, their fields, and how concurrent edits are merged.

mod builtin;
mod catalogue;
mod definition;
mod entity;
mod entity_list;
mod field;
mod rights;
mod succession;
mod words;
mod written;

pub use builtin::{builtin_registers, with_rights};
pub use catalogue::Catalogue;
pub use definition::{DefinitionProblem, RegisterDefinition};
pub use entity::{Unplaced, text_of};
pub use field::{Choice, Field, FieldId, FieldType, MergePolicy, Role, Sensitivity, Unfit};
pub use rights::{Capacity, Deed, Right};
pub(crate) use words::day_in_words;
pub use written::heading;
