//! Receiving the bytes of an upload, verifying and storing it.

use actix_web::web::{self, Payload};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use mobile_schema::Hash;
use sync_protocol::DeviceId;
use uuid::Uuid;

use super::arrivals::Turn;
use super::queries::{self, Added, Upload};
use super::rules::{Checksum, Hasher};
use crate::app::App;
use crate::http::{Kind, Problem, pace};
use crate::limits::{MAX_UPLOAD_PIECES, UPLOAD_LIFETIME, UPLOAD_PIECE};
use crate::media_store::{MediaError, ObjectName};

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        tracing::error!(%error, "the media store failed");
        match error {
            MediaError::Full(_) => Self::new(&Kind::MEDIA_FULL).retry_after(60),
            MediaError::Missing | MediaError::Failed(_) => {
                Self::new(&Kind::UNAVAILABLE).retry_after(5)
            }
        }
    }
}

/// Takes in a chunk. What has arrived is kept even if the connection drops or a newer request
/// takes over. Returns how far the upload is.
pub(super) async fn receive(
    app: web::Data<App>,
    upload: Upload,
    (turn, device): (Turn, DeviceId),
    checksum: Option<Checksum>,
    body: Payload,
) -> Result<u64, Problem> {
    app.space.for_media()?;
    let mut taken = app.intake.begin(device)?;
    taken.grow(2 * most_waiting(checksum.as_ref()))?;
    // A task of its own: when the connection is gone, its handler is no longer run.
    let task = actix_web::rt::spawn(async move {
        let done = take_in(&app, &upload, (&turn, device), checksum, body).await;
        drop(taken);
        done
    });
    task.await.unwrap_or_else(|_| Err(Problem::new(&Kind::INTERNAL)))
}

/// So much is taken from the budget of the day at once: networks bring pieces of any size.
const COUNTED_AT_ONCE: usize = 64 * 1024;

/// Bytes of a chunk that wait to be put down; with a checksum all of it does.
fn most_waiting(checksum: Option<&Checksum>) -> usize {
    if checksum.is_some() { 4 * UPLOAD_PIECE } else { UPLOAD_PIECE }
}

async fn take_in(
    app: &App,
    upload: &Upload,
    (turn, device): (&Turn, DeviceId),
    checksum: Option<Checksum>,
    mut body: Payload,
) -> Result<u64, Problem> {
    let mut arriving =
        Arriving { app, upload, received: upload.received, waiting: BytesMut::new(), tail: None };
    let mut paid = 0;
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
                break Err(pace::broken(&error));
            }
            Some(Ok(piece)) => {
                let room = upload.length - arriving.received - arriving.waiting.len() as u64;
                if piece.len() as u64 > room {
                    return Err(Problem::new(&Kind::TOO_LARGE).with("limit", upload.length));
                }
                if piece.len() > paid {
                    let next = (room as usize).min(COUNTED_AT_ONCE).max(piece.len()) - paid;
                    if let Err(spent) = app.throttle.media(device, next) {
                        break Err(spent);
                    }
                    paid += next;
                }
                paid -= piece.len();
                arriving.waiting.extend_from_slice(&piece);
            }
        }
        let limit = most_waiting(checksum.as_ref());
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
        self.app.space.for_media()?;
        let object = Uuid::now_v7();
        self.app.media.put(ObjectName::Piece(object), piece).await?;
        let (upload, start) = (self.upload.clone(), self.received);
        let added = self
            .app
            .write(move |connection| queries::add_part(connection, &upload, start, length, object))
            .await;
        if !matches!(added, Ok(Added::Here)) {
            self.app.media.delete(ObjectName::Piece(object)).await?;
            return match added? {
                Added::TooMany => {
                    // Whoever sends so little at a time begins anew.
                    let id = self.upload.id;
                    let parts = self.app.read(move |connection| queries::parts(connection, id));
                    let parts = parts.await?.into_iter().map(ObjectName::Piece).collect();
                    throw_away(self.app, id, parts).await?;
                    Err(Problem::new(&Kind::UPLOAD_GONE).with("pieces", MAX_UPLOAD_PIECES))
                }
                Added::Here | Added::Elsewhere => Err(Problem::new(&Kind::UPLOAD_TAKEN_OVER)),
            };
        }
        self.received += length;
        Ok(())
    }
}

