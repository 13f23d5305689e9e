//! Tasks: what is to be done at a household by some day. People set them here for many households at
//! once, the deliveries of notifications make some by themselves, and tablets in the household's
//! village show them until they are done. They belong to villages, and to nobody by name.

mod http;
mod queries;
mod rules;

pub use http::routes;

/// The built-in register of tasks.
pub(crate) const TASKS: &str = "task";

/// Its fields.
pub(crate) mod field {
    use mobile_schema::FieldId;

    pub(crate) const SUBJECT: FieldId = 1;
    pub(crate) const TITLE: FieldId = 2;
    pub(crate) const DUE: FieldId = 3;
    pub(crate) const STATUS: FieldId = 4;
    pub(crate) const NOTES: FieldId = 5;
}
