//! Removing what nothing names.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::Hash;

use super::check::{GRACE, named_by_forms};
use super::queries;
use super::receive::sweep_pieces;
use crate::app::App;
use crate::db::AnyConnection;
use crate::db::schema::{blob_claims, blob_references, blobs};
use crate::db::types::Timestamp;
use crate::http::Problem;
use crate::media_store::{MediaError, ObjectName};
use crate::photos::Thumbnail;
use crate::privacy;

/// Blobs that are forgotten in one transaction.
const AT_ONCE: i64 = 200;

/// Removes the bytes of a blob that was forgotten, and its copies. One that came again meanwhile
/// stays; one that came at this very moment is asked for once more, as what the media store lacks
/// is: tablets keep photos for longer than that. An upload that is noted later finds its bytes gone
/// by itself (`receive::complete`).
pub(crate) async fn remove_forgotten(app: &App, key: &str) -> Result<(), Problem> {
    let Ok(hash) = key.parse::<Hash>() else { return Ok(()) };
    if app.read(move |connection| is_here(connection, &hash)).await? {
        // Unless an earlier try was cut off after it removed the bytes.
        if !app.media.has(ObjectName::Blob(hash)).await? {
            app.write(move |connection| queries::strike(connection, &hash)).await?;
        }
        return Ok(());
    }
    let copies = Thumbnail::ALL.map(|which| ObjectName::Thumbnail(hash, which));
    for name in copies.into_iter().chain([ObjectName::Blob(hash)]) {
        match app.media.delete(name).await {
            Ok(()) | Err(MediaError::Missing) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let strike = move |connection: &mut AnyConnection| {
        let came = is_here(connection, &hash)?;
        if came {
            queries::strike(connection, &hash)?;
        }
        Ok(came)
    };
    if app.write(strike).await? {
        tracing::warn!(%hash, "a blob came while it was removed; it is asked for once more");
    }
    Ok(())
}

fn is_here(connection: &mut AnyConnection, hash: &Hash) -> QueryResult<bool> {
    let there: i64 = blobs::table.find(hash.as_bytes().to_vec()).count().get_result(connection)?;
    Ok(there > 0)
}

/// Forgets blobs that came a month ago and that no record, no form and nothing that waits names,
/// and says how many. Their bytes are removed by jobs.
///
/// # Errors
/// Where the database can't be reached.
pub async fn collect_garbage(app: &App) -> Result<usize, Problem> {
    let now = app.now();
    let mut forgotten = 0;
    loop {
        let these = app.write(move |connection| {
            let unnamed = unnamed(connection, now)?;
            for hash in &unnamed {
                queries::forget_holders(connection, hash)?;
                privacy::forget(connection, hash, now)?;
            }
            Ok(unnamed.len())
        });
        let these = these.await?;
        if these == 0 {
            break;
        }
        forgotten += these;
    }
    if forgotten > 0 {
        tracing::info!(forgotten, "blobs that nothing names are removed");
        app.jobs.ring();
    }
    let pieces = sweep_pieces(app).await?;
    if pieces > 0 {
        tracing::info!(pieces, "pieces that no upload names are removed");
    }
    Ok(forgotten)
}

fn unnamed(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<Vec<Hash>> {
    let before = now.plus_seconds(-GRACE * 24 * 3600);
    let rows: Vec<Vec<u8>> = blobs::table
        .left_join(blob_references::table.on(blob_references::hash.eq(blobs::hash)))
        .left_join(blob_claims::table.on(blob_claims::hash.eq(blobs::hash)))
        .filter(blob_references::record.nullable().is_null())
        .filter(blob_claims::record.nullable().is_null())
        .filter(blobs::verified_at.lt(before))
        .order(blobs::hash)
        .select(blobs::hash)
        .load(connection)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let needed: BTreeSet<Hash> = named_by_forms(connection)?;
    let aside = privacy::named_aside(connection)?;
    let unnamed = rows.into_iter().filter_map(|hash| Some(Hash(hash.try_into().ok()?)));
    let unnamed = unnamed.filter(|hash| !needed.contains(hash) && !aside.contains(hash));
    Ok(unnamed.take(AT_ONCE as usize).collect())
}
