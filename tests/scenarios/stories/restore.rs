//! Yesterday's backup is restored, and the tablets bring the day back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use harness::{DatabaseKind, Stage, story};
use mobile_schema::Hash;
use reqwest::Method;
use ruhu::backup;
use ruhu::media_store::{MediaStore, ObjectName};
use sync_protocol::Row;
use tablets::{Client, HeadlessTablet};

const LIMIT: Duration = Duration::from_secs(60);

fn household(tablet: &HeadlessTablet, index: usize) -> Row {
    let mut households = tablet.rows().filter(|row| row.collection == "household");
    households.nth(index).cloned().expect("the demo has households")
}

/// Visits a household with a photo; gives the photo.
fn visit(tablet: &mut HeadlessTablet, index: usize, number: u64) -> Hash {
    let bytes = tablets::photo::invented(number, "2026:11:23 09:00:00", 26.2, 107.2);
    let photo = tablet.keep_photo(&bytes).expect("it is kept");
    let household = household(tablet, index);
    let drafts = tablets::day::visit(tablet, &household, photo, number);
    tablet.edit(drafts).expect("it is stored");
    photo
}

async fn visits(client: &mut Client) -> Vec<serde_json::Value> {
    let path = "/api/v1/records?collection=visit&limit=500";
    let page = client.call(Method::GET, path, None).await.expect("the admin may read it");
    page["items"].as_array().expect("a page").clone()
}

async fn make_backup(stage: &Arc<Stage>) -> std::path::PathBuf {
    let config = stage.config();
    let media = MediaStore::open(&config.media, &config.s3).expect("the media store opens");
    let folder = stage.folder().join("backups");
    let made = backup::make(&config.database, &media, &folder, |_, _| {}).await;
    made.expect("the backup is made and read back").0
}

async fn admin_at(address: &str) -> Client {
    let mut admin = Client::new(address);
    admin.sign_in("admin", ruhu::demo::PASSWORD).await.expect("the admin signs in");
    admin
}

story!(a_day_that_a_restore_lost_comes_back_from_the_tablets, async |stage| {
    let (mut one, mut two) = (stage.tablet("cadre").await, stage.tablet("cadre2").await);
    let before = visit(&mut one, 0, 1);
    one.sync_again(LIMIT).await.unwrap();
    assert_eq!(one.machine().identity().safe_before, 0, "no backup has it yet");
    let place = make_backup(&stage).await;
    one.sync_again(LIMIT).await.unwrap();
    assert_eq!(one.machine().identity().safe_before, 4, "visit, note and count are safe");

    // The day: visits with photos, a conflict, tablets that refresh their tokens.
    let day = [visit(&mut one, 1, 2), visit(&mut one, 2, 3), visit(&mut two, 3, 4)];
    for (tablet, address) in [(&mut one, "三组 1 号"), (&mut two, "五组 2 号")] {
        let draft = tablets::day::address(tablet, &household(tablet, 4), address);
        tablet.edit(vec![draft]).unwrap();
    }
    for tablet in [&mut one, &mut two] {
        tablet.sync_again(LIMIT).await.unwrap();
        tablet.client().refresh().await.unwrap();
    }
    one.sync_again(LIMIT).await.unwrap();
    let mut admin = stage.person("admin").await;
    assert_eq!(visits(&mut admin).await.len(), 4);
    let there = one.rows().map(|row| row.id).collect::<BTreeSet<_>>();

    // The server and the photos of the day are lost.
    let config = stage.config();
    let media = MediaStore::open(&config.media, &config.s3).unwrap();
    for photo in day {
        media.delete(ObjectName::Blob(photo)).await.unwrap();
    }
    let url = stage.empty_database();
    let restored = backup::restore(&url, &media, &place, false, |_, _| {}).await.unwrap();
    assert_eq!((restored.photos, restored.missing.len()), (1, 0));
    let again = backup::restore(&url, &media, &place, false, |_, _| {}).await;
    assert!(again.is_err(), "nothing is restored over what is there");
    let server = stage.on_database(url).await;
    let mut admin = admin_at(&server.address).await;
    assert_eq!(visits(&mut admin).await.len(), 1, "the day is gone");

    for tablet in [&mut one, &mut two] {
        tablet.client().move_to(&server.address);
        tablet.client().refresh().await.expect("the token is newer than the backup");
        tablet.sync_at(&server.address, LIMIT).await.unwrap();
        assert_eq!(tablet.machine().identity().epoch, Some(restored.epoch));
    }
    one.sync_again(LIMIT).await.unwrap();
    assert_eq!(visits(&mut admin).await.len(), 4, "each visit is there once");
    for photo in day.iter().chain([&before]) {
        let bytes = admin.bytes(&format!("/api/v1/media/{photo}?reason=test")).await.unwrap();
        assert_eq!(Hash::of(&bytes), *photo);
    }
    let now = one.rows().map(|row| row.id).collect::<BTreeSet<_>>();
    assert!(there.is_subset(&now), "nothing is missing from the village");
    let (mut ones, mut twos) = (one.machine().digests(), two.machine().digests());
    ones.retain(|scope, _| twos.contains_key(scope));
    twos.retain(|scope, _| ones.contains_key(scope));
    assert!(!ones.is_empty());
    assert_eq!(ones, twos, "both tablets hold the same");
});

