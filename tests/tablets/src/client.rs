//! The tablet's side of the HTTP interface.

use std::io::Read;
use std::time::{Duration, Instant};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ed25519_dalek::{Signer, SigningKey};
use mobile_schema::Hash;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use sync_protocol::encoding::cbor;
use sync_protocol::encoding::dictionary::{self, DICTIONARY};
use sync_protocol::log::Traffic;
use sync_protocol::{SyncRequest, SyncResponse};

/// Bytes of an upload in one request.
pub const CHUNK: usize = 256 * 1024;
/// Bodies from this size on are compressed.
const COMPRESS_FROM: usize = 256;
/// Most bytes of an answer, decompressed.
const MOST_ANSWER: u64 = 64 * 1024 * 1024;

/// How exchanges are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// JSON with Zstandard.
    Json,
    /// CBOR with Zstandard and the dictionary.
    Cbor,
}

/// A connection to a server, with a session.
pub struct Client {
    /// How exchanges are written.
    pub wire: Wire,
    http: reqwest::Client,
    server: String,
    key: Option<SigningKey>,
    access: String,
    refresh: String,
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No answer came through.
    #[error("no answer: {0}")]
    Link(#[from] reqwest::Error),
    /// The server said no.
    #[error("{status} {kind}: {body}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The last part of the problem's type.
        kind: String,
        /// The whole problem.
        body: Value,
        /// When to try again, seconds.
        retry_after: Option<u64>,
    },
    /// The answer can't be read.
    #[error("an answer that can't be read: {0}")]
    Unreadable(String),
}

impl ClientError {
    /// The last part of the problem's type, if the server said no.
    pub fn kind(&self) -> &str {
        if let Self::Refused { kind, .. } = self { kind } else { "" }
    }
}

/// What enrolment gives.
#[derive(Debug, Deserialize)]
pub struct Enrolment {
    /// The tablet's name.
    pub device: uuid::Uuid,
    /// Whose tablet it is.
    pub user: uuid::Uuid,
    tokens: Tokens,
}

#[derive(Debug, Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
}

impl Client {
    /// A client without a session.
    pub fn new(server: &str) -> Self {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client without TLS has nothing to fail on");
        let server = server.trim_end_matches('/').to_owned();
        let (access, refresh) = (String::new(), String::new());
        Self { wire: Wire::Cbor, http, server, key: None, access, refresh }
    }

    /// A client with nothing but an access token.
    pub fn with_access_token(server: &str, access: &str) -> Self {
        Self { access: access.to_owned(), ..Self::new(server) }
    }

    /// Talks to another address from now on: the same server over another link.
    pub fn move_to(&mut self, server: &str) {
        server.trim_end_matches('/').clone_into(&mut self.server);
    }

    /// Signs a person in.
    pub async fn sign_in(&mut self, login: &str, password: &str) -> Result<(), ClientError> {
        let body = json!({ "login": login, "password": password });
        let tokens = self.plain(Method::POST, "/api/v1/session", &body).await?;
        self.take(serde_json::from_value(tokens).map_err(unreadable)?);
        Ok(())
    }

    /// Enrols a tablet that has this key.
    pub async fn enrol(
        &mut self,
        code: &str,
        key: SigningKey,
        label: &str,
    ) -> Result<Enrolment, ClientError> {
        let public_key = BASE64URL_NOPAD.encode(key.verifying_key().as_bytes());
        let body = json!({ "code": code, "public_key": public_key, "label": label });
        let enrolment = self.plain(Method::POST, "/api/v1/devices/enrol", &body).await?;
        let enrolment: Enrolment = serde_json::from_value(enrolment).map_err(unreadable)?;
        self.key = Some(key);
        self.access.clone_from(&enrolment.tokens.access_token);
        self.refresh.clone_from(&enrolment.tokens.refresh_token);
        Ok(enrolment)
    }

    /// Goes on with a session that was kept.
    pub fn resume(&mut self, key: SigningKey, refresh: String) {
        self.key = Some(key);
        self.refresh = refresh;
        self.access.clear();
    }

    /// The refresh token, to keep.
    pub fn refresh_token(&self) -> &str {
        &self.refresh
    }

    /// The access token.
    pub fn access_token(&self) -> &str {
        &self.access
    }

