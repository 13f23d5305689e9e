//! Notification forms (告知书): what a household is told and signs.

mod canonical;
mod data;
mod problem;
mod read;
mod render;
mod template;

pub use canonical::{NoticeContent, Outcome, Point, RecordVersion, Signer, Stroke, Witness};
pub use data::{Datum, NoticeData, Source, Sources};
pub use problem::{NameProblem, TemplateProblem};
pub use read::Unread;
pub use template::{
    Column, NoticeTemplate, Paragraph, RequiredPhoto, RowField, SignerKind, Table, TemplateField,
};