story!(what_a_restore_lost_comes_back_from_a_file_as_well, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let place = make_backup(&stage).await;
    let photos = [visit(&mut tablet, 0, 1), visit(&mut tablet, 1, 2)];
    tablet.sync_again(LIMIT).await.unwrap();
    let config = stage.config();
    let media = MediaStore::open(&config.media, &config.s3).unwrap();
    media.delete(ObjectName::Blob(photos[1])).await.unwrap();
    let url = stage.empty_database();
    backup::restore(&url, &media, &place, false, |_, _| {}).await.unwrap();
    let server = stage.on_database(url).await;
    let mut admin = admin_at(&server.address).await;
    assert_eq!(visits(&mut admin).await.len(), 0, "both are gone");

    // What the server had answered for is in the file, too; photos that it had verified are not.
    let file = tablet.export().unwrap();
    let told = admin.send_file("/api/v1/devices/hand-in", file).await.unwrap();
    assert_eq!(told["outcomes"]["applied"].as_u64(), Some(6));
    assert_eq!((told["files"].as_u64(), told["files_lacking"].as_u64()), (Some(0), Some(2)));
    assert_eq!(visits(&mut admin).await.len(), 2);

    // The tablet itself comes after all, with the photos.
    tablet.client().move_to(&server.address);
    tablet.client().refresh().await.unwrap();
    tablet.sync_at(&server.address, LIMIT).await.unwrap();
    assert_eq!(visits(&mut admin).await.len(), 2, "each is there once");
    for photo in photos {
        let bytes = admin.bytes(&format!("/api/v1/media/{photo}?reason=test")).await.unwrap();
        assert_eq!(Hash::of(&bytes), photo);
    }
});

story!(a_backup_that_is_damaged_is_refused_and_makes_nothing_safe, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let photo = visit(&mut tablet, 0, 1);
    tablet.sync_again(LIMIT).await.unwrap();
    let config = stage.config();
    let media = MediaStore::open(&config.media, &config.s3).unwrap();
    let kept = collect(&media, photo).await;
    media.delete(ObjectName::Blob(photo)).await.unwrap();
    let folder = stage.folder().join("backups");
    let made = backup::make(&config.database, &media, &folder, |_, _| {}).await;
    let refused = made.expect_err("a photo is missing").to_string();
    assert!(refused.contains("1 photos are not in the media store"), "{refused}");
    tablet.sync_again(LIMIT).await.unwrap();
    assert_eq!(tablet.machine().identity().safe_before, 0);

    media.put(ObjectName::Blob(photo), kept.into()).await.unwrap();
    let place = make_backup(&stage).await;
    let manifest: backup::Manifest =
        serde_json::from_slice(&std::fs::read(place.join("manifest.json")).unwrap()).unwrap();
    for file in &manifest.files {
        let path = place.join(&file.name);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 1;
        std::fs::write(&path, bad).unwrap();
        let refused =
            backup::restore(&stage.empty_database(), &media, &place, false, |_, _| {}).await;
        let refused = refused.expect_err(&file.name).to_string();
        assert!(refused.contains(&file.name), "{refused}");
        std::fs::write(&path, good).unwrap();
    }
});