    /// Exchanges the refresh token for a new pair.
    pub async fn refresh(&mut self) -> Result<(), ClientError> {
        let signature = self.key.as_ref().map(|key| {
            let signed = [b"ruhu-refresh-1".as_slice(), self.refresh.as_bytes()].concat();
            BASE64URL_NOPAD.encode(&key.sign(&signed).to_bytes())
        });
        let body = json!({ "refresh_token": self.refresh, "signature": signature });
        let tokens = self.plain(Method::POST, "/api/v1/session/refresh", &body).await?;
        self.take(serde_json::from_value(tokens).map_err(unreadable)?);
        Ok(())
    }

    fn take(&mut self, tokens: Tokens) {
        self.access = tokens.access_token;
        self.refresh = tokens.refresh_token;
    }

    /// One exchange. The second value is how many bytes of body came back.
    pub async fn sync(
        &mut self,
        request: &SyncRequest,
    ) -> Result<(SyncResponse, Traffic), ClientError> {
        let begun = Instant::now();
        let (response, sent, received) = match self.wire {
            Wire::Json => {
                let body = serde_json::to_vec(request).map_err(unreadable)?;
                let sent = body.len() as u64;
                let (bytes, received) =
                    self.json(Method::POST, "/sync/v1/sync", Some(body)).await?;
                (serde_json::from_slice(&bytes).map_err(unreadable)?, sent, received)
            }
            Wire::Cbor => self.sync_in_cbor(request).await?,
        };
        let elapsed = begun.elapsed().as_millis() as u64;
        Ok((response, Traffic { sent, received, elapsed }))
    }

    async fn sync_in_cbor(
        &mut self,
        request: &SyncRequest,
    ) -> Result<(SyncResponse, u64, u64), ClientError> {
        let mut compressor =
            zstd::bulk::Compressor::with_dictionary(3, DICTIONARY).map_err(unreadable)?;
        let frame = compressor.compress(&cbor::write_request(request)).map_err(unreadable)?;
        let body = dictionary::stream(&frame);
        let held = format!(":{}:", BASE64.encode(dictionary::hash().as_bytes()));
        let response = self
            .send(|client| {
                client
                    .request(Method::POST, "/sync/v1/sync")
                    .header(CONTENT_TYPE, cbor::MEDIA_TYPE)
                    .header(CONTENT_ENCODING, "dcz")
                    .header(ACCEPT, cbor::MEDIA_TYPE)
                    .header(ACCEPT_ENCODING, "dcz")
                    .header("Available-Dictionary", &held)
                    .body(body.clone())
            })
            .await?;
        let bytes = response.bytes().await?;
        let frame = dictionary::frame(&bytes).ok_or_else(|| unreadable("no dcz"))?;
        let decoder = zstd::Decoder::with_dictionary(frame, DICTIONARY).map_err(unreadable)?;
        let mut message = Vec::new();
        decoder.take(MOST_ANSWER).read_to_end(&mut message).map_err(unreadable)?;
        let answer = cbor::read_response(&message).map_err(unreadable)?;
        Ok((answer, body.len() as u64, bytes.len() as u64))
    }

    /// Which of these blobs the server lacks.
    pub async fn missing(&mut self, hashes: &[Hash]) -> Result<Vec<Hash>, ClientError> {
        #[derive(Deserialize)]
        struct Missing {
            hashes: Vec<Hash>,
        }
        let body = serde_json::to_vec(&json!({ "hashes": hashes })).map_err(unreadable)?;
        let (bytes, _) = self.json(Method::POST, "/sync/v1/blobs/missing", Some(body)).await?;
        serde_json::from_slice(&bytes).map(|missing: Missing| missing.hashes).map_err(unreadable)
    }

    /// Announces an upload; gives the address it goes on at.
    pub async fn start_upload(
        &mut self,
        hash: &Hash,
        length: usize,
        media_type: &str,
    ) -> Result<String, ClientError> {
        let metadata = format!(
            "sha256 {},filetype {}",
            BASE64.encode(hash.to_string().as_bytes()),
            BASE64.encode(media_type.as_bytes()),
        );
        let response = self
            .send(|client| {
                client
                    .request(Method::POST, "/sync/v1/uploads")
                    .header("Tus-Resumable", "1.0.0")
                    .header("Upload-Length", length)
                    .header("Upload-Metadata", &metadata)
            })
            .await?;
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        location.map(str::to_owned).ok_or_else(|| unreadable("no Location"))
    }

    /// How far an upload is.
    pub async fn upload_offset(&mut self, location: &str) -> Result<u64, ClientError> {
        let response = self
            .send(|client| client.request(Method::HEAD, location).header("Tus-Resumable", "1.0.0"))
            .await?;
        offset(&response)
    }

