//! Request bodies: JSON, maybe compressed, under limits before and after decompression.

use std::future::{Ready, ready};
use std::io::Read;
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use sync_protocol::encoding::{cbor, dictionary};

use super::intake::{Sender, Taken};
use super::pace::broken;
use super::problem::{Kind, Problem};
use crate::app::App;
use crate::limits::{MAX_BODY, MAX_INFLATED, READ_TAKES, STRANGERS_BODY};

/// A JSON body that is not read yet: first it is asked who may, and then what.
pub struct Body<T> {
    request: HttpRequest,
    payload: Payload,
    holds: PhantomData<T>,
}

impl<T> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        ready(Ok(Self { request, payload, holds: PhantomData }))
    }
}

/// A body as it came, decompressed.
pub struct Received {
    /// Its bytes.
    pub bytes: Bytes,
    /// How many there were on the wire.
    pub wire: u64,
    /// Whether they are CBOR.
    pub is_cbor: bool,
    /// What it takes, with what is read from it, as long as this is there.
    pub taken: Taken,
}

impl<T: DeserializeOwned> Body<T> {
    /// Reads the body, strictly.
    pub async fn read(self) -> Result<T, Problem> {
        parse(&self.receive().await?.bytes)
    }

    /// Reads a body of at most so many bytes, packed or not: of who has not signed in yet, the
    /// server takes no more than it needs.
    pub async fn read_within(mut self, most: usize) -> Result<T, Problem> {
        let app = self.request.app_data::<web::Data<App>>();
        let app = app.ok_or_else(|| Problem::new(&Kind::INTERNAL))?;
        let taken = app.strangers.begin(app.origin(&self.request))?;
        let body = inflated(&self.request, &mut self.payload, false, (most, most), taken);
        let in_time = tokio::time::timeout(STRANGERS_BODY, body).await;
        parse(&in_time.map_err(|_| Problem::new(&Kind::TOO_SLOW))??.bytes)
    }

    /// Takes the body in, under its limits.
    async fn receive(mut self) -> Result<Received, Problem> {
        let (taken, most) = (of_address(&self.request)?, (MAX_BODY, MAX_INFLATED));
        inflated(&self.request, &mut self.payload, false, most, taken).await
    }
}

/// A body that may be CBOR as well, for those who read it themselves.
pub struct EitherBody {
    request: HttpRequest,
    payload: Payload,
}

impl FromRequest for EitherBody {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        ready(Ok(Self { request, payload }))
    }
}

impl EitherBody {
    /// Takes the body in, under its limits.
    pub async fn receive(mut self, sender: impl Into<Sender>) -> Result<Received, Problem> {
        let (taken, most) = (begin(&self.request, sender)?, (MAX_BODY, MAX_INFLATED));
        inflated(&self.request, &mut self.payload, true, most, taken).await
    }
}

/// A file, whatever it holds, that is not read yet.
pub struct FileBody {
    request: HttpRequest,
    payload: Payload,
}

impl FromRequest for FileBody {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        ready(Ok(Self { request, payload }))
    }
}

impl FileBody {
    /// Takes the file in, of at most so many bytes.
    pub async fn receive(mut self, limit: usize) -> Result<Bytes, Problem> {
        let mut taken = of_address(&self.request)?;
        Ok(whole(&self.request, &mut self.payload, limit, &mut taken).await?.freeze())
    }
}

/// The query of an address, not read yet either.
pub struct Query<T> {
    request: HttpRequest,
    holds: PhantomData<T>,
}

impl<T> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), holds: PhantomData }))
    }
}

impl<T: DeserializeOwned> Query<T> {
    /// Reads the query, strictly.
    pub fn read(self) -> Result<T, Problem> {
        let text = self.request.query_string();
        // No database stores it, and one fails on being asked for it.
        if text.contains("%00") {
            return Err(Problem::new(&Kind::MALFORMED).detail("a NUL character"));
        }
        let read = web::Query::from_query(text);
        read.map(web::Query::into_inner)
            .map_err(|error| Problem::new(&Kind::MALFORMED).detail(error.to_string()))
    }
}

/// Reads JSON and says where it is wrong.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        Problem::new(&Kind::MALFORMED)
            .with("path", error.path().to_string())
            .detail(error.inner().to_string())
    })?;
    reader.end().map_err(|error| Problem::new(&Kind::MALFORMED).detail(error.to_string()))?;
    Ok(read)
}

fn begin(request: &HttpRequest, sender: impl Into<Sender>) -> Result<Taken, Problem> {
    let app = request.app_data::<web::Data<App>>();
    app.ok_or_else(|| Problem::new(&Kind::INTERNAL))?.intake.begin(sender)
}

/// What somebody sends of whom only the address is known.
fn of_address(request: &HttpRequest) -> Result<Taken, Problem> {
    let app = request.app_data::<web::Data<App>>();
    begin(request, app.and_then(|app| app.origin(request)))
}

