//! What stands behind the visits and notifications of an area: what is verified, what is flagged and
//! why, and what people said about it.

mod command;
mod queries;

pub use command::EvidenceCommand;
pub(crate) use command::run;

use mobile_schema::{Hash, Labels};
use serde::Serialize;
use sync_protocol::RecordId;

use crate::db::Timestamp;

/// A visit and its evidence.
#[derive(Debug, Serialize)]
pub(crate) struct VisitEvidence {
    pub(crate) visit: RecordId,
    pub(crate) scope: String,
    pub(crate) household: Option<RecordId>,
    /// Where it stands in review.
    pub(crate) status: Option<String>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) photos: Vec<PhotoEvidence>,
}

/// A notification and where it stands.
#[derive(Debug, Serialize)]
pub(crate) struct NoticeEvidence {
    pub(crate) notice: RecordId,
    pub(crate) household: Option<RecordId>,
    pub(crate) title: Option<String>,
    /// `signed`, `refused` or `paper`.
    pub(crate) outcome: Option<String>,
    /// Where it stands in the log, once it is countersigned.
    pub(crate) position: Option<u64>,
    /// Why it isn't.
    pub(crate) flags: Vec<Flag>,
}

/// A photo that a visit names.
#[derive(Debug, Serialize)]
pub(crate) struct PhotoEvidence {
    pub(crate) hash: Hash,
    pub(crate) state: PhotoState,
    /// Pixels across and down.
    pub(crate) size: Option<(u32, u32)>,
    /// When it was taken, as its file says.
    pub(crate) taken_at: Option<Timestamp>,
    pub(crate) flags: Vec<Flag>,
}

/// How far a photo is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PhotoState {
    /// It has arrived, has the hash it is named by, and was looked at.
    Verified,
    /// It has arrived and has its hash, but shows nothing here.
    Unreadable,
    /// It has arrived and has its hash; it will be looked at.
    Waiting,
    /// It has not arrived.
    Missing,
}

/// Something doubtful about a photo.
#[derive(Debug, Serialize)]
pub(crate) struct Flag {
    /// The finding.
    pub(crate) finding: RecordId,
    pub(crate) rule: String,
    /// `open`, `explained` or `corrected`.
    pub(crate) status: String,
    pub(crate) message: Labels,
    /// What a person said about it.
    pub(crate) explanation: Option<String>,
}
