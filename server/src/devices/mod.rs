//! Tablets: enrolled once by a code, known by their key, blocked or told to wipe.

mod http;
mod queries;

use serde::Serialize;
use utoipa::ToSchema;

pub use http::{Enrolment, routes};
pub use queries::{
    Enrolled, answers_for, has_signed, is_active, is_in, make_code, people_in, register, seen,
    tablet,
};
pub(crate) use queries::{block, is_revoked};

/// Whether a tablet may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// It may.
    Active,
    /// It gets nothing and what it brings is kept in quarantine.
    Blocked,
    /// As blocked, and it is to erase itself once its outbox is handed over.
    Wiping,
}

impl DeviceState {
    fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Wiping => "wiping",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "active" => Self::Active,
            "wiping" => Self::Wiping,
            _ => Self::Blocked,
        }
    }
}
