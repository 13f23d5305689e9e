//! Every limit of the server, in one place (`docs/protocol.md`, "Limits").

use std::time::Duration;

/// Connections to the database, at most.
pub const DATABASE_CONNECTIONS: u32 = 12;
/// A request body as it comes over the wire.
pub const MAX_BODY: usize = 4 * 1024 * 1024;
/// A request body once it is decompressed.
pub const MAX_INFLATED: usize = 16 * 1024 * 1024;
/// Pushes that are stored in one transaction.
pub const PUSHES_TOGETHER: usize = 64;
/// Their operations, unless one of them has more by itself.
pub const OPS_TOGETHER: usize = 1_000;
/// Operations of a push that smaller ones don't wait for.
pub const LARGE_PUSH: usize = 100;
/// A photo or document.
pub const MAX_BLOB: u64 = 64 * 1024 * 1024;
/// Bytes of the operations and drafts of a file that a tablet exported.
pub const MAX_HANDED_IN: usize = 64 * 1024 * 1024;
/// Photos in such a file.
pub const MAX_HANDED_IN_FILES: usize = 20_000;
/// How much of an upload is held in memory before it is stored.
pub const UPLOAD_PIECE: usize = 256 * 1024;
/// Uploads one device may have unfinished.
pub const MAX_OPEN_UPLOADS: i64 = 500;
/// How long an unfinished upload is kept, seconds.
pub const UPLOAD_LIFETIME: i64 = 14 * 24 * 3600;
/// Rows on one page of a list.
pub const MAX_PAGE: i64 = 500;
/// How long an access token is valid, seconds.
pub const ACCESS_LIFETIME: i64 = 15 * 60;
/// How long a person stays signed in without coming back, seconds.
pub const PERSON_SESSION_LIFETIME: i64 = 14 * 24 * 3600;
/// How long a tablet stays enrolled without coming back, seconds.
pub const DEVICE_SESSION_LIFETIME: i64 = 180 * 24 * 3600;
/// How long a person's replaced refresh token still works, for an answer that got lost, seconds.
pub const PERSON_REFRESH_GRACE: i64 = 30;
/// How long an enrolment code is valid, seconds.
pub const ENROLMENT_LIFETIME: i64 = 24 * 3600;
/// Sign-ins one account may try in a minute.
pub const SIGN_INS_PER_ACCOUNT: u32 = 10;
/// Sign-ins and enrolments one address may try in a minute.
pub const SIGN_INS_PER_ADDRESS: u32 = 60;
/// Receipts that one address may have verified in a minute without signing in.
pub const VERIFICATIONS_PER_ADDRESS: u32 = 60;
/// Requests one device may make in a second, on average.
pub const REQUESTS_PER_DEVICE: u32 = 50;
/// Requests one device may make at once.
pub const DEVICE_BURST: u32 = 200;
/// How long requests that have begun may take once the server is told to stop.
pub const GRACE_ON_STOP: Duration = Duration::from_secs(30);
/// How long a client may take to send the head of a request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long feeds tell of departures and deletions, seconds. A tablet that was away for longer
/// fetches its villages anew.
pub const DEPARTURES_KEPT: i64 = 90 * 24 * 3600;
/// How often a listener to live events hears that the line stands.
pub const LIVE_BEAT: Duration = Duration::from_secs(20);
/// How long a listener may listen before its rights are looked at again.
pub const LIVE_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// How long lines of the sync log are kept, seconds.
pub const SYNC_LOG_KEPT: i64 = 30 * 24 * 3600;
/// Listeners to live events of one replica.
pub const MOST_LISTENERS: usize = 10_000;
/// A form's file: a workbook, a text or an XForm.
pub const MAX_FORM: usize = 16 * 1024 * 1024;
/// Files that go with a form.
pub const MAX_FORM_FILES: usize = 200;
/// A list that a form chooses from, where the server has to read it.
pub const MAX_FORM_LIST: u64 = 32 * 1024 * 1024;
/// A table of records to take in.
pub const MAX_IMPORT: usize = 16 * 1024 * 1024;
/// Lines of it: a township's.
pub const MAX_IMPORT_LINES: usize = 50_000;
/// A department's list.
pub const MAX_ROSTER: usize = 16 * 1024 * 1024;
/// Lines of it.
pub const MAX_ROSTER_LINES: usize = 200_000;
/// Differences that people are asked about at once: more is a mistake in the list.
pub const MAX_DIFFERENCES: usize = 5_000;
/// Levels of groups and repeats in a form: what a visit's answers can hold.
pub const MAX_FORM_DEPTH: usize = mobile_schema::Value::MAX_DEPTH - 2;
/// How many compiled forms a replica keeps.
pub const COMPILED_FORMS: usize = 64;
/// A side of a photo, pixels.
pub const MAX_PHOTO_SIDE: u32 = 12_000;
/// Pixels of a photo.
pub const MAX_PHOTO_PIXELS: u64 = 80_000_000;
/// What decoding a photo may take, bytes.
pub const MAX_PHOTO_MEMORY: u64 = 256 * 1024 * 1024;
/// What looking at a photo may take; the largest honest ones take a second or two.
pub const MAX_PHOTO_TIME: std::time::Duration = std::time::Duration::from_secs(30);
/// Notifications that are printed in one go.
pub const MAX_PRINTED: usize = 20_000;
/// How long what was printed is kept, seconds.
pub const PRINTS_KEPT: i64 = 7 * 24 * 3600;
/// A notification's template, as text.
pub const MAX_TEMPLATE: usize = 256 * 1024;
/// A set of rules, as text.
pub const MAX_RULES: usize = 256 * 1024;
/// Rules of one set.
pub const MAX_RULES_OF_SET: usize = 200;

/// Comments of one decision about a visit.
pub const MAX_COMMENTS: usize = 100;
/// How long a reviewer has for what they claimed before others may look at it, seconds.
pub const CLAIM_LIFETIME: i64 = 15 * 60;
/// Lines of a table of areas.
pub const MAX_AREAS: usize = 20_000;
/// Records that a sample is drawn from.
pub const MAX_POPULATION: usize = 500_000;
/// Records of each group in a sample.
pub const MAX_PER_GROUP: i64 = 100;
/// Exceptions that a ledger names.
pub const MAX_EXCEPTIONS: usize = 5_000;
/// Visits that one reviewer may claim at once.
pub const MAX_CLAIMED: usize = 100;
/// Visits of one status that are put in order at once, the oldest.
pub const MAX_WAITING: i64 = 20_000;
/// Characters of a comment, or of a reason.
pub const MAX_COMMENT: usize = 1_000;
/// A pack, as an archive.
pub const MAX_PACK: usize = 8 * 1024 * 1024;
/// Views that a person keeps.
pub const MAX_VIEWS: i64 = 100;
/// Days that an overview is about.
pub const MAX_DAYS: usize = 92;
/// Tasks that are set in one request.
pub const MAX_TASKS_AT_ONCE: usize = 200;
/// Letters of what is to be done, as the register has it.
pub const MAX_TASK_TITLE: usize = 200;
