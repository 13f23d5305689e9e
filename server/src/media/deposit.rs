//! Taking in a file in one request: what goes with a form, or was handed in.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use mobile_schema::Hash;
use sync_protocol::UserId;
use uuid::Uuid;

use super::queries;
use super::receive::{complete, remove, throw_away};
use super::rules::{Announced, Hasher};
use crate::app::App;
use crate::http::{Kind, Problem, Tablet};
use crate::limits::{MAX_FORM_LIST, UPLOAD_PIECE};
use crate::media_store::ObjectName;

/// A file that is in the media store.
pub(crate) struct Deposited {
    /// Its name there.
    pub(crate) hash: Hash,
    /// Bytes.
    pub(crate) length: u64,
    /// The bytes, where they were asked for.
    pub(crate) bytes: Option<Bytes>,
}

/// Stores what comes, of at most `limit` bytes, holding no more than a piece of it in memory; all
/// of it if it `is_read` afterwards.
pub(crate) async fn deposit(
    app: &App,
    mut pieces: impl Stream<Item = Result<Bytes, Problem>> + Unpin,
    limit: u64,
    is_read: bool,
) -> Result<Deposited, Problem> {
    let limit = if is_read { limit.min(MAX_FORM_LIST) } else { limit };
    let most = if is_read { usize::MAX } else { 16 * UPLOAD_PIECE };
    let (mut hasher, mut length) = (Hasher::default(), 0_u64);
    let mut waiting = BytesMut::new();
    let mut put_down = Vec::new();
    let ended: Result<(), Problem> = async {
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            length += piece.len() as u64;
            if length > limit {
                return Err(Problem::new(&Kind::TOO_LARGE).with("limit", limit).detail("file"));
            }
            hasher.update(&piece);
            waiting.extend_from_slice(&piece);
            if waiting.len() >= most {
                let name = ObjectName::Piece(Uuid::now_v7());
                put_down.push(name);
                app.media.put(name, waiting.split().freeze()).await?;
            }
        }
        Ok(())
    }
    .await;
    let hash = hasher.finish();
    let stored = match ended {
        Ok(()) if put_down.is_empty() => {
            let bytes = waiting.freeze();
            let put = app.media.put(ObjectName::Blob(hash), bytes.clone()).await;
            put.map(|()| is_read.then_some(bytes)).map_err(Problem::from)
        }
        Ok(()) => assemble(app, hash, &mut put_down, waiting.freeze()).await.map(|()| None),
        Err(problem) => Err(problem),
    };
    remove(app, put_down).await;
    stored.map(|bytes| Deposited { hash, length, bytes })
}

async fn assemble(
    app: &App,
    hash: Hash,
    pieces: &mut Vec<ObjectName>,
    rest: Bytes,
) -> Result<(), Problem> {
    if !rest.is_empty() {
        let name = ObjectName::Piece(Uuid::now_v7());
        pieces.push(name);
        app.media.put(name, rest).await?;
    }
    Ok(app.media.assemble(ObjectName::Blob(hash), pieces).await?)
}

/// Takes in a file of a tablet's that is in memory, unless it is there; says whether it was not.
pub(crate) async fn hand_in(
    app: &App,
    tablet: &Tablet,
    announced: Announced,
    bytes: Bytes,
) -> Result<bool, Problem> {
    let (hash, user, scopes) = (announced.hash, tablet.user, tablet.scopes.clone());
    let known =
        app.read(move |connection| queries::here(connection, &[hash], user, &scopes)).await?;
    if known.contains(&hash) {
        return Ok(false);
    }
    let (device, now) = (tablet.device, app.now());
    let upload = app
        .write(move |connection| queries::start(connection, device, &announced, now))
        .await?
        .map_err(|queries::TooMany| Problem::new(&Kind::TOO_MANY_REQUESTS).retry_after(60))?;
    let done = complete(app, &upload, Some(bytes)).await;
    if done.is_err() {
        // Nobody goes on with it: the file is handed in again as a whole.
        throw_away(app, upload.id, Vec::new()).await?;
    }
    done.map(|()| true)
}

/// How many of a tablet's files are not here.
pub(crate) async fn count_lacking(
    app: &App,
    tablet: &Tablet,
    hashes: BTreeSet<Hash>,
) -> Result<usize, Problem> {
    let (user, scopes) = (tablet.user, tablet.scopes.clone());
    let asked: Vec<Hash> = hashes.into_iter().collect();
    app.read(move |connection| {
        let known = queries::here(connection, &asked, user, &scopes)?;
        Ok(asked.iter().filter(|hash| !known.contains(hash)).count())
    })
    .await
}

/// Stores a photo that is in memory, as if a user's tablet had sent it.
pub(crate) async fn deposit_photo(
    app: &App,
    user: UserId,
    bytes: Vec<u8>,
) -> Result<Hash, Problem> {
    let (hash, length, now) = (Hash::of(&bytes), bytes.len() as u64, app.now());
    app.media.put(ObjectName::Blob(hash), bytes.into()).await?;
    app.write(move |connection| {
        queries::note_holder(connection, &hash, user)?;
        queries::note_photo(connection, &hash, length, "image/jpeg", now)
    })
    .await?;
    Ok(hash)
}
