//! Looking at a photo: the job that follows each upload.

use actix_web::web;
use mobile_schema::Hash;

use super::inspect::inspect;
use super::store;
use crate::app::App;
use crate::checks;
use crate::http::{Kind, Problem};
use crate::limits::MAX_BLOB;
use crate::media_store::{MediaError, ObjectName};
use crate::records;

/// Looks at the photo of this hash: keeps what its bytes tell, stores copies to be looked at, and
/// asks for its visits and notifications to be checked. Doing it again changes nothing.
pub(crate) async fn look_at(app: &App, key: &str) -> Result<(), Problem> {
    let Ok(hash) = key.parse::<Hash>() else { return Ok(()) };
    let bytes = match app.media.whole(ObjectName::Blob(hash), MAX_BLOB).await {
        Ok(bytes) => bytes,
        Err(MediaError::Missing) => {
            return Err(Problem::new(&Kind::NOT_FOUND).detail("the media store has no such blob"));
        }
        Err(error) => return Err(error.into()),
    };
    let inspected = web::block(move || inspect(&bytes)).await;
    let mut inspected = inspected.map_err(|_| Problem::new(&Kind::INTERNAL))?;
    if let Ok(picture) = &mut inspected.picture {
        for (which, jpeg) in &mut picture.thumbnails {
            let jpeg = std::mem::take(jpeg).into();
            app.media.put(ObjectName::Thumbnail(hash, *which), jpeg).await?;
        }
    }
    let (now, catalogue) = (app.now(), app.definitions());
    app.write(move |connection| {
        store::save(connection, &hash, &inspected, now)?;
        let visits = store::named_by(connection, &[hash], &["visit", "notice"])?;
        let ids: Vec<_> = visits.into_iter().map(|(_, visit)| visit).collect();
        let visits = records::load(connection, &ids)?;
        checks::ask(connection, &catalogue, visits.iter(), now)
    })
    .await?;
    app.checks.ring();
    Ok(())
}
