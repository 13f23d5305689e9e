//! How requests and answers of an exchange are written: JSON or CBOR, compressed with the
//! dictionary for those who have it.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use data_encoding::BASE64;
use mobile_schema::Hash;
use serde_json::value::RawValue;
use sync_protocol::encoding::{canonical, cbor, dictionary};
use sync_protocol::limits::MAX_OP_BYTES;
use sync_protocol::record::Writer;
use sync_protocol::{Op, SyncRequest, SyncResponse};

use crate::http::body::{Received, parse};
use crate::http::{Kind, Problem};
use crate::limits::NO_OP_HEAD;
use crate::records::FeedRow;
use crate::seal;

/// What keeping an operation takes beside it, bytes.
const ROW: usize = 1024;

/// An operation as it came, read once.
#[derive(Clone, Debug)]
pub struct RawOp {
    bytes: WrittenOp,
    op: Option<Op>,
    key: Hash,
}

/// An operation that is not read yet.
#[derive(Clone, Debug)]
pub(super) enum WrittenOp {
    Json(Box<RawValue>),
    Cbor(Bytes),
}

/// A request whose operations are not read yet: there may be more than are taken.
pub(super) type Request = SyncRequest<WrittenOp>;
/// An answer whose rows are as they are stored.
pub(super) type Response = SyncResponse<FeedRow>;

impl RawOp {
    /// An operation of the server's own.
    pub fn of(op: &Op) -> Self {
        let bytes = WrittenOp::Cbor(canonical::op_bytes(op).into());
        Self { bytes, op: Some(op.clone()), key: op.key() }
    }

    fn read(bytes: WrittenOp) -> Self {
        let op = match &bytes {
            WrittenOp::Json(text) => serde_json::from_str(text.get()).ok(),
            WrittenOp::Cbor(bytes) => cbor::read_op(bytes).ok(),
        };
        let key = op.as_ref().map_or_else(|| Hash::of(bytes.bytes()), Op::key);
        Self { bytes, op, key }
    }

    /// The operation, if it can be read.
    pub fn op(&self) -> Option<&Op> {
        self.op.as_ref()
    }

    /// What tells it from every other: the operation's key, or the hash of bytes that are none.
    pub fn key(&self) -> Hash {
        self.key
    }

    /// The bytes to keep: an operation that came as JSON as it came, and one that came as CBOR as
    /// JSON, so that people can read it. Of what is no operation, no more than tells what it was.
    pub fn keep(&self) -> Vec<u8> {
        match (&self.bytes, &self.op) {
            (WrittenOp::Cbor(bytes), Some(op)) => {
                serde_json::to_vec(op).unwrap_or_else(|_| bytes.to_vec())
            }
            (WrittenOp::Json(text), Some(_)) => text.get().as_bytes().to_vec(),
            (bytes, None) => head(bytes.bytes()),
        }
    }
}

/// What is kept of bytes that are no operation: all of a few, and of many the hash, the length and
/// how they begin.
fn head(bytes: &[u8]) -> Vec<u8> {
    let Some(head) = bytes.get(..NO_OP_HEAD).filter(|head| head.len() < bytes.len()) else {
        return bytes.to_vec();
    };
    let (hash, length) = (Hash::of(bytes).to_string(), bytes.len());
    let kept = serde_json::json!({ "hash": hash, "length": length, "head": BASE64.encode(head) });
    kept.to_string().into_bytes()
}

impl WrittenOp {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Json(text) => text.get().as_bytes(),
            Self::Cbor(bytes) => bytes,
        }
    }
}

