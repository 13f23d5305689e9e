//! People: logins, roles, sessions and tokens.

mod choice;
mod http;
mod keys;
mod password;
mod people;
mod queries;
mod rules;
mod second_factor;
mod sessions;
mod tokens;

use sync_protocol::{DeviceId, UserId};

use crate::areas::AreaPath;

pub(crate) use choice::{Unfit, check_login, check_name, check_password, known_words};
pub use http::routes;
pub(crate) use http::{base64, pair};
pub(crate) use keys::seal_seeds;
pub use keys::{TokenKeys, forget_retired, keep_fresh, public_keys, rotate};
pub use password::{Passwords, hash_password};
pub(crate) use people::reset;
pub use queries::{NewUser, add_grant, add_user, find_user, is_disabled, standing, start_session};
pub(crate) use queries::{
    add_nobody, count_others_than, grants_of, is_ended, mark_issued, name_of, was_lost,
};
pub use rules::{SecretToken, hash_token};
pub(crate) use second_factor::is_on as has_second_factor;
pub use tokens::{Claims, issue, verify};

/// What a person does. A role is granted for an area, from a day to a day.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Visits households.
    Cadre,
    /// Reviews what cadres bring.
    Supervisor,
    /// Runs the county's system.
    Admin,
    /// Reads ledgers and the audit trail.
    Auditor,
}

impl Role {
    /// The role as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cadre => "cadre",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    /// Whether it lets somebody visit with a tablet, where it is granted.
    pub fn may_visit(self) -> bool {
        matches!(self, Self::Cadre | Self::Supervisor | Self::Admin)
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Cadre, Self::Supervisor, Self::Admin, Self::Auditor]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// A role in an area, valid now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The area, and all below.
    pub area: AreaPath,
}

/// A pair of tokens.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Tokens {
    /// For the `Authorization: Bearer` header; valid for a few minutes.
    pub access_token: String,
    /// To get the next pair with, once.
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: i64,
}

/// Whose session it is.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// The session.
    pub id: uuid::Uuid,
    /// The person.
    pub user: UserId,
    /// The tablet, if it is a tablet's.
    pub device: Option<DeviceId>,
}