    /// Sends a chunk; says how far the upload is then.
    pub async fn upload_chunk(
        &mut self,
        location: &str,
        at: u64,
        chunk: &[u8],
    ) -> Result<u64, ClientError> {
        let response = self
            .send(|client| {
                client
                    .request(Method::PATCH, location)
                    .header("Tus-Resumable", "1.0.0")
                    .header("Upload-Offset", at)
                    .header(CONTENT_TYPE, "application/offset+octet-stream")
                    .body(chunk.to_vec())
            })
            .await?;
        offset(&response)
    }

    /// Fetches something as it is.
    pub async fn bytes(&mut self, path: &str) -> Result<Vec<u8>, ClientError> {
        let response = self.send(|client| client.request(Method::GET, path)).await?;
        Ok(response.bytes().await?.to_vec())
    }

    /// A request with the session, and the answer's JSON.
    pub async fn call(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ClientError> {
        let body = body.map(serde_json::to_vec).transpose().map_err(unreadable)?;
        let (bytes, _) = self.json(method, path, body).await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(unreadable)
    }

    /// Sends a file as the body of a request; the answer's JSON.
    pub async fn send_file(&mut self, path: &str, file: Vec<u8>) -> Result<Value, ClientError> {
        let response =
            self.send(|client| client.request(Method::POST, path).body(file.clone())).await?;
        serde_json::from_slice(&response.bytes().await?).map_err(unreadable)
    }

    async fn json(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<(Vec<u8>, u64), ClientError> {
        let compressed = match &body {
            Some(body) if body.len() >= COMPRESS_FROM => {
                Some(zstd::encode_all(body.as_slice(), 3).map_err(unreadable)?)
            }
            _ => None,
        };
        let response = self
            .send(|client| {
                let request = client.request(method.clone(), path).header(ACCEPT_ENCODING, "zstd");
                match (&compressed, &body) {
                    (Some(compressed), _) => request
                        .header(CONTENT_TYPE, "application/json")
                        .header(CONTENT_ENCODING, "zstd")
                        .body(compressed.clone()),
                    (None, Some(body)) => {
                        request.header(CONTENT_TYPE, "application/json").body(body.clone())
                    }
                    (None, None) => request,
                }
            })
            .await?;
        let packed = response.headers().get(CONTENT_ENCODING).is_some_and(|value| value == "zstd");
        let bytes = response.bytes().await?;
        let length = bytes.len() as u64;
        let bytes =
            if packed { zstd::decode_all(&*bytes).map_err(unreadable)? } else { bytes.to_vec() };
        Ok((bytes, length))
    }

    /// Sends a request, once more with a new token if the old one has expired.
    async fn send(
        &mut self,
        build: impl Fn(&Self) -> RequestBuilder,
    ) -> Result<Response, ClientError> {
        if self.access.is_empty() && !self.refresh.is_empty() {
            self.refresh().await?;
        }
        let with_token = |client: &Self| {
            build(client).header(AUTHORIZATION, format!("Bearer {}", client.access))
        };
        match checked(with_token(self).send().await?).await {
            Err(error) if error.kind() == "token-expired" => {
                self.refresh().await?;
                checked(with_token(self).send().await?).await
            }
            answered => answered,
        }
    }

    async fn plain(&self, method: Method, path: &str, body: &Value) -> Result<Value, ClientError> {
        let request = self.request(method, path).header(CONTENT_TYPE, "application/json");
        let response = checked(request.body(body.to_string()).send().await?).await?;
        serde_json::from_slice(&response.bytes().await?).map_err(unreadable)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server))
    }
}

fn offset(response: &Response) -> Result<u64, ClientError> {
    let offset = response.headers().get("Upload-Offset").and_then(|value| value.to_str().ok());
    offset.and_then(|offset| offset.parse().ok()).ok_or_else(|| unreadable("no Upload-Offset"))
}

async fn checked(response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
    let kind = body["type"].as_str().unwrap_or_default();
    let kind = kind.trim_start_matches("urn:ruhu:problem:").to_owned();
    Err(ClientError::Refused { status: status.as_u16(), kind, body, retry_after })
}

fn unreadable(cause: impl std::fmt::Display) -> ClientError {
    ClientError::Unreadable(cause.to_string())
}

/// A form and its files as they are uploaded (RFC 7578): the body's media type, and the body.
pub fn form_parts(form: (&str, &[u8]), files: &[(&str, &[u8])]) -> (String, Vec<u8>) {
    let boundary = "a-line-between-the-parts";
    let parts = std::iter::once(("form", form)).chain(files.iter().map(|file| ("file", *file)));
    let mut body = Vec::new();
    for (name, (file, bytes)) in parts {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}
