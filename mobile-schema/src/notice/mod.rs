//! Notification forms (告知书): what a household is told and signs.

mod canonical;
mod read;
mod template;

pub use canonical::{NoticeContent, Outcome, Stroke};
pub use read::Unread;
pub use template::{NoticeTemplate, Paragraph, TemplateProblem};