/// A stored operation as people read it. One that can't be opened does not keep others from being
/// read.
pub fn stored_as_json(place: Writer, body: Vec<u8>) -> Box<RawValue> {
    match seal::open_body(place, body) {
        Ok(body) => kept_as_json(&body),
        Err(error) => {
            metrics::counter!("sealed_values_damaged_total").increment(1);
            tracing::error!(%error, "an operation is damaged");
            RawValue::from_string(r#"{"damaged":true}"#.to_owned()).unwrap_or_default()
        }
    }
}

/// A kept operation as JSON: bytes that are none are told in base64.
fn kept_as_json(body: &[u8]) -> Box<RawValue> {
    // What earlier servers did not read, because it was large, may be an operation all the same.
    let read = || serde_json::value::to_raw_value(&cbor::read_op(body).ok()?).ok();
    serde_json::from_slice(body).ok().or_else(read).unwrap_or_else(|| {
        let told = serde_json::json!({ "cbor": BASE64.encode(body) });
        serde_json::value::to_raw_value(&told).unwrap_or_else(|_| RawValue::NULL.to_owned())
    })
}

/// Reads a request's operations.
///
/// # Errors
/// [`Kind::TOO_LARGE`] if one is larger than any may be: tablets make none, and keep what is not
/// acknowledged.
pub(super) fn read_ops(mut request: Request) -> Result<SyncRequest<RawOp>, Problem> {
    let ops = std::mem::take(&mut request.ops);
    // Written as JSON, hashes and keys are longer.
    let most = |op: &WrittenOp| match op {
        WrittenOp::Json(_) => 2 * MAX_OP_BYTES,
        WrittenOp::Cbor(_) => MAX_OP_BYTES,
    };
    let large = (request.first_seq..).zip(&ops).find(|(_, op)| op.bytes().len() > most(op));
    if let Some((seq, _)) = large {
        let problem = Problem::new(&Kind::TOO_LARGE).with("limit", MAX_OP_BYTES).with("seq", seq);
        return Err(problem.detail("an operation"));
    }
    Ok(request.with_ops(ops.into_iter().map(RawOp::read).collect()))
}

/// How many bytes the operations of a request come to: the smallest takes a row, too.
pub(super) fn bytes_of(request: &SyncRequest<RawOp>) -> usize {
    request.ops.iter().map(|raw| raw.bytes.bytes().len().max(ROW)).sum()
}

/// Reads a request.
pub(super) fn read(received: &Received) -> Result<Request, Problem> {
    if !received.is_cbor {
        let mut request: SyncRequest<Box<RawValue>> = parse(&received.bytes)?;
        let texts = std::mem::take(&mut request.ops).into_iter();
        let ops = texts.map(WrittenOp::Json).collect();
        return Ok(request.with_ops(ops));
    }
    let request = cbor::read_request(&received.bytes)
        .map_err(|error| Problem::new(&Kind::MALFORMED).detail(error.to_string()))?;
    let raw = |op: &&[u8]| WrittenOp::Cbor(received.bytes.slice_ref(op));
    let ops = request.ops.iter().map(raw).collect();
    Ok(request.with_ops(ops))
}

/// Writes an answer as the request accepts it; gives how many bytes it is on the wire, if they
/// are compressed here.
pub(super) fn write(
    request: &HttpRequest,
    response: Response,
) -> Result<(HttpResponse, u64), Problem> {
    let header = |name| {
        let value: Option<&header::HeaderValue> = request.headers().get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let failed = |error: String| {
        tracing::error!(error, "an answer could not be written");
        Problem::new(&Kind::INTERNAL)
    };
    let wants_cbor = header(header::ACCEPT).contains(cbor::MEDIA_TYPE);
    let (media_type, bytes) = if wants_cbor {
        let rows = readable(response).map_err(|error| failed(error.to_string()))?;
        (cbor::MEDIA_TYPE, cbor::write_response(&rows))
    } else {
        let json = serde_json::to_vec(&response).map_err(|error| failed(error.to_string()))?;
        ("application/json", json)
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CONTENT_TYPE, media_type));
    answer.insert_header((header::VARY, "Accept, Accept-Encoding, Available-Dictionary"));
    // `:` base64 `:`, a byte sequence of RFC 9651.
    let ours = format!(":{}:", BASE64.encode(dictionary::hash().as_bytes()));
    let has_dictionary = request
        .headers()
        .get("Available-Dictionary")
        .is_some_and(|value| value.as_bytes() == ours.as_bytes());
    let takes = header(header::ACCEPT_ENCODING).split(',').any(|one| one.trim() == "dcz");
    if !(has_dictionary && takes) {
        let length = bytes.len() as u64;
        return Ok((answer.body(bytes), length));
    }
    let mut compressor = zstd::bulk::Compressor::with_dictionary(3, dictionary::DICTIONARY)
        .map_err(|error| failed(error.to_string()))?;
    let frame = compressor.compress(&bytes).map_err(|error| failed(error.to_string()))?;
    let stream = dictionary::stream(&frame);
    let length = stream.len() as u64;
    answer.insert_header((header::CONTENT_ENCODING, "dcz"));
    Ok((answer.body(stream), length))
}

/// The answer with its rows' values read, to be written otherwise.
fn readable(response: Response) -> Result<SyncResponse, serde_json::Error> {
    // The two differ in how rows hold their values only, which JSON knows nothing of.
    serde_json::from_slice(&serde_json::to_vec(&response)?)
}
