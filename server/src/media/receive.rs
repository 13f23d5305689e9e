//! Receiving the bytes of an upload, verifying and storing it.

use actix_web::web::{self, Payload};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use uuid::Uuid;

use super::arrivals::Turn;
use super::queries::{self, Upload};
use super::rules::{Checksum, Hasher};
use crate::app::App;
use crate::http::{Kind, Problem};
use crate::limits::UPLOAD_PIECE;
use crate::media_store::{MediaError, ObjectName};

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        tracing::error!(%error, "the media store failed");
        Self::new(&Kind::UNAVAILABLE).retry_after(5)
    }
}

/// Takes in a chunk. What has arrived is kept even if the connection drops or a newer request
/// takes over. Returns how far the upload is.
pub(super) async fn receive(
    app: web::Data<App>,
    upload: Upload,
    turn: Turn,
    checksum: Option<Checksum>,
    body: Payload,
) -> Result<u64, Problem> {
    // A task of its own: when the connection is gone, its handler is no longer run.
    let task =
        actix_web::rt::spawn(async move { take_in(&app, &upload, &turn, checksum, body).await });
    task.await.unwrap_or_else(|_| Err(Problem::new(&Kind::INTERNAL)))
}

async fn take_in(
    app: &App,
    upload: &Upload,
    turn: &Turn,
    checksum: Option<Checksum>,
    mut body: Payload,
) -> Result<u64, Problem> {
    let mut arriving =
        Arriving { app, upload, received: upload.received, waiting: BytesMut::new(), tail: None };
    let ended = loop {
        let piece = tokio::select! {
            // First what is there already, which on a dead connection is the last there is.
            biased;
            piece = body.next() => piece,
            () = turn.stop.notified() => break Err(Problem::new(&Kind::UPLOAD_TAKEN_OVER)),
        };
        match piece {
            None => break Ok(()),
            Some(Err(error)) => {
                break Err(Problem::new(&Kind::MALFORMED).detail(error.to_string()));
            }
            Some(Ok(piece)) => {
                let room = upload.length - arriving.received - arriving.waiting.len() as u64;
                if piece.len() as u64 > room {
                    return Err(Problem::new(&Kind::TOO_LARGE).with("limit", upload.length));
                }
                arriving.waiting.extend_from_slice(&piece);
            }
        }
        let limit = if checksum.is_some() { 4 * UPLOAD_PIECE } else { UPLOAD_PIECE };
        if arriving.waiting.len() >= limit {
            if checksum.is_some() {
                return Err(Problem::new(&Kind::TOO_LARGE).with("limit", limit));
            }
            arriving.put_down().await?;
        }
    };
    if ended.is_ok() && checksum.is_some_and(|checksum| !checksum.fits(&arriving.waiting)) {
        return Err(Problem::new(&Kind::CHECKSUM_MISMATCH));
    }
    arriving.put_down().await?;
    if arriving.received == upload.length {
        // All of it is there, however the connection ended.
        complete(app, upload, arriving.tail).await?;
        return Ok(upload.length);
    }
    ended?;
    Ok(arriving.received)
}

struct Arriving<'a> {
    app: &'a App,
    upload: &'a Upload,
    received: u64,
    waiting: BytesMut,
    /// The whole file, if it came in one piece.
    tail: Option<Bytes>,
}

impl Arriving<'_> {
    /// Stores what is waiting as one piece.
    async fn put_down(&mut self) -> Result<(), Problem> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = self.waiting.split().freeze();
        let length = piece.len() as u64;
        if self.received == 0 && length == self.upload.length {
            // All of it at once: it goes straight to its place if its hash is right.
            self.received = length;
            self.tail = Some(piece);
            return Ok(());
        }
        let object = Uuid::now_v7();
        self.app.media.put(ObjectName::Piece(object), piece).await?;
        let (upload, start) = (self.upload.clone(), self.received);
        let added = self
            .app
            .write(move |connection| queries::add_part(connection, &upload, start, length, object))
            .await;
        if !matches!(added, Ok(true)) {
            self.app.media.delete(ObjectName::Piece(object)).await?;
            added?;
            return Err(Problem::new(&Kind::UPLOAD_TAKEN_OVER));
        }
        self.received += length;
        Ok(())
    }
}

/// Verifies a file that is all there, and gives it its place. A file with another hash than it
/// was announced with is thrown away.
pub(super) async fn complete(
    app: &App,
    upload: &Upload,
    whole: Option<Bytes>,
) -> Result<(), Problem> {
    let id = upload.id;
    let parts = app.read(move |connection| queries::parts(connection, id)).await;
    let parts: Vec<_> = parts?.into_iter().map(ObjectName::Piece).collect();
    let mut hasher = Hasher::default();
    match &whole {
        Some(bytes) => hasher.update(bytes),
        None => {
            for part in &parts {
                let mut pieces = app.media.get(*part).await?;
                while let Some(piece) = pieces.next().await {
                    hasher.update(&piece?);
                }
            }
        }
    }
    if hasher.finish() != upload.hash {
        tracing::warn!("an upload does not have the hash it was announced with");
        throw_away(app, id, parts).await?;
        return Err(Problem::new(&Kind::HASH_MISMATCH));
    }
    let name = ObjectName::Blob(upload.hash);
    let place = async || match &whole {
        Some(bytes) => app.media.put(name, bytes.clone()).await,
        None => app.media.assemble(name, &parts).await,
    };
    place().await?;
    let (now, done) = (app.now(), upload.clone());
    let stored = app.write(move |connection| queries::verified(connection, &done, now)).await;
    stored?;
    // The bytes of one that was forgotten may have been removed before it was noted.
    if !app.media.has(name).await? {
        place().await?;
    }
    metrics::counter!("media_blobs_verified_total").increment(1);
    app.jobs.ring();
    app.checks.ring();
    remove(app, parts).await;
    Ok(())
}

/// Forgets an upload and removes its pieces.
pub(super) async fn throw_away(app: &App, id: Uuid, parts: Vec<ObjectName>) -> Result<(), Problem> {
    let gone = app.write(move |connection| queries::forget(connection, id)).await;
    gone?;
    remove(app, parts).await;
    Ok(())
}

/// Removes pieces that nothing names any longer; one that stays behind is only lost space.
pub(super) async fn remove(app: &App, parts: Vec<ObjectName>) {
    for part in parts {
        if let Err(error) = app.media.delete(part).await {
            tracing::warn!(%error, "a piece stays behind");
        }
    }
}

/// Throws away uploads whose time is over.
pub async fn sweep(app: &App) -> Result<(), Problem> {
    let now = app.now();
    let expired = app.read(move |connection| queries::expired(connection, now)).await;
    for id in expired? {
        let parts = app.read(move |connection| queries::parts(connection, id)).await;
        let parts = parts?;
        throw_away(app, id, parts.into_iter().map(ObjectName::Piece).collect()).await?;
    }
    Ok(())
}
