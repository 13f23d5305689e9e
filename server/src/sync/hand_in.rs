//! Work that comes as a file: the last resort of a tablet that will not reach the server any more.
//!
//! The file is lines of JSON: who signed, what was done, and one line for each photo. What was done
//! is signed by the tablet's own key, so it does not matter who carries the file. It goes through the
//! state machine that the tablet has: should the tablet come back after all, it is as if it had been
//! started from a copy of itself, and nothing is taken twice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use actix_web::{post, web};
use bytes::{Buf as _, Bytes, BytesMut};
use data_encoding::{BASE64, HEXLOWER};
use futures_util::StreamExt;
use mobile_schema::Hash;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use sync_protocol::clock::ClockReading;
use sync_protocol::encoding::cbor;
use sync_protocol::log::Traffic;
use sync_protocol::message::Accepted;
use sync_protocol::tablet::{
    Effect, Event, Identity, QueuedOp, RetryPolicy, StoreChange, Stored, Tablet as Machine,
};
use sync_protocol::{SyncRequest, SyncResponse};
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::take_in;
use super::wire::RawOp;
use crate::app::App;
use crate::audit::{self, Did};
use crate::db::Timestamp;
use crate::devices;
use crate::http::body::parse;
use crate::http::caller::ManageDevices;
use crate::http::intake::{Sender, Taken};
use crate::http::pace::broken;
use crate::http::{Kind, Permitted, Problem, Tablet};
use crate::limits::{MAX_BLOB, MAX_HANDED_IN, MAX_HANDED_IN_FILES};
use crate::media::{self, Announced};

/// What the first line and every signature begin with.
const FORMAT: &str = "ruhu-unsent-2";
/// Bytes of the first line.
const MAX_HEAD: usize = 1024;
/// Bytes of a photo's line: base64, and what stands around it.
const MAX_FILE: usize = MAX_BLOB as usize / 3 * 4 + 1024;
/// Requests until something is wrong: forks and resets take a few, operations one for each hundred.
const MAX_ROUNDS: usize = 100_000;

/// The first line.
#[derive(Deserialize)]
struct Head {
    format: String,
    /// Of the format, a line feed and the second line, by the tablet's key: base64url.
    signature: String,
}

/// The second line.
#[derive(Deserialize)]
struct Work {
    identity: Identity,
    /// The outbox, as it is stored.
    operations: Vec<Operation>,
    /// Visits that were not finished: they go back to a tablet, and not to the server.
    drafts: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Operation {
    seq: u64,
    /// CBOR, in hexadecimal digits.
    op: String,
    /// The same, once the server has answered for it.
    outcome: Option<String>,
}

/// Every other line.
#[derive(Deserialize)]
struct File {
    hash: Hash,
    #[serde(rename = "type")]
    media_type: String,
    /// base64.
    bytes: String,
}

/// What a file came to.
#[derive(Serialize, ToSchema)]
struct HandedIn {
    /// The tablet that exported it.
    device: Uuid,
    /// How many operations are with the server now, by what became of them: `applied`, `merged`,
    /// `conflict`, `parked`, `rejected`.
    outcomes: BTreeMap<String, usize>,
    /// Photos that were not there before.
    files: usize,
    /// Photos that operations name and that neither the file nor the server has.
    files_lacking: usize,
    /// Unfinished visits in it, which the person takes back on a tablet.
    drafts: usize,
}

/// Takes in a file that a tablet exported; handing it in again changes nothing.
#[utoipa::path(
    tag = "devices",
    request_body(content = String, content_type = "application/x-ndjson", description = "The file, as it was exported"),
    responses((status = 200, body = HandedIn), (status = 422, description = "hand-in-refused")),
)]
#[post("/api/v1/devices/hand-in")]
pub(super) async fn hand_in(
    permitted: Permitted<ManageDevices>,
    app: web::Data<App>,
    payload: web::Payload,
) -> Result<web::Json<HandedIn>, Problem> {
    let refused = || Problem::new(&Kind::HAND_IN_REFUSED);
    let taken = app.intake.begin(Sender::Person(permitted.caller.user))?;
    let mut lines = Lines { payload, waiting: BytesMut::new(), searched: 0, taken };
    let head = lines.next(MAX_HEAD).await?.ok_or_else(refused)?;
    let head: Head = serde_json::from_slice(&head).map_err(|_| refused())?;
    if head.format != FORMAT {
        return Err(refused());
    }
    let signed = lines.next(MAX_HANDED_IN).await?.ok_or_else(refused)?;
    let work: Work = parse(&signed)?;
    let (identity, drafts) = (work.identity, work.drafts.len());
    let stored = stored(work.operations).ok_or_else(refused)?;
    let now = app.now();
    let (device, person, by) = (identity.device, identity.author, permitted.caller.user);
    let found = app
        .read(move |connection| {
            let message = [FORMAT.as_bytes(), b"\n", &signed].concat();
            let signature = Some(head.signature.as_str());
            if !devices::is_in(connection, &permitted.areas, device, now)?
                || !devices::has_signed(connection, device, &message, signature)?
            {
                return Ok(None);
            }
            devices::tablet(connection, device, person, now)
        })
        .await?;
    let (state, scopes) = found.ok_or_else(refused)?;
    let detail = json!({ "operations": stored.ops.len() });
    app.write(move |connection| {
        audit::note(connection, by, Did::HandIn, device.0, detail.clone(), now)
    })
    .await?;
    let tablet = Tablet { user: person, device, state, scopes, token: None };
    let mut lacking: BTreeSet<Hash> =
        stored.ops.values().flat_map(|queued| queued.op.blobs.iter().copied()).collect();
    let outcomes = replay(&app, &tablet, identity, stored, now).await?;
    let (mut files, mut seen) = (0, 0);
    while let Some(line) = lines.next(MAX_FILE).await? {
        seen += 1;
        if seen > MAX_HANDED_IN_FILES {
            let limit = MAX_HANDED_IN_FILES;
            return Err(Problem::new(&Kind::TOO_LARGE).with("limit", limit).detail("files"));
        }
        let File { hash, media_type, bytes } = parse(&line)?;
        // A draft's photos wait for the draft.
        if !lacking.contains(&hash) {
            continue;
        }
        let bytes = BASE64.decode(bytes.as_bytes()).map_err(|_| refused())?;
        let announced = Announced::of(bytes.len() as u64, hash, media_type)?;
        files += usize::from(media::hand_in(&app, &tablet, announced, bytes.into()).await?);
        lacking.remove(&hash);
    }
    let files_lacking = media::count_lacking(&app, &tablet, lacking).await?;
    Ok(web::Json(HandedIn { device: device.0, outcomes, files, files_lacking, drafts }))
}

