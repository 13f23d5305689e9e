//! Every limit of the server, in one place (`docs/protocol.md`, "Limits").

use std::time::Duration;

use sync_protocol::limits::MAX_OPS;

/// Connections to the database, at most.
pub const DATABASE_CONNECTIONS: u32 = 12;
/// Those that write at once.
pub const DATABASE_WRITERS: usize = 8;
/// How long a request waits for a connection, or for its turn to write.
pub const DATABASE_PATIENCE: Duration = Duration::from_secs(10);
/// How long a transaction waits for what another one holds.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// How long pushes that go together wait for it, before each waits for itself.
pub const LOCK_PATIENCE_TOGETHER: Duration = Duration::from_secs(1);
/// How long PostgreSQL waits for the next statement of a transaction that others may wait for.
pub const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(10);
/// How long a part of the server may take to show that it works.
pub const READY_WITHIN: Duration = Duration::from_secs(2);
/// How long pushes may stand before the replica says that it is not ready.
pub const PUSHES_MAY_STAND: Duration = Duration::from_secs(15);
/// Pushes that wait for themselves, because somebody holds what they need.
pub const PUSHES_ALONE: usize = 4;
/// A request body as it comes over the wire.
pub const MAX_BODY: usize = 4 * 1024 * 1024;
/// A request body once it is decompressed.
pub const MAX_INFLATED: usize = 16 * 1024 * 1024;
/// Connections that are open at once.
pub const CONNECTIONS: usize = 16_384;
/// Those of one address; an office's tablets may share one.
pub const CONNECTIONS_OF_ONE: usize = 4_096;
/// How long a connection stays open without a request.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Requests of one tablet, or of one address, that are being taken in at once.
pub const REQUESTS_AT_ONCE: usize = 64;
/// Requests of those who have not signed in that are being taken in at once; each is small.
pub const STRANGERS_AT_ONCE: usize = 1_024;
/// How long the body of somebody who has not signed in may take.
pub const STRANGERS_BODY: Duration = Duration::from_secs(10);
/// What each may have under way while all have up to twice what they may, bytes: ordinary work goes
/// on beside those who take much.
pub const TAKEN_IN_ALWAYS: usize = 2 * 1024 * 1024;
/// What the bodies of one tablet, or of one address, may take in memory at once, bytes.
pub const TAKEN_IN_OF_ONE: usize = 128 * 1024 * 1024;
/// What all bodies may take at once, bytes.
pub const TAKEN_IN_AT_ONCE: usize = 512 * 1024 * 1024;
/// Bytes of a disk that stay free, for what has to be written to make room.
pub const FREE_SPACE: u64 = 1024 * 1024 * 1024;
/// Where a disk is small, only so much of it.
pub const FREE_SPACE_PER_CENT: u64 = 2;
/// What is kept of bytes that were sent as an operation and are none.
pub const NO_OP_HEAD: usize = 1024;
/// Bytes of operations that one tablet may send in a day; who was away for long has more to send.
pub const OPS_OF_A_DAY: u32 = 256 * 1024 * 1024;
/// Bytes of photos and documents that one tablet may send in a day.
pub const MEDIA_OF_A_DAY: u32 = 2 * 1024 * 1024 * 1024;
/// Pieces that an upload may come in: its bytes, and a connection that breaks often.
pub const MAX_UPLOAD_PIECES: i64 = 2_048;
/// Bytes of all unfinished uploads of one tablet, as they were announced.
pub const OPEN_UPLOADS_OF_ONE: i64 = 2 * 1024 * 1024 * 1024;
/// Bodies that are unpacked at once. It takes milliseconds, and a thread keeps what it was given.
pub const UNPACKED_AT_ONCE: usize = 2;
/// How many times the bytes of a push its operations take once they are read.
pub const READ_TAKES: usize = 6;
/// How long a body may pause.
pub const BODY_PAUSE: Duration = Duration::from_secs(30);
/// Bytes a second that a body has to come with, on average.
pub const BODY_RATE: u64 = 256;
/// How long a body may be slower than that, each time.
pub const BODY_RATE_AFTER: Duration = Duration::from_secs(60);
/// TLS handshakes that are under way at once; one costs little, and who never ends one holds none up.
pub const HANDSHAKES: usize = 4_096;
/// How long a TLS handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
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
/// How long a tablet is kept from letting go of the operation that names a photo which does not
/// arrive, seconds. One that is lost for good must not fill the tablet for ever.
pub const PHOTO_AWAITED: i64 = 60 * 24 * 3600;
/// Bytes of operations on one page of those that are held; a page has at least one.
pub const PAGE_OF_HELD: i64 = 8 * 1024 * 1024;
/// Rows on one page of a list.
pub const MAX_PAGE: i64 = 500;
/// How long an access token is valid, seconds.
pub const ACCESS_LIFETIME: i64 = 15 * 60;
/// How often the keys of access tokens are read again. Until then, a server may sign with a key that
/// was retired.
pub const KEYS_REREAD: Duration = Duration::from_secs(5);
/// How far the clocks of replicas may differ, seconds.
pub const CLOCKS_DIFFER: i64 = 30;
/// How long a person stays signed in without coming back, seconds.
pub const PERSON_SESSION_LIFETIME: i64 = 14 * 24 * 3600;
/// How long a person stays signed in at most, seconds.
pub const PERSON_SESSION_MOST: i64 = 30 * 24 * 3600;
/// How long it counts that somebody proved who they are, for what gives power, seconds.
pub const CONFIRMATION_LASTS: i64 = 15 * 60;
/// How long a tablet stays enrolled without coming back, seconds.
pub const DEVICE_SESSION_LIFETIME: i64 = 180 * 24 * 3600;
/// How long a person's replaced refresh token still works, for an answer that got lost, seconds.
pub const PERSON_REFRESH_GRACE: i64 = 30;
/// How long an enrolment code is valid, seconds.
pub const ENROLMENT_LIFETIME: i64 = 24 * 3600;
/// Letters of what somebody signs in with; nobody has a longer one.
pub const MAX_LOGIN: usize = 100;
/// Letters of a new password, at least (OWASP ASVS 4.0.3, 2.1.1).
pub const MIN_PASSWORD: usize = 12;
/// Letters of a password that is asked about.
pub const MAX_PASSWORD: usize = 200;
/// Bytes of a request of somebody who has not signed in yet.
pub const MAX_SIGN_IN: usize = 16 * 1024;
/// Passwords that are looked at at once; each takes 19 MB and a core.
pub const PASSWORDS_AT_ONCE: usize = 4;
/// Passwords that wait for their turn.
pub const PASSWORDS_WAITING: usize = 64;
/// How long a password waits for its turn.
pub const PASSWORD_PATIENCE: Duration = Duration::from_secs(5);
/// Buckets that tries are counted in, of each kind: whoever tries, memory does not grow.
pub const THROTTLE_BUCKETS: u64 = 1 << 18;
/// Sign-ins one account may try in a minute from one address.
pub const SIGN_INS_PER_ACCOUNT: u32 = 10;
/// Sign-ins one account may try in a minute from everywhere together, but from where it signed in
/// before: whoever guesses from many addresses does not keep out whose account it is.
pub const SIGN_INS_PER_ACCOUNT_EVERYWHERE: u32 = 30;
/// Sign-ins and enrolments one address may try in a minute.
pub const SIGN_INS_PER_ADDRESS: u32 = 60;
/// Refused sign-ins to one account that the audit trail tells of at once; after that one an hour, so
/// that nobody fills it by guessing.
pub const REFUSALS_NOTED: u32 = 10;
/// Records that a push deleted, and that it moved, which the audit trail names: all that one push can
/// bring.
pub const REMOVALS_NOTED: usize = MAX_OPS;
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
/// How long after an epoch began none begins by itself, seconds.
pub const EPOCH_SETTLES: i64 = 3600;
/// How long everybody's writing may stand behind an epoch that is to begin.
pub const EPOCH_PATIENCE: Duration = Duration::from_millis(200);
/// How often a server looks whether another process has begun an epoch.
pub const EPOCH_REREAD: Duration = Duration::from_secs(10);
/// How much later than the database knows of a session a token may have been signed, seconds.
pub const TOKEN_SIGNED_WITHIN: i64 = 60;
/// A clock that is so far ahead of the newest time that was believed is not believed, seconds.
pub const CLOCK_LEAP: i64 = 2 * 24 * 3600;
/// How far a tablet's clock may be off to agree with the server's, milliseconds.
pub const CLOCK_AGREES: i64 = 3600 * 1000;
/// So many tablets that agree with a clock speak for it, however far it is ahead.
pub const CLOCK_WITNESSES: usize = 2;
/// How long a clock is believed before anything is erased by itself, seconds.
pub const CLOCK_SETTLES: i64 = 24 * 3600;
/// How often a listener to live events hears that the line stands.
pub const LIVE_BEAT: Duration = Duration::from_secs(20);
/// How long a listener may listen before its rights are looked at again.
pub const LIVE_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// How long lines of the sync log are kept, seconds.
pub const SYNC_LOG_KEPT: i64 = 30 * 24 * 3600;
/// Listeners of one person or tablet.
pub const LISTENERS_OF_ONE: usize = 16;
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
