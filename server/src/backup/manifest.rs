//! What a backup says of itself.

use serde::{Deserialize, Serialize};
use sync_protocol::{Epoch, IncarnationId};

use crate::db::{DatabaseUrl, DumpedFile};

pub(super) const FORMAT: u32 = 1;

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this description.
    pub format: u32,
    /// When it was made, RFC 3339 in UTC.
    pub made_at: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// The steps of the layout, in order.
    pub migrations: Vec<String>,
    /// The epochs the database descends from, its own last.
    pub lineage: Vec<Epoch>,
    /// Where each chain of operations ends.
    pub chains: Vec<(IncarnationId, u64)>,
    /// How many photos it names.
    pub blobs: usize,
    /// How many photos records name that have not arrived; a tablet has them, or they are lost.
    #[serde(default)]
    pub awaited: usize,
    /// Their bytes.
    pub blob_bytes: u64,
    /// Its files.
    pub files: Vec<DumpedFile>,
}

impl Manifest {
    /// The last step of the layout.
    pub(super) fn last_migration(&self) -> &str {
        self.migrations.last().map_or("", String::as_str)
    }
}

pub(super) fn kind(url: &DatabaseUrl) -> &'static str {
    match url {
        DatabaseUrl::Sqlite(_) => "sqlite",
        DatabaseUrl::Postgres(_) => "postgres",
    }
}
