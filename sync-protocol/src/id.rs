//! Names: one type for each kind of thing, so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

macro_rules! uuid_names {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

uuid_names! {
    /// A record: a UUIDv7 (RFC 9562) made on the tablet.
    RecordId,
    /// A registered tablet.
    DeviceId,
    /// One unbroken life of a tablet's outbox.
    IncarnationId,
    /// Several operations that belong together.
    GroupId,
    /// One request, so that a late answer can be told from the current one.
    RequestId,
    /// A person with a login.
    UserId,
}

impl RecordId {
    /// An id derived from `seed` alone (UUIDv8, RFC 9562), for records the server makes.
    pub fn derived(seed: &mobile_schema::Hash) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&seed.as_bytes()[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// A unit of partial replication: `area:` and the code of a village, or `user:` and an id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ScopeId(String);

/// The text is no scope: 1 to 80 printable ASCII characters without spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is 1 to 80 printable ASCII characters without spaces")]
pub struct NotAScope;

impl ScopeId {
    /// The scope of a village or another area.
    pub fn area(code: &str) -> Result<Self, NotAScope> {
        format!("area:{code}").parse()
    }

    /// The scope of one person's own list.
    pub fn user(user: UserId) -> Self {
        Self(format!("user:{user}"))
    }

    /// The area's code, if this is the scope of an area.
    pub fn area_code(&self) -> Option<&str> {
        self.0.strip_prefix("area:")
    }

    /// The scope as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ScopeId {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        let fine =
            (1..=80).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fine { Ok(Self(text.to_owned())) } else { Err(NotAScope) }
    }
}

impl<'de> Deserialize<'de> for ScopeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for ScopeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ScopeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
