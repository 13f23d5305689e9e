//! The audit trail: who signed in, changed, decided or looked at what, each line chained to the one
//! before by its hash. A line that was changed, left out or put in breaks the chain.
//!
//! A line is written in the transaction of what it tells of, by the code that does it, as the last
//! thing: everybody's lines wait for one another. It can't be blanked when a household is erased, so
//! it never holds what was said of a household: those words are where the decision is kept.

mod chain;
mod http;
mod names;
mod queries;

pub use http::routes;
pub(crate) use names::names_of;
pub(crate) use queries::{note, prepare};

/// Something that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    AddPerson,
    /// Whoever keeps the server added a person.
    AddByKeeper,
    Grant,
    EndGrant,
    DisablePerson,
    EnablePerson,
    ResetPassword,
    ImportAreas,
    /// A place was closed.
    CloseArea,
    ImportRecords,
    MakeEnrolmentCode,
    BlockDevice,
    WipeDevice,
    ReleaseDevice,
    ReleaseForm,
    PublishTemplate,
    PublishRules,
    PackBack,
    InstallPack,
    SetReviewPolicy,
    SetRetention,
    EraseHousehold,
    DrawSample,
    CompareRoster,
    RequeueJob,
    SignIn,
    /// Somebody tried to sign in as them, and could not.
    RefuseSignIn,
    ChangePassword,
    TurnOnFactor,
    TurnOffFactor,
    ResetByKeeper,
    EnrolDevice,
    RevokeDevice,
    EndSession,
    HandIn,
    UploadForm,
    DecideVisit,
    AnswerFinding,
    SettleConflict,
    SettleHeld,
    NoteOutcome,
    AssignTasks,
    ChangeTask,
    PrintNotices,
    /// Records were deleted, or belong to another village from then on.
    RemoveRecords,
    Look,
    Export,
}

impl Did {
    /// As it is stored and told.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AddPerson => "add_person",
            Self::AddByKeeper => "add_by_keeper",
            Self::Grant => "grant",
            Self::EndGrant => "end_grant",
            Self::DisablePerson => "disable_person",
            Self::EnablePerson => "enable_person",
            Self::ResetPassword => "reset_password",
            Self::ImportAreas => "import_areas",
            Self::CloseArea => "close_area",
            Self::ImportRecords => "import_records",
            Self::MakeEnrolmentCode => "make_enrolment_code",
            Self::BlockDevice => "block_device",
            Self::WipeDevice => "wipe_device",
            Self::ReleaseDevice => "release_device",
            Self::ReleaseForm => "release_form",
            Self::PublishTemplate => "publish_template",
            Self::PublishRules => "publish_rules",
            Self::PackBack => "pack_back",
            Self::InstallPack => "install_pack",
            Self::SetReviewPolicy => "set_review_policy",
            Self::SetRetention => "set_retention",
            Self::EraseHousehold => "erase_household",
            Self::DrawSample => "draw_sample",
            Self::CompareRoster => "compare_roster",
            Self::RequeueJob => "requeue_job",
            Self::SignIn => "sign_in",
            Self::RefuseSignIn => "refuse_sign_in",
            Self::ChangePassword => "change_password",
            Self::TurnOnFactor => "turn_on_second_factor",
            Self::TurnOffFactor => "turn_off_second_factor",
            Self::ResetByKeeper => "reset_by_keeper",
            Self::EnrolDevice => "enrol_device",
            Self::HandIn => "hand_in",
            Self::RevokeDevice => "revoke_device",
            Self::EndSession => "end_session",
            Self::UploadForm => "upload_form",
            Self::DecideVisit => "decide_visit",
            Self::AnswerFinding => "answer_finding",
            Self::SettleConflict => "settle_conflict",
            Self::SettleHeld => "settle_held",
            Self::NoteOutcome => "note_outcome",
            Self::AssignTasks => "assign_tasks",
            Self::ChangeTask => "change_task",
            Self::PrintNotices => "print_notices",
            Self::RemoveRecords => "remove_records",
            Self::Look => "look",
            Self::Export => "export",
        }
    }
}