/// The outbox, if all of it can be read.
fn stored(operations: Vec<Operation>) -> Option<Stored> {
    let bytes = |text: &str| HEXLOWER.decode(text.as_bytes()).ok();
    let mut stored = Stored::default();
    for Operation { seq, op, outcome } in operations {
        let op = cbor::read_op(&bytes(&op)?).ok()?;
        let outcome = match outcome {
            Some(outcome) => Some(cbor::read_outcome(&bytes(&outcome)?).ok()?),
            None => None,
        };
        stored.ops.insert(seq, QueuedOp { op, outcome });
    }
    Some(stored)
}

/// Does what the tablet would do until all of its outbox is here; counts what became of it.
async fn replay(
    app: &App,
    tablet: &Tablet,
    identity: Identity,
    stored: Stored,
    now: Timestamp,
) -> Result<BTreeMap<String, usize>, Problem> {
    let mut outcomes: BTreeMap<u64, &'static str> = BTreeMap::new();
    let known = stored.ops.iter();
    outcomes.extend(known.filter_map(|(seq, op)| Some((*seq, op.outcome.as_ref()?.name()))));
    let wall = now.milliseconds();
    let clock = ClockReading { wall, monotonic: 0, boot: Uuid::now_v7().to_string() };
    let mut machine = Machine::open(identity, stored, RetryPolicy::default(), rand::random());
    let mut effects: VecDeque<Effect> = machine.handle(&clock, Event::NetworkUp).into();
    for _ in 0..MAX_ROUNDS {
        let event = match effects.pop_front() {
            Some(Effect::Send(request)) => {
                let response = Box::new(exchange(app, tablet, *request, now).await?);
                Event::Response { response, traffic: Traffic::default() }
            }
            Some(Effect::Store(changes)) => {
                for change in changes {
                    if let StoreChange::Op { seq, queued } = change
                        && let Some(outcome) = &queued.outcome
                    {
                        outcomes.insert(seq, outcome.name());
                    }
                }
                continue;
            }
            Some(_) => continue,
            None if machine.unsent() == 0 => {
                let mut counted = BTreeMap::new();
                for name in outcomes.into_values() {
                    *counted.entry(name.to_owned()).or_default() += 1;
                }
                return Ok(counted);
            }
            None => Event::Tick,
        };
        effects.extend(machine.handle(&clock, event));
    }
    tracing::error!(device = %tablet.device, "an exported outbox could not be handed over");
    Err(Problem::new(&Kind::INTERNAL))
}

/// One request of the machine's. It fetches nothing: nobody would keep it.
async fn exchange(
    app: &App,
    tablet: &Tablet,
    mut request: SyncRequest,
    now: Timestamp,
) -> Result<SyncResponse, Problem> {
    let id = request.request;
    let ops = std::mem::take(&mut request.ops).iter().map(RawOp::of).collect();
    let request = Arc::new(request.with_ops(ops));
    let epoch = app.lineage.current();
    let pushed = take_in(app, tablet, &request, None, now).await?;
    Ok(pushed.stored(id, epoch).map_or_else(
        |answer| *answer,
        |(ack, outcomes)| {
            SyncResponse::Ok(Accepted {
                request: id,
                epoch,
                ack,
                outcomes,
                feeds: BTreeMap::new(),
                scopes: Vec::new(),
                safe_before: 0,
                now: now.milliseconds(),
                order: None,
            })
        },
    ))
}

/// A body as lines, of which one is in memory at a time.
struct Lines {
    payload: web::Payload,
    waiting: BytesMut,
    searched: usize,
    taken: Taken,
}

impl Lines {
    /// The next line of at most `limit` bytes, without its end.
    async fn next(&mut self, limit: usize) -> Result<Option<Bytes>, Problem> {
        loop {
            let found = self.waiting[self.searched..].iter().position(|byte| *byte == b'\n');
            let length = found.map_or(self.waiting.len(), |at| self.searched + at);
            if found.is_some() && length <= limit {
                let line = self.waiting.split_to(length).freeze();
                self.waiting.advance(1);
                self.taken.shrink(length + 1);
                self.searched = 0;
                return Ok(Some(line));
            }
            self.searched = length;
            if length > limit {
                return Err(Problem::new(&Kind::TOO_LARGE).with("limit", limit).detail("line"));
            }
            match self.payload.next().await {
                Some(piece) => {
                    let piece = piece.map_err(|error| broken(&error))?;
                    self.taken.grow(piece.len())?;
                    self.waiting.extend_from_slice(&piece);
                }
                None if self.waiting.is_empty() => return Ok(None),
                // A line that has no end was cut off.
                None => return Err(Problem::new(&Kind::HAND_IN_REFUSED)),
            }
        }
    }
}
