//! What became of an operation. Nothing blocks the queue, and nothing is dropped.

use serde::{Deserialize, Serialize};

use crate::{RecordId, Version};

/// What the server did with an operation. It never carries a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// It was applied as it is.
    Applied {
        /// The record's version since.
        version: Version,
    },
    /// Others had changed the record meanwhile; both changes stand.
    Merged {
        /// The record's version since.
        version: Version,
    },
    /// Others had changed the same; the value that does not stand is in a conflict record.
    Conflict {
        /// The record's version since.
        version: Version,
        /// The conflict records, in the record's scope.
        conflicts: Vec<RecordId>,
    },
    /// It waits for a person; its bytes are kept.
    Parked {
        /// Why.
        reason: ParkReason,
    },
    /// It can never be applied; its bytes are kept in quarantine.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
}

/// Why an operation waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParkReason {
    /// The record is not in a scope of the pusher's.
    Scope,
    /// The record was deleted; an edit never brings it back.
    Deleted,
    /// The record is approved; the edit is an amendment.
    Locked,
    /// Made with a definition, or naming a field, that is unknown here.
    Schema,
    /// The record is unknown.
    Unknown,
    /// Who pushed it may not bring the record there: it is for others to do, who may.
    Role,
}

/// Why an operation can never be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// A value that its field, or any database, can't hold.
    Value,
    /// The kind of change does not fit the field or the register.
    Kind,
    /// The record is written once and never changed.
    Immutable,
    /// A group that is not complete, or too large.
    Group,
    /// Larger than an operation may be.
    TooLarge,
    /// It can't be read as an operation at all.
    Malformed,
    /// It names another author than the person who pushes it.
    Author,
}

impl ParkReason {
    /// The reason as it is written on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Deleted => "deleted",
            Self::Locked => "locked",
            Self::Schema => "schema",
            Self::Unknown => "unknown",
            Self::Role => "role",
        }
    }
}

impl RejectReason {
    /// The reason as it is written on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Kind => "kind",
            Self::Immutable => "immutable",
            Self::Group => "group",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Author => "author",
        }
    }
}

impl Outcome {
    /// The version that a tablet will have seen once the operation has taken effect there.
    pub fn version(&self) -> Option<Version> {
        match self {
            Self::Applied { version }
            | Self::Merged { version }
            | Self::Conflict { version, .. } => Some(*version),
            Self::Parked { .. } | Self::Rejected { .. } => None,
        }
    }

    /// The outcome's name, for logs and counts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Merged { .. } => "merged",
            Self::Conflict { .. } => "conflict",
            Self::Parked { .. } => "parked",
            Self::Rejected { .. } => "rejected",
        }
    }
}