async fn inflated(
    request: &HttpRequest,
    payload: &mut Payload,
    either: bool,
    (most, most_inflated): (usize, usize),
    mut taken: Taken,
) -> Result<Received, Problem> {
    let header = |name| {
        request.headers().get(name).and_then(|value: &header::HeaderValue| value.to_str().ok())
    };
    let media_type = header(header::CONTENT_TYPE).unwrap_or("application/json");
    let is_cbor = either && media_type.starts_with(cbor::MEDIA_TYPE);
    if !is_cbor && !media_type.starts_with("application/json") {
        let detail = if either {
            "send application/json or application/cbor"
        } else {
            "send application/json"
        };
        return Err(Problem::new(&Kind::UNSUPPORTED_MEDIA_TYPE).detail(detail));
    }
    let encoding = match header(header::CONTENT_ENCODING).unwrap_or("identity") {
        "identity" => Encoding::Identity,
        "gzip" => Encoding::Gzip,
        "zstd" => Encoding::Zstd,
        "dcz" => Encoding::Dictionary,
        _ => {
            let detail = "send gzip, zstd, dcz or identity";
            return Err(Problem::new(&Kind::UNSUPPORTED_MEDIA_TYPE).detail(detail));
        }
    };
    let body = whole(request, payload, most, &mut taken).await?;
    let wire = body.len() as u64;
    let (bytes, taken) = match encoding {
        Encoding::Identity => {
            taken.grow(READ_TAKES * body.len())?;
            (body.freeze(), taken)
        }
        _ => {
            let unpacking = taken.unpack(move |mut taken| {
                taken.grow(encoding.window())?;
                let grow = |bytes| taken.grow(READ_TAKES * bytes);
                let bytes = inflate(encoding, &body, most_inflated, grow)?;
                taken.shrink(encoding.window());
                Ok::<_, Problem>((bytes, taken))
            });
            unpacking.await??
        }
    };
    Ok(Received { bytes, wire, is_cbor, taken })
}

/// A body as it is on the wire.
async fn whole(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
    taken: &mut Taken,
) -> Result<BytesMut, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut body = BytesMut::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|error| broken(&error))?;
        if body.len() + piece.len() > limit {
            return Err(too_large(limit));
        }
        taken.grow(piece.len())?;
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

#[derive(Clone, Copy)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
    /// Zstandard with our dictionary (RFC 9842).
    Dictionary,
}

/// A frame may ask for a window of gigabytes; 8 MiB is what RFC 8878 recommends.
const WINDOW: u32 = 23;

impl Encoding {
    /// What unpacking takes by itself, bytes, at most.
    fn window(self) -> usize {
        match self {
            Self::Identity => 0,
            Self::Gzip => 64 * 1024,
            Self::Zstd | Self::Dictionary => 1 << WINDOW,
        }
    }
}

/// A body unpacked; `grow` takes what it comes to as it comes.
fn inflate(
    encoding: Encoding,
    body: &[u8],
    most: usize,
    grow: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<Bytes, Problem> {
    match encoding {
        Encoding::Identity => Ok(Bytes::copy_from_slice(body)),
        Encoding::Gzip => unpacked(flate2::read::GzDecoder::new(body), most, grow),
        Encoding::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(body).map_err(damaged)?;
            decoder.window_log_max(WINDOW).map_err(damaged)?;
            unpacked(decoder, most, grow)
        }
        Encoding::Dictionary => {
            let frame = dictionary::frame(body).ok_or_else(|| {
                Problem::new(&Kind::UNSUPPORTED_MEDIA_TYPE).detail("dcz: an unknown dictionary")
            })?;
            let mut decoder =
                zstd::Decoder::with_dictionary(frame, dictionary::DICTIONARY).map_err(damaged)?;
            decoder.window_log_max(WINDOW).map_err(damaged)?;
            unpacked(decoder, most, grow)
        }
    }
}

fn unpacked(
    mut packed: impl Read,
    most: usize,
    mut grow: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<Bytes, Problem> {
    const STEP: u64 = 256 * 1024;
    let mut bytes = Vec::new();
    loop {
        let step = packed.by_ref().take(STEP).read_to_end(&mut bytes).map_err(damaged)?;
        if step == 0 {
            return Ok(bytes.into());
        }
        if bytes.len() > most {
            return Err(too_large(most));
        }
        grow(step)?;
    }
}

fn damaged(error: std::io::Error) -> Problem {
    Problem::new(&Kind::MALFORMED).detail(error.to_string())
}

fn too_large(limit: usize) -> Problem {
    Problem::new(&Kind::TOO_LARGE).with("limit", limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_refused_before_it_fills_the_memory() {
        let zeros = vec![0_u8; MAX_INFLATED + 1];
        let bomb = zstd::encode_all(&zeros[..], 3).expect("zstd encodes");
        assert!(bomb.len() < MAX_BODY);
        let refused = inflate(Encoding::Zstd, &bomb, MAX_INFLATED, |_| Ok(())).unwrap_err();
        assert_eq!(refused.kind(), &Kind::TOO_LARGE);
    }

    #[test]
    fn a_wrong_value_is_named_by_its_path() {
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            #[expect(dead_code, reason = "only its type matters here")]
            inner: Vec<u8>,
        }
        let problem = parse::<Outer>(br#"{"inner":[1,"two"]}"#).unwrap_err();
        assert!(format!("{problem:?}").contains("inner[1]"), "{problem:?}");
    }
}
