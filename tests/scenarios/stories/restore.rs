//! Yesterday's backup is restored, and the tablets bring the day back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use harness::{DatabaseKind, ServerProcess, Stage, ruhu_binary, story};
use mobile_schema::Hash;
use reqwest::Method;
use ruhu::backup;
use ruhu::db::{DatabaseUrl, Timestamp};
use ruhu::media_store::{MediaStore, ObjectName};
use serde_json::json;
use sync_protocol::{Lineage, Row};
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

pub(crate) fn how(stage: &Stage) -> backup::How<'_> {
    let keys = &stage.config().sealing_keys;
    backup::How { replace: false, keys, without_keys: false }
}

/// Runs a command of the program on this stage, but over another database; gives whether it went
/// well, and all it said.
fn run(stage: &Stage, database: &DatabaseUrl, arguments: &[&str]) -> (bool, String) {
    let (_, mut environment) = stage.process_settings();
    let url = match database {
        DatabaseUrl::Sqlite(path) => format!("sqlite://{}", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    environment.retain(|(name, _)| name != "RUHU_DATABASE_URL");
    environment.push(("RUHU_DATABASE_URL".to_owned(), url));
    let mut command = std::process::Command::new(ruhu_binary());
    let ran = command.args(arguments).envs(environment).env("LANG", "C").output().expect("it runs");
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// What a restore left beside the database.
fn arriving(stage: &Stage) -> Vec<String> {
    let entries = std::fs::read_dir(stage.folder()).expect("a folder");
    let names = entries.map(|entry| entry.expect("a file").file_name().into_string());
    names.map(|name| name.expect("letters")).filter(|name| name.contains(".arriving")).collect()
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
    let restored = backup::restore(&url, &media, &place, how(&stage), |_, _| {}).await.unwrap();
    assert_eq!((restored.photos, restored.missing.len()), (1, 0));
    let again = backup::restore(&url, &media, &place, how(&stage), |_, _| {}).await;
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
    backup::restore(&url, &media, &place, how(&stage), |_, _| {}).await.unwrap();
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

story!(media_older_than_the_database_are_restored_and_photos_asked_for_again, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let (there, lacking) = (visit(&mut tablet, 0, 1), visit(&mut tablet, 1, 2));
    tablet.sync_again(LIMIT).await.unwrap();
    // Both were looked at; one waits to be looked at once more.
    ruhu::jobs::run_due(stage.app()).await.unwrap();
    let mut admin = stage.person("admin").await;
    let look = |photo: Hash| format!("/api/v1/media/{photo}/thumbnails/320");
    admin.bytes(&look(lacking)).await.expect("it was looked at");
    let place = make_backup(&stage).await;
    // The media were copied before the second photo came.
    let config = stage.config();
    let media = MediaStore::open(&config.media, &config.s3).unwrap();
    media.delete(ObjectName::Blob(lacking)).await.unwrap();
    let url = stage.empty_database();
    let (well, said) = run(&stage, &url, &["restore", place.to_str().unwrap()]);
    assert!(well, "{said}");
    assert!(said.contains("1 are not; tablets that have them send them again"), "{said}");
    assert!(said.contains(&lacking.to_string()) && !said.contains(&there.to_string()), "{said}");

    let server = stage.on_database(url).await;
    tablet.client().move_to(&server.address);
    tablet.client().refresh().await.unwrap();
    tablet.sync_at(&server.address, LIMIT).await.unwrap();
    let mut admin = admin_at(&server.address).await;
    for photo in [there, lacking] {
        let bytes = admin.bytes(&format!("/api/v1/media/{photo}?reason=test")).await.unwrap();
        assert_eq!(Hash::of(&bytes), photo);
    }
    ruhu::jobs::run_due(&server.app).await.unwrap();
    admin.bytes(&look(lacking)).await.expect("it was looked at anew");
});

story!(photos_that_are_put_back_after_a_restore_are_found, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let photos = [visit(&mut tablet, 0, 1), visit(&mut tablet, 1, 2)];
    tablet.sync_again(LIMIT).await.unwrap();
    let place = make_backup(&stage).await;
    let config = stage.config();
    let media = MediaStore::open(&config.media, &config.s3).unwrap();
    let mut kept = Vec::new();
    for photo in photos {
        kept.push(collect(&media, photo).await);
        media.delete(ObjectName::Blob(photo)).await.unwrap();
    }
    let url = stage.empty_database();
    let restored = backup::restore(&url, &media, &place, how(&stage), |_, _| {}).await.unwrap();
    assert_eq!(restored.missing.len(), 2);
    let check = || run(&stage, &url, &["media", "check", "--quick"]);
    let (well, said) = check();
    assert!(well && said.contains("2 named and not here, 0 put back"), "{said}");
    assert!(said.contains(&format!("{} named by records and not here", photos[0])), "{said}");

    // One is put back as it was, the other damaged.
    media.put(ObjectName::Blob(photos[0]), kept[0].clone().into()).await.unwrap();
    media.put(ObjectName::Blob(photos[1]), kept[1][..500].to_vec().into()).await.unwrap();
    let (well, said) = check();
    assert!(!well && said.contains("1 changed, 0 named and not here, 1 put back"), "{said}");
    assert!(said.contains(&format!("{} was put back", photos[0])), "{said}");
    media.delete(ObjectName::Blob(photos[1])).await.unwrap();
    let (well, said) = check();
    let told = "1 as they should be, 0 missing, 0 changed, 1 named and not here, 0 put back";
    assert!(well && said.contains(told), "{said}");
    // It is seen and looked at as before.
    let server = stage.on_database(url).await;
    ruhu::jobs::run_due(&server.app).await.unwrap();
    let mut admin = admin_at(&server.address).await;
    let bytes = admin.bytes(&format!("/api/v1/media/{}?reason=test", photos[0])).await.unwrap();
    assert_eq!(Hash::of(&bytes), photos[0]);
    admin.bytes(&format!("/api/v1/media/{}/thumbnails/320", photos[0])).await.expect("a picture");
});

/// Follows the database up to now; the other one is as the first was then, and nobody says so.
async fn lagging_copy(stage: &Stage) -> impl FnOnce() -> DatabaseUrl {
    let folder = stage.folder().join("follower");
    std::fs::create_dir_all(&folder).unwrap();
    let query = "SELECT version AS name FROM __diesel_schema_migrations ORDER BY version";
    let last = names_in_order(stage, query).await.pop().unwrap();
    let (files, ()) = ruhu::db::dump(&stage.config().database, &folder, |_| Ok(())).unwrap();
    let url = stage.empty_database();
    move || {
        ruhu::db::fill(&url, &folder, &files, &last, false, |_| Ok(())).unwrap();
        url
    }
}

story!(
    a_database_that_went_back_is_noticed_and_begins_an_epoch_where_it_is_proved,
    async |stage| {
        let (mut one, mut two) = (stage.tablet("cadre").await, stage.tablet("cadre2").await);
        let take_over = lagging_copy(&stage).await;
        let photos = [visit(&mut one, 1, 1), visit(&mut two, 2, 2)];
        for tablet in [&mut one, &mut two] {
            tablet.sync_again(LIMIT).await.unwrap();
        }
        let before = one.machine().identity().epoch;
        let server = stage.on_database(take_over()).await;
        let ready = async || {
            let answer = reqwest::get(format!("{}/readyz", server.address)).await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        // An answer counts for two seconds.
        let told = async |wanted: &dyn Fn(&str) -> bool| {
            let begun = std::time::Instant::now();
            loop {
                let (status, told) = ready().await;
                assert_eq!(status, 200, "{told}");
                if wanted(&told) {
                    return;
                }
                assert!(begun.elapsed() < LIMIT, "{told}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let is_quiet = |told: &str| told == "ready\n";
        told(&is_quiet).await;

        // One tablet may be mistaken: it is told of, and brings back what it has.
        one.client().move_to(&server.address);
        one.sync_at(&server.address, LIMIT).await.unwrap();
        assert_eq!(one.machine().identity().epoch, before);
        told(&|told| told.contains("1 tablets know more than this database")).await;
        let mut admin = admin_at(&server.address).await;
        let bytes = async |admin: &mut Client, photo: Hash| {
            admin.bytes(&format!("/api/v1/media/{photo}?reason=test")).await
        };
        assert_eq!(Hash::of(&bytes(&mut admin, photos[0]).await.unwrap()), photos[0]);
        // Another's tablet says the same: that is proof, and everybody looks again at what they thought
        // safe.
        two.client().move_to(&server.address);
        two.sync_at(&server.address, LIMIT).await.unwrap();
        two.sync_again(LIMIT).await.unwrap();
        let begun = two.machine().identity().epoch;
        assert_ne!(begun, before);
        told(&is_quiet).await;
        one.sync_again(LIMIT).await.unwrap();
        assert_eq!(one.machine().identity().epoch, begun);
        assert_eq!(visits(&mut admin).await.len(), 2, "each is there once");
        for photo in photos {
            assert_eq!(Hash::of(&bytes(&mut admin, photo).await.unwrap()), photo);
        }
    }
);

story!(
    a_replica_that_has_not_heard_of_an_epoch_writes_nothing_as_of_the_one_before,
    async |stage| {
        let other = stage.another_replica().await;
        let mut tablet = stage.tablet("cadre").await;
        visit(&mut tablet, 1, 1);
        tablet.sync_again(LIMIT).await.unwrap();
        let mut supervisor = stage.person("supervisor").await;
        let begun =
            stage.app().write(|connection| backup::begin_epoch(connection, Timestamp::now()));
        let begun = begun.await.unwrap().current();
        assert_ne!(other.app.lineage.current(), begun, "nobody has told it");

        // What is done in a browser is done as of now.
        supervisor.move_to(&other.address);
        let decided = visits(&mut supervisor).await.remove(0);
        let body =
            json!({ "version": decided["version"], "verdict": "approved", "reason": "看过" });
        let path = format!("/api/v1/visits/{}/decisions", decided["id"].as_str().unwrap());
        supervisor.call(Method::POST, &path, Some(&body)).await.unwrap();
        assert_eq!(other.app.lineage.current(), begun);

        // A tablet is told at once that it is another life, and brings what it has once more.
        let third = stage.another_replica().await;
        third.app.lineage.set(Lineage::new([], tablet.machine().identity().epoch.unwrap()));
        visit(&mut tablet, 2, 2);
        tablet.client().move_to(&third.address);
        tablet.sync_at(&third.address, LIMIT).await.unwrap();
        tablet.sync_again(LIMIT).await.unwrap();
        assert_eq!(tablet.machine().identity().epoch, Some(begun));
        let written = stage.app().read(|connection| {
            use ruhu::db::schema::records::dsl;
            let visits = dsl::records.filter(dsl::collection.eq("visit"));
            visits.select(dsl::epoch).load::<i64>(connection)
        });
        assert_eq!(written.await.unwrap(), [begun.0 as i64; 2]);
    }
);

story!(a_token_that_a_database_knows_nothing_of_proves_that_it_went_back, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let take_over = lagging_copy(&stage).await;
    visit(&mut tablet, 1, 1);
    tablet.sync_again(LIMIT).await.unwrap();
    let before = tablet.machine().identity().epoch;
    let server = stage.on_database(take_over()).await;
    // The tablet's token was renewed minutes after the copy had stopped to follow.
    let earlier = match stage.backend.database {
        DatabaseKind::Sqlite => "UPDATE sessions SET rotated_at = rotated_at - 300000000",
        DatabaseKind::Postgres => {
            "UPDATE sessions SET rotated_at = rotated_at - interval '5 minutes'"
        }
    };
    let set_back =
        server.app.write(move |connection| diesel::sql_query(earlier).execute(connection));
    assert!(set_back.await.unwrap() > 0);
    tablet.client().move_to(&server.address);
    tablet.sync_at(&server.address, LIMIT).await.unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    assert_ne!(tablet.machine().identity().epoch, before);
    let mut admin = admin_at(&server.address).await;
    assert_eq!(visits(&mut admin).await.len(), 1);
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
        let url = stage.empty_database();
        let refused = backup::restore(&url, &media, &place, how(&stage), |_, _| {}).await;
        let refused = refused.expect_err(&file.name).to_string();
        assert!(refused.contains(&file.name), "{refused}");
        std::fs::write(&path, good).unwrap();
    }
});

story!(a_database_that_servers_use_is_not_replaced_under_them, async |stage| {
    let place = make_backup(&stage).await;
    let url = stage.config().database.clone();
    let (arguments, environment) = stage.process_settings();
    let servers = [(); 2].map(|()| ServerProcess::start(&arguments, &environment));
    let replace = ["restore", place.to_str().unwrap(), "--replace"];
    let alone = [&["epoch", "new", "--yes"][..], &replace[..]];
    let query = "SELECT CAST(epoch AS TEXT) AS name FROM epochs ORDER BY ordinal";
    let before = names_in_order(&stage, query).await;
    for command in alone {
        let (well, said) = run(&stage, &url, command);
        assert!(!well && said.contains("stop every server first"), "{said}");
        assert!(!said.contains("has begun"), "{said}");
    }
    assert_eq!(names_in_order(&stage, query).await, before);
    // Whatever only looks, or writes as a server does, goes on beside them.
    for command in [&["media", "check", "--quick"][..], &["keys", "rotate"], &["migrate"]] {
        let (well, said) = run(&stage, &url, command);
        assert!(well, "{said}");
    }
    // However a server ends, nothing of it stays in the way.
    servers.into_iter().for_each(ServerProcess::kill);
    let (well, said) = run(&stage, &url, &["epoch", "new"]);
    assert!(!well && said.contains("nothing was done (--yes"), "{said}");
    assert_eq!(names_in_order(&stage, query).await, before);
    let (well, said) = run(&stage, &url, alone[0]);
    assert!(well && said.contains("has begun"), "{said}");
    assert_eq!(names_in_order(&stage, query).await.len(), before.len() + 1);
    let (well, said) = run(&stage, &url, alone[1]);
    match stage.backend.database {
        DatabaseKind::Sqlite => assert!(well && said.contains("is restored"), "{said}"),
        DatabaseKind::Postgres => assert!(!well && said.contains("is not empty"), "{said}"),
    }
    // Nobody begins to use it meanwhile.
    let held = ruhu::db::Hold::take(&url, ruhu::db::Use::Alone).expect("nobody uses it");
    let (well, said) = run(&stage, &url, &["notice", "keys"]);
    assert!(!well && said.contains("try again when that is done"), "{said}");
    drop(held);
    ServerProcess::start(&arguments, &environment).kill();
});

story!(a_restore_that_is_cut_off_leaves_nothing_and_can_be_tried_again, async |stage| {
    let place = make_backup(&stage).await;
    let manifest: backup::Manifest =
        serde_json::from_slice(&std::fs::read(place.join("manifest.json")).unwrap()).unwrap();
    let url = stage.empty_database();
    let last = manifest.migrations.last().unwrap();
    let cut = ruhu::db::fill(&url, &place, &manifest.files, last, false, |connection| {
        backup::begin_epoch(connection, ruhu::db::Timestamp::now())?;
        Err::<(), _>(diesel::result::Error::RollbackTransaction)
    });
    assert!(cut.is_err());
    assert_eq!(arriving(&stage), [] as [String; 0]);
    ruhu::db::check_vacant(&url, false).expect("nothing is there that a server could start on");
    let config = stage.config();
    let media = MediaStore::open(&config.media, &config.s3).unwrap();
    let restored = backup::restore(&url, &media, &place, how(&stage), |_, _| {}).await.unwrap();
    assert!(!manifest.lineage.contains(&restored.epoch), "a new life has begun");
});

story!(a_backup_that_can_not_be_restored_is_noticed_and_leaves_no_trace, async |stage| {
    let place = make_backup(&stage).await;
    let manifest: backup::Manifest =
        serde_json::from_slice(&std::fs::read(place.join("manifest.json")).unwrap()).unwrap();
    let last = manifest.migrations.last().unwrap();
    let url = &stage.config().database;
    let rehearse = || {
        ruhu::db::rehearse(url, &place, &manifest.files, last, |connection| {
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

story!(a_backup_without_its_keys_is_not_told_to_be_restored, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    visit(&mut tablet, 0, 1);
    tablet.sync_again(LIMIT).await.unwrap();
    let place = make_backup(&stage).await;
    let place = place.to_str().unwrap();
    let (url, nowhere) = (stage.empty_database(), stage.folder().join("no-keys.json"));
    let without = ["--sealing-keys", nowhere.to_str().unwrap()];
    let (well, said) = run(&stage, &url, &[&["restore", place][..], &without].concat());
    assert!(!well && said.contains("Nothing was changed"), "{said}");
    assert!(said.contains("no-keys.json lacks") && said.contains("any later one"), "{said}");
    ruhu::db::check_vacant(&url, false).expect("nothing was changed");
    assert_eq!(arriving(&stage), [] as [String; 0]);
    let anyway = [&["restore", place, "--without-sealing-keys"][..], &without].concat();
    let (well, said) = run(&stage, &url, &anyway);
    assert!(!well && said.contains("is restored") && said.contains("nobody can read"), "{said}");
    let (well, said) = run(&stage, &stage.empty_database(), &["restore", place]);
    assert!(well, "{said}");
});

story!(a_backup_that_was_cut_off_is_named_so_and_cleared_away, async |stage| {
    let folder = stage.folder().join("cut-off");
    // Killed while it was written, while another is being written, and one of another day.
    let [left, written] = ["ruhu-1.part", "ruhu-2.part"].map(|name| folder.join(name));
    for place in [&left, &written] {
        std::fs::create_dir_all(place).unwrap();
        std::fs::write(place.join("epochs.copy.zst"), b"half").unwrap();
    }
    std::fs::write(folder.join("notes.txt"), b"not a backup").unwrap();
    let lock = std::fs::File::create(written.join("being-written")).unwrap();
    lock.lock().unwrap();
    let url = stage.config().database.clone();
    let (well, said) = run(&stage, &url, &["backup", folder.to_str().unwrap()]);
    assert!(well && said.contains("ruhu-1.part, which a backup that was cut off"), "{said}");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let made = names.iter().find(|name| name.len() > 20).expect("the backup").clone();
    assert_eq!(names, ["notes.txt", "ruhu-2.part", made.as_str()]);
    assert!(!made.ends_with(".part"), "{made}");
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(folder.join(&made)).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else reads it");
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
    // What is tried on the disk, and whose turn it is, mean nothing in another database.
    found.retain(|name| name != "write_probe" && name != "turns");
    let written: BTreeSet<String> =
        ruhu::db::table_names().iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, written);
});

async fn names(stage: &Stage, query: &'static str) -> BTreeSet<String> {
    names_in_order(stage, query).await.into_iter().collect()
}

async fn names_in_order(stage: &Stage, query: &'static str) -> Vec<String> {
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
