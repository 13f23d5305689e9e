//! What goes wrong with media stores and databases, so that a story can have it go wrong at a step
//! of its choice.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use diesel::connection::SimpleConnection;
use ruhu::db::Failed;
use ruhu::media_store::MediaUrl;

use crate::s3::ObjectStore;
use crate::stage::{Backend, DatabaseKind, MediaKind, Stage};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No photo can be put in its place.
    MediaFails,
    /// There is no room for a photo in its place, though there was for its pieces.
    MediaFull,
    /// The media store says that it took a photo, and did not.
    MediaSwallows,
    /// The database does not take in that a photo is there.
    DatabaseFails,
}

impl Fault {
    /// All there are.
    pub const ALL: [Self; 4] =
        [Self::MediaFails, Self::MediaFull, Self::MediaSwallows, Self::DatabaseFails];
}

/// A small disk that is mounted over a folder until it is dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one over a folder, if this process may.
    pub fn over(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64m", "ruhu-test"])
            .arg(folder)
            .output()
            .is_ok_and(|mounted| mounted.status.success());
        mounted.then(|| Self(folder.to_owned()))
    }

    /// Fills it with a file, up to so many bytes: next to nothing of it.
    pub fn fill(&self, room: u64) -> PathBuf {
        let filler = self.0.join("filler");
        let mut file = File::create(&filler).expect("a file");
        let zeros = vec![0; 64 * 1024];
        let mut length = 0;
        while file.write_all(&zeros).is_ok() {
            length += zeros.len() as u64;
        }
        file.set_len(length - room).expect("it is cut");
        filler
    }

    /// Makes it so small that so many bytes of room are left.
    fn leave(&self, room: u64) {
        let told = Command::new("df").args(["--output=used", "-k"]).arg(&self.0).output();
        let told = String::from_utf8(told.expect("df").stdout).expect("letters");
        let used: u64 = told.lines().last().and_then(|line| line.trim().parse().ok()).expect("KiB");
        self.size(&format!("{}k", used + room / 1024));
    }

    fn size(&self, size: &str) {
        let option = format!("remount,size={size}");
        let sized = Command::new("mount").args(["-o", &option]).arg(&self.0).status();
        assert!(sized.expect("mount").success(), "the disk gets another size");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // It goes with the machine at the latest.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

impl Stage {
    /// A disk of its own for the media folder, so that it can be full; none where the store is a
    /// bucket, or this process may not mount. Nothing may be stored yet.
    pub fn small_disk(&self) -> Option<SmallDisk> {
        match &self.config().media {
            MediaUrl::Folder(folder) => {
                let disk = SmallDisk::over(folder);
                // What the store made when it was opened.
                std::fs::create_dir_all(folder.join("incoming")).expect("a folder");
                disk
            }
            MediaUrl::S3 { .. } => None,
        }
    }

    /// Has something go wrong from now on; says whether that can be done here. `room` is how much
    /// room a full disk has left, in bytes.
    pub async fn go_wrong(&self, fault: Fault, disk: Option<&SmallDisk>, room: u64) -> bool {
        match (fault, &self.config().media, disk) {
            (Fault::DatabaseFails, ..) => self.refuse_photos(true).await,
            (Fault::MediaFails, MediaUrl::Folder(folder), _) => {
                let blobs = folder.join("blobs");
                std::fs::create_dir_all(&blobs).expect("a folder");
                std::fs::rename(&blobs, folder.join("aside")).expect("it is moved");
                std::fs::write(&blobs, b"no folder").expect("something is in the way");
            }
            (Fault::MediaFull, MediaUrl::Folder(_), Some(disk)) => disk.leave(room),
            (Fault::MediaFull | Fault::MediaSwallows, MediaUrl::Folder(_), _) => return false,
            (_, MediaUrl::S3 { bucket, .. }, _) => ObjectStore::server().fail(bucket, Some(fault)),
        }
        true
    }

    /// All is well again.
    pub async fn go_right(&self, fault: Fault, disk: Option<&SmallDisk>) {
        match (fault, &self.config().media, disk) {
            (Fault::DatabaseFails, ..) => self.refuse_photos(false).await,
            (Fault::MediaFails, MediaUrl::Folder(folder), _) => {
                let blobs = folder.join("blobs");
                std::fs::remove_file(&blobs).expect("it is out of the way");
                std::fs::rename(folder.join("aside"), blobs).expect("it is moved back");
            }
            (Fault::MediaFull, MediaUrl::Folder(_), Some(disk)) => disk.size("64m"),
            (_, MediaUrl::Folder(_), _) => {}
            (_, MediaUrl::S3 { bucket, .. }, _) => ObjectStore::server().fail(bucket, None),
        }
    }

    async fn refuse_photos(&self, refuse: bool) {
        let statements = match (self.backend.database, refuse) {
            (DatabaseKind::Sqlite, true) => {
                "CREATE TRIGGER refused BEFORE INSERT ON blobs \
                 BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END"
            }
            (DatabaseKind::Sqlite, false) => "DROP TRIGGER refused",
            (DatabaseKind::Postgres, true) => {
                "CREATE FUNCTION refuse() RETURNS trigger AS \
                 $$ BEGIN RAISE EXCEPTION 'the disk is gone'; END $$ LANGUAGE plpgsql; \
                 CREATE TRIGGER refused BEFORE INSERT ON blobs FOR EACH ROW EXECUTE FUNCTION refuse()"
            }
            (DatabaseKind::Postgres, false) => {
                "DROP TRIGGER refused ON blobs; DROP FUNCTION refuse()"
            }
        };
        let done: Result<(), Failed> = self
            .app()
            .database
            .write(move |connection| Ok(connection.batch_execute(statements)?))
            .await;
        done.expect("the database is changed");
    }
}

/// What a backend can't have go wrong, in words.
pub fn not_here(backend: Backend, fault: Fault) -> &'static str {
    match (backend.media, fault) {
        (MediaKind::Folder, Fault::MediaSwallows) => "a folder does what it says",
        _ => "this process may mount no small disk",
    }
}
