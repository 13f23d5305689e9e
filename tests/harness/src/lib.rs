//! A stage for scenarios: a server on a database and a media store of its own.
//!
//! PostgreSQL and the S3 service are real ones. Each test process starts one of each on first
//! use, in private directories on free ports or a private socket; they end with the process,
//! however it ends.

mod fault;
mod gate;
mod postgres;
mod process;
mod s3;
mod stage;

pub use fault::{Fault, SmallDisk, not_here};
pub use gate::Gate;
pub use postgres::Postgres;
pub use process::{ServerProcess, ruhu_binary};
pub use s3::{ObjectStore, closed_port};
pub use stage::{Backend, DatabaseKind, MediaKind, Replica, Stage};

/// One story, told on both databases and both media stores.
///
/// `story!(name, |stage| async move { … })` makes a module with four tests.
#[macro_export]
macro_rules! story {
    ($(#[$meta:meta])* $name:ident, $body:expr) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a story may use anything its file does")]
            use super::*;

            fn tell(database: $crate::DatabaseKind, media: $crate::MediaKind) {
                $crate::Stage::set($crate::Backend { database, media }, $body);
            }

            #[test]
            fn on_sqlite_and_a_folder() {
                tell($crate::DatabaseKind::Sqlite, $crate::MediaKind::Folder);
            }

            #[test]
            fn on_sqlite_and_s3() {
                tell($crate::DatabaseKind::Sqlite, $crate::MediaKind::S3);
            }

            #[test]
            fn on_postgres_and_a_folder() {
                tell($crate::DatabaseKind::Postgres, $crate::MediaKind::Folder);
            }

            #[test]
            fn on_postgres_and_s3() {
                tell($crate::DatabaseKind::Postgres, $crate::MediaKind::S3);
            }
        }
    };
}
