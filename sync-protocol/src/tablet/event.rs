//! What happens to the machine, and what it wants done.

use mobile_schema::Hash;

use super::{Draft, StoreChange};
use crate::log::Traffic;
use crate::message::{SyncRequest, SyncResponse};
use crate::{DeviceId, RequestId};

/// What happens to the tablet.
#[derive(Debug)]
pub enum Event {
    /// A person did something. What is done to one record belongs together; no record waits for
    /// another, whatever becomes of that.
    Edit(Vec<Draft>),
    /// The same in one group, as tablets made it until 2026-11: what such a tablet still holds is
    /// to be taken in for years.
    EditAtOnce(Vec<Draft>),
    /// The tablet was enrolled again, as this device: its session had ended.
    Enrolled(DeviceId),
    /// There is a network.
    NetworkUp,
    /// There is none.
    NetworkDown,
    /// Time to look for news, or an alarm went off.
    Tick,
    /// The server answered.
    Response {
        /// The answer.
        response: Box<SyncResponse>,
        /// What went over the wire, for the log and for sizing the next answer.
        traffic: Traffic,
    },
    /// A request came to nothing.
    RequestFailed {
        /// The request.
        request: RequestId,
        /// When the server said to try again, milliseconds from now.
        retry_after: Option<u64>,
        /// The name of the problem it answered with; none if no answer came.
        problem: Option<String>,
        /// What went over the wire.
        traffic: Traffic,
    },
    /// The server said which blobs it lacks.
    BlobsMissing {
        /// The blobs that were asked about.
        asked: Vec<Hash>,
        /// Those to upload.
        missing: Vec<Hash>,
    },
    /// An upload ended well. Whether the server has the blob is told by [`Event::BlobsMissing`]
    /// alone.
    BlobSent(Hash),
    /// A question about blobs, or an upload, came to nothing.
    BlobFailed {
        /// When the server said to try again, milliseconds from now.
        retry_after: Option<u64>,
    },
}

/// What the host must do, in order.
#[derive(Debug)]
pub enum Effect {
    /// Commit these changes in one durable transaction.
    Store(Vec<StoreChange>),
    /// Send a request.
    Send(Box<SyncRequest>),
    /// Ask which of these blobs the server lacks.
    AskMissing(Vec<Hash>),
    /// Upload a blob, or go on with it.
    Upload(Hash),
    /// Wake the machine with [`Event::Tick`] in so many milliseconds.
    Alarm(u64),
    /// Erase everything; the outbox is handed over.
    Wipe,
    /// The server no longer serves this version of the app.
    UpgradeNeeded,
}
