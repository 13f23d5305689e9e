//! Whether the disks have room. A disk that is full to the last byte takes the database with it, and
//! nobody can make room any more; so what comes from outside is refused a little before.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::db::DatabaseUrl;
use crate::http::{Kind, Problem};
use crate::limits::{FREE_SPACE, FREE_SPACE_PER_CENT};
use crate::media_store::MediaUrl;

/// A disk that something is kept on.
pub struct Disk {
    /// A folder on it; none where it is another machine's.
    at: Option<PathBuf>,
    look: fn(&Path) -> bool,
    seen: Arc<Mutex<Seen>>,
}

/// What is known of a disk.
struct Seen {
    /// When it was last looked at.
    at: Option<Instant>,
    /// Whether it had room.
    has_room: bool,
    /// Whether somebody looks at it.
    is_looking: bool,
}

/// The disks of a server.
pub struct Space {
    /// Where the database is.
    pub database: Disk,
    /// Where photos and documents are.
    pub media: Disk,
}

impl Space {
    /// The disks that the settings name.
    pub fn of(config: &Config) -> Self {
        let database = match &config.database {
            DatabaseUrl::Sqlite(path) => path.parent().map(Path::to_owned),
            DatabaseUrl::Postgres(_) => None,
        };
        let media = match &config.media {
            MediaUrl::Folder(path) => Some(path.clone()),
            _ => None,
        };
        Self { database: Disk::at(database), media: Disk::at(media) }
    }

    /// Refuses what would be written to the database, where its disk is nearly full.
    ///
    /// # Errors
    /// [`Kind::STORAGE_FULL`]
    pub fn for_records(&self) -> Result<(), Problem> {
        refuse_unless(self.database.has_room(), &Kind::STORAGE_FULL)
    }

    /// Refuses photos and documents, where their disk or the database's is nearly full.
    ///
    /// # Errors
    /// [`Kind::MEDIA_FULL`]
    pub fn for_media(&self) -> Result<(), Problem> {
        refuse_unless(self.media.has_room() && self.database.has_room(), &Kind::MEDIA_FULL)
    }
}

fn refuse_unless(has_room: bool, kind: &'static Kind) -> Result<(), Problem> {
    if has_room { Ok(()) } else { Err(Problem::new(kind).retry_after(60)) }
}

impl Disk {
    /// How long a look at it counts.
    const COUNTS: Duration = Duration::from_secs(2);
    /// How long one request waits for it: a disk answers at once, or does not answer.
    const PATIENCE: Duration = Duration::from_millis(200);

    fn at(folder: Option<PathBuf>) -> Self {
        let here =
            |folder: PathBuf| if folder.as_os_str().is_empty() { ".".into() } else { folder };
        let seen = Seen { at: None, has_room: true, is_looking: false };
        Self { at: folder.map(here), look: looks_roomy, seen: Arc::new(Mutex::new(seen)) }
    }

    /// Whether more is free than has to stay free. What can't be asked is left to whoever writes. A
    /// mount that hangs costs a thread of its own, and one request a moment; what was known before
    /// counts until it answers.
    fn has_room(&self) -> bool {
        let Some(folder) = self.at.clone() else { return true };
        let known = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = seen.at.is_some_and(|at| at.elapsed() < Self::COUNTS);
            if is_new || seen.is_looking {
                return seen.has_room;
            }
            seen.is_looking = true;
            seen.has_room
        };
        let (tell, told) = mpsc::channel();
        let (look, seen) = (self.look, self.seen.clone());
        let looking = std::thread::Builder::new().name("disk".to_owned()).spawn(move || {
            let has_room = look(&folder);
            let new = Seen { at: Some(Instant::now()), has_room, is_looking: false };
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = new;
            // Nobody may wait for it any more.
            let _ = tell.send(has_room);
        });
        if looking.is_err() {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).is_looking = false;
            return known;
        }
        told.recv_timeout(Self::PATIENCE).unwrap_or(known)
    }
}

fn looks_roomy(folder: &Path) -> bool {
    let has_room = rustix::fs::statvfs(folder).map_or(true, |disk| {
        is_enough(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)
    });
    if !has_room {
        tracing::error!(folder = %folder.display(), "the disk is nearly full");
    }
    has_room
}

/// Whether so many free bytes of all are enough.
fn is_enough(free: u64, all: u64) -> bool {
    free >= FREE_SPACE.min(all / 100 * FREE_SPACE_PER_CENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_small_disk_and_some_of_a_large_one_stays_free() {
        const MB: u64 = 1024 * 1024;
        assert!(is_enough(100 * MB, 1_000 * MB));
        assert!(!is_enough(10 * MB, 1_000 * MB));
        assert!(is_enough(FREE_SPACE, 8_000_000 * MB));
        assert!(!is_enough(FREE_SPACE - 1, 8_000_000 * MB));
        assert!(!is_enough(0, 1_000 * MB));
    }

    #[test]
    fn what_can_be_asked_is_asked_and_another_machines_disk_is_not() {
        assert!(Disk::at(Some(std::env::temp_dir())).has_room());
        assert!(Disk::at(None).has_room());
    }

    #[test]
    fn a_disk_that_does_not_answer_holds_nobody_up() {
        static ANSWERS: Mutex<()> = Mutex::new(());
        let hangs = |_: &Path| {
            drop(ANSWERS.lock());
            false
        };
        let disk = Disk { look: hangs, ..Disk::at(Some(std::env::temp_dir())) };
        let silent = ANSWERS.lock();
        for _ in 0..3 {
            assert!(disk.has_room(), "nothing is known against it");
        }
        drop(silent);
        while disk.has_room() {
            std::thread::yield_now();
        }
    }
}