/// Completes an upload whose bytes are all there, also when whoever asked is gone meanwhile.
pub(super) async fn finish(app: web::Data<App>, upload: Upload) -> Result<(), Problem> {
    let task = actix_web::rt::spawn(async move { complete(&app, &upload, None).await });
    task.await.unwrap_or_else(|_| Err(Problem::new(&Kind::INTERNAL)))
}

/// Verifies a file that is all there, gives it its place, and reads it back from there: nobody is
/// told that it is complete before. A file with another hash than it was announced with is thrown
/// away, and so is an upload that lacks a piece (a restored database may name pieces that are gone).
pub(super) async fn complete(
    app: &App,
    upload: &Upload,
    whole: Option<Bytes>,
) -> Result<(), Problem> {
    let id = upload.id;
    let parts = app.read(move |connection| queries::parts(connection, id)).await;
    let parts: Vec<_> = parts?.into_iter().map(ObjectName::Piece).collect();
    let found = match &whole {
        Some(bytes) => Hash::of(bytes),
        None => match hash_of(app, &parts).await {
            Ok(hash) => hash,
            Err(MediaError::Missing) => {
                // Another request has finished it, or its pieces are lost.
                throw_away(app, id, parts).await?;
                return Err(Problem::new(&Kind::UPLOAD_GONE));
            }
            Err(error) => return Err(error.into()),
        },
    };
    if found != upload.hash {
        tracing::warn!("an upload does not have the hash it was announced with");
        throw_away(app, id, parts).await?;
        return Err(Problem::new(&Kind::HASH_MISMATCH));
    }
    place(app, upload.hash, whole.as_ref(), &parts).await?;
    let (now, done) = (app.now(), upload.clone());
    let stored = app.write(move |connection| queries::verified(connection, &done, now)).await;
    stored?;
    // The bytes of one that was forgotten may have been removed before it was noted.
    if !matches!(app.media.has(ObjectName::Blob(upload.hash)).await, Ok(true)) {
        let placed = place(app, upload.hash, whole.as_ref(), &parts).await;
        if let Err(problem) = placed {
            let hash = upload.hash;
            app.write(move |connection| queries::strike(connection, &hash)).await?;
            return Err(problem);
        }
    }
    metrics::counter!("media_blobs_verified_total").increment(1);
    app.jobs.ring();
    app.checks.ring();
    remove(app, parts).await;
    Ok(())
}

async fn hash_of(app: &App, parts: &[ObjectName]) -> Result<Hash, MediaError> {
    let mut hasher = Hasher::default();
    for part in parts {
        let mut pieces = app.media.get(*part).await?;
        while let Some(piece) = pieces.next().await {
            hasher.update(&piece?);
        }
    }
    Ok(hasher.finish())
}

/// Stores a blob under its name and reads it back from there.
async fn place(
    app: &App,
    hash: Hash,
    whole: Option<&Bytes>,
    parts: &[ObjectName],
) -> Result<(), Problem> {
    app.space.for_media()?;
    let name = ObjectName::Blob(hash);
    match whole {
        Some(bytes) => app.media.put(name, bytes.clone()).await?,
        None => app.media.assemble(name, parts).await?,
    }
    if app.media.is_as_named(hash).await? {
        return Ok(());
    }
    tracing::error!(%hash, "the media store gives other bytes than were stored");
    Err(Problem::new(&Kind::UNAVAILABLE).retry_after(60))
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

/// Throws away uploads whose time is over, and pieces that no upload names any longer.
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

/// Removes pieces that outlived every upload and that none names: what a restored database, a kill
/// or a refused piece left behind.
pub(super) async fn sweep_pieces(app: &App) -> Result<usize, Problem> {
    let before = app.now().plus_seconds(-UPLOAD_LIFETIME).seconds();
    let is_old = |piece: &Uuid| {
        let made = piece.get_timestamp().map(|made| made.to_unix().0 as i64);
        made.is_some_and(|made| made < before)
    };
    let old: Vec<Uuid> = app.media.pieces().await?.into_iter().filter(is_old).collect();
    let named = app.read(queries::all_parts).await?;
    let left: Vec<_> = old.into_iter().filter(|piece| !named.contains(piece)).collect();
    let count = left.len();
    remove(app, left.into_iter().map(ObjectName::Piece).collect()).await;
    Ok(count)
}
