//! Looking at a photo: the job that follows each upload.

use std::time::Duration;

use actix_web::web;
use bytes::Bytes;
use mobile_schema::Hash;

use super::inspect::{Inspected, inspect};
use super::store;
use crate::app::App;
use crate::checks;
use crate::http::{Kind, Problem};
use crate::limits::{MAX_BLOB, MAX_PHOTO_TIME};
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
    let mut inspected = inspect_within(bytes, MAX_PHOTO_TIME).await?;
    if let Ok(picture) = &mut inspected.picture {
        for (which, jpeg) in &mut picture.thumbnails {
            let jpeg = std::mem::take(jpeg).into();
            app.media.put(ObjectName::Thumbnail(hash, *which), jpeg).await?;
        }
    }
    let (now, catalogue) = (app.now(), app.definitions());
    app.write(move |connection| {
        store::save(connection, &hash, &inspected, now)?;
        let visits = records::naming(connection, &[hash], &["visit", "notice"])?;
        let ids: Vec<_> = visits.into_iter().map(|(_, visit)| visit).collect();
        let visits = records::load(connection, &ids)?;
        checks::ask_again(connection, &catalogue, visits.iter(), now)
    })
    .await?;
    app.checks.ring();
    Ok(())
}

/// What a file tells, if that does not take too long; it is tried once more, for a machine may have
/// slept. A thread that is in the middle of it goes on: the decoders' own bounds (pixels, passes)
/// end it.
async fn inspect_within(bytes: Bytes, limit: Duration) -> Result<Inspected, Problem> {
    for _ in 0..2 {
        let file = bytes.clone();
        let looking = web::block(move || inspect(&file));
        if let Ok(inspected) = tokio::time::timeout(limit, looking).await {
            return inspected.map_err(|_| Problem::new(&Kind::INTERNAL));
        }
    }
    Ok(Inspected::too_long(&bytes))
}

#[cfg(test)]
mod tests {
    use scenery::Photo;

    use super::super::picture::Unreadable;
    use super::*;

    #[actix_web::test]
    async fn what_takes_too_long_is_told_and_not_waited_for() {
        let photo = Bytes::from(Photo { width: 320, ..Photo::of(1) }.jpeg());
        let looked_at =
            inspect_within(photo.clone(), MAX_PHOTO_TIME).await.expect("it is looked at");
        assert!(looked_at.picture.is_ok());
        let given_up = inspect_within(photo, Duration::ZERO).await.expect("it is given up");
        assert_eq!(given_up.media_type, Some("image/jpeg"));
        assert_eq!(given_up.picture.err(), Some(Unreadable::TooLong));
    }
}