story!(a_restore_that_is_cut_off_leaves_nothing_and_can_be_tried_again, async |stage| {
    let place = make_backup(&stage).await;
    let manifest: backup::Manifest =
        serde_json::from_slice(&std::fs::read(place.join("manifest.json")).unwrap()).unwrap();
    let url = stage.empty_database();
    let last = manifest.migrations.last().unwrap();
    let cut = ruhu::db::fill(&url, &place, last, false, |connection| {
        backup::begin_epoch(connection, ruhu::db::Timestamp::now())?;
        Err::<(), _>(diesel::result::Error::RollbackTransaction)
    });
    assert!(cut.is_err());
    ruhu::db::check_vacant(&url, false).expect("nothing is there that a server could start on");
    let config = stage.config();
    let media = MediaStore::open(&config.media, &config.s3).unwrap();
    let restored = backup::restore(&url, &media, &place, false, |_, _| {}).await.unwrap();
    assert!(!manifest.lineage.contains(&restored.epoch), "a new life has begun");
});

story!(a_backup_that_can_not_be_restored_is_noticed_and_leaves_no_trace, async |stage| {
    let place = make_backup(&stage).await;
    let manifest: backup::Manifest =
        serde_json::from_slice(&std::fs::read(place.join("manifest.json")).unwrap()).unwrap();
    let last = manifest.migrations.last().unwrap();
    let url = &stage.config().database;
    let rehearse = || {
        ruhu::db::rehearse(url, &place, last, |connection| {
            ruhu::db::schema::chains::table.count().get_result::<i64>(connection)
        })
    };
    assert_eq!(rehearse().unwrap(), manifest.chains.len() as i64);
    // Its bytes are all there, and it is no database.
    match stage.backend.database {
        DatabaseKind::Sqlite => {
            // Closed as soon as it is changed: a log beside it is no part of a backup.
            let copy = place.join("database.sqlite");
            let mut copy = SqliteConnection::establish(copy.to_str().unwrap()).unwrap();
            copy.batch_execute("ALTER TABLE chains RENAME TO gone").unwrap();
        }
        DatabaseKind::Postgres => {
            // Tablets of people who are not there.
            let nobody = zstd::encode_all(&b""[..], 3).unwrap();
            std::fs::write(place.join("users.copy.zst"), nobody).unwrap();
        }
    }
    let refused = rehearse().expect_err("it can't be restored").to_string();
    let why = match stage.backend.database {
        DatabaseKind::Sqlite => "no such table",
        DatabaseKind::Postgres => "foreign key",
    };
    assert!(refused.contains(why), "{refused}");
    if stage.backend.database == DatabaseKind::Postgres {
        let left = "SELECT nspname::text AS name FROM pg_namespace WHERE nspname LIKE 'ruhu%'";
        assert_eq!(names(&stage, left).await, BTreeSet::new());
    }
});

story!(every_table_is_backed_up, async |stage| {
    let query = match stage.backend.database {
        harness::DatabaseKind::Sqlite => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        harness::DatabaseKind::Postgres => {
            "SELECT table_name::text AS name FROM information_schema.tables \
             WHERE table_schema = 'public'"
        }
    };
    let mut found = names(&stage, query).await;
    found.retain(|name| !name.contains("diesel"));
    let written: BTreeSet<String> =
        ruhu::db::table_names().iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, written);
});

async fn names(stage: &Arc<Stage>, query: &'static str) -> BTreeSet<String> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let read =
        stage.app().read(move |connection| diesel::sql_query(query).load::<Name>(connection));
    read.await.unwrap().into_iter().map(|row| row.name).collect()
}

async fn collect(media: &MediaStore, photo: Hash) -> Vec<u8> {
    use futures_util::TryStreamExt;
    let stream = media.get(ObjectName::Blob(photo)).await.expect("it is there");
    let pieces: Vec<_> = stream.try_collect().await.expect("it is read");
    pieces.concat()
}
