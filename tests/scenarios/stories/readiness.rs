//! A media store that can't be reached is told, and costs no photo.

use std::time::Duration;

use harness::{ObjectStore, ServerProcess, story};
use tablets::photo;

use crate::uploads::hand_over_without_the_photo;

story!(without_its_media_store_the_server_is_not_ready_and_photos_wait, async |stage| {
    let (arguments, environment) = stage.process_settings_without_media();
    let server = ServerProcess::start(&arguments, &environment);
    let ready = reqwest::get(format!("{}/readyz", server.address())).await.unwrap();
    assert_eq!(ready.status().as_u16(), 503);
    assert!(ready.text().await.unwrap().contains("\"part\":\"media\""));
    let alive = reqwest::get(format!("{}/healthz", server.address())).await.unwrap();
    assert_eq!(alive.status().as_u16(), 200);

    let mut tablet = stage.tablet("cadre").await;
    tablet.go_offline().unwrap();
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let photo = tablet.keep_photo(&photo::invented(1, "2026:11:23 09:00:00", 26.2, 107.2)).unwrap();
    let drafts = tablets::day::visit(&tablet, &household, photo, 1);
    tablet.edit(drafts).unwrap();
    hand_over_without_the_photo(&mut tablet, server.address()).await;
    assert_eq!(tablet.machine().unsent(), 0, "the visit itself is handed over");
    assert_eq!(tablet.machine().unverified_blobs(), [photo], "and the photo is not given up");
    server.kill();
    tablet.go_offline().unwrap();
    tablet.sync_at(stage.address(), Duration::from_secs(60)).await.expect("the store is back");
});

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told() {
    use ruhu::media_store::{MediaStore, MediaUrl};
    let bucket = format!("missing-{}", uuid::Uuid::now_v7());
    let url = MediaUrl::S3 { bucket: bucket.clone(), prefix: String::new() };
    let store = MediaStore::open(&url, &ObjectStore::server().settings()).unwrap();
    let told = store.ready().await.unwrap_err().to_string();
    assert!(told.contains(&bucket), "{told}");
}
