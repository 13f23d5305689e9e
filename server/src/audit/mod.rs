//! The audit trail: what admins and reviewers changed, who, when and why, each line chained to the
//! one before by its hash. A line that was changed, left out or put in breaks the chain.
//!
//! A line is written in the transaction of what it tells of, by the code that does it.

mod chain;
mod http;
mod queries;

pub use http::routes;
pub(crate) use queries::{note, prepare};

/// Something that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    AddPerson,
    Grant,
    EndGrant,
    DisablePerson,
    EnablePerson,
    ResetPassword,
    ImportAreas,
    MakeEnrolmentCode,
    BlockDevice,
    WipeDevice,
    ReleaseDevice,
    ReleaseForm,
    SetReviewPolicy,
    SetRetention,
    EraseHousehold,
    DrawSample,
    RequeueJob,
}

impl Did {
    /// As it is stored and told.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AddPerson => "add_person",
            Self::Grant => "grant",
            Self::EndGrant => "end_grant",
            Self::DisablePerson => "disable_person",
            Self::EnablePerson => "enable_person",
            Self::ResetPassword => "reset_password",
            Self::ImportAreas => "import_areas",
            Self::MakeEnrolmentCode => "make_enrolment_code",
            Self::BlockDevice => "block_device",
            Self::WipeDevice => "wipe_device",
            Self::ReleaseDevice => "release_device",
            Self::ReleaseForm => "release_form",
            Self::SetReviewPolicy => "set_review_policy",
            Self::SetRetention => "set_retention",
            Self::EraseHousehold => "erase_household",
            Self::DrawSample => "draw_sample",
            Self::RequeueJob => "requeue_job",
        }
    }
}
