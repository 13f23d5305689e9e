//! The server dies in the middle; what a tablet was told is saved is there.

use std::time::{Duration, Instant};

use harness::{ServerProcess, Stage, story};
use reqwest::Method;
use ruhu::db::Key;
use tablets::HeadlessTablet;

story!(a_server_that_is_killed_again_and_again_loses_and_doubles_nothing, async |stage| {
    let (arguments, environment) = stage.process_settings();
    let mut tablet = stage.tablet("cadre").await;
    let households: Vec<_> =
        tablet.rows().filter(|row| row.collection == "household").take(6).cloned().collect();
    let (mut kills, mut patience) = (0, Duration::from_millis(150));
    for (round, household) in households.iter().enumerate() {
        tablet.go_offline().unwrap();
        for visit in 0..5 {
            let bytes = tablets::photo::invented(
                (round * 10 + visit) as u64,
                "2026:11:23 09:00:00",
                26.2,
                107.2,
            );
            let photo = tablet.keep_photo(&bytes).unwrap();
            let drafts = tablets::day::visit(&tablet, household, photo, visit as u64);
            tablet.edit(drafts).unwrap();
        }
        let server = ServerProcess::start(&arguments, &environment);
        let address = server.address().to_owned();
        let synced =
            tokio::time::timeout(patience, tablet.sync_at(&address, Duration::from_secs(60)));
        // Long enough for part of the work: shorter each time, and by half where all was done.
        patience = if synced.await.is_err() {
            kills += 1;
            patience * 4 / 5
        } else {
            patience / 2
        };
        server.kill();
    }
    assert!(kills > 0, "at least one kill came in the middle of a sync");
    tablet.go_offline().unwrap();
    let server = ServerProcess::start(&arguments, &environment);
    tablet.sync_at(server.address(), Duration::from_secs(60)).await.expect("all is handed over");
    let mut admin = stage.person("admin").await;
    let page =
        admin.call(Method::GET, "/api/v1/records?collection=visit&limit=500", None).await.unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 30, "each visit is there once");
    for item in page["items"].as_array().unwrap() {
        let photo = item["fields"]["8"][0].as_str().unwrap();
        let bytes = admin.bytes(&format!("/api/v1/media/{photo}?reason=test")).await.unwrap();
        assert_eq!(mobile_schema::Hash::of(&bytes).to_string(), photo);
    }
});

story!(a_tablet_that_is_killed_goes_on_from_its_store, async |stage| {
    let code = stage.enrolment_code("cadre").await;
    let folder = stage.tablet_folder();
    let mut tablet = HeadlessTablet::enrol(stage.address(), &folder, &code, "甲").await.unwrap();
    tablet.sync_at(stage.address(), Duration::from_secs(60)).await.unwrap();
    tablet.go_offline().unwrap();
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let photo = tablet.keep_photo(&tablets::photo::invented(1, "2026:11:23 09:00:00", 26.2, 107.2));
    let drafts = tablets::day::visit(&tablet, &household, photo.unwrap(), 3);
    tablet.edit(drafts).unwrap();
    let shown = tablet.view(household.id);
    drop(tablet);
    let mut again = HeadlessTablet::open(stage.address(), &folder).await.unwrap();
    assert_eq!(again.view(household.id), shown, "the person sees the same");
    again.sync_at(stage.address(), Duration::from_secs(60)).await.unwrap();
    let mut admin = stage.person("admin").await;
    let page = admin.call(Method::GET, "/api/v1/records?collection=visit", None).await.unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
});

story!(a_server_told_to_stop_finishes_what_has_begun, async |stage| {
    let (arguments, environment) = stage.process_settings();
    let server = ServerProcess::start(&arguments, &environment);
    let mut tablet = stage.tablet("cadre").await;
    let token = tablet.client().access_token().to_owned();
    let bytes = tablets::photo::invented(9, "2026:11:23 09:00:00", 26.2, 107.2);
    let hash = mobile_schema::Hash::of(&bytes);
    tablet.client().move_to(server.address());
    let location = tablet.client().start_upload(&hash, bytes.len(), "image/jpeg").await.unwrap();
    let holder = holder(&stage, &location).await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Vec<u8>>(1);
    let body = futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (Ok::<_, std::io::Error>(piece), receiver))
    });
    let request = reqwest::Client::new()
        .patch(format!("{}{location}", server.address()))
        .bearer_auth(token)
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Offset", 0)
        .header("Content-Type", "application/offset+octet-stream")
        .body(reqwest::Body::wrap_stream(body))
        .send();
    let request = tokio::spawn(request);
    sender.send(bytes[..1_000].to_vec()).await.unwrap();
    until_begun(&stage, &location, holder).await;
    let stopping = tokio::task::spawn_blocking(move || server.stop());
    sender.send(bytes[1_000..].to_vec()).await.unwrap();
    drop(sender);
    let answer = request.await.unwrap().expect("the answer comes");
    assert_eq!(answer.status().as_u16(), 204);
    stopping.await.unwrap();
    let left = tablet.client();
    left.move_to(stage.address());
    let gone = left.upload_offset(&location).await.unwrap_err();
    assert_eq!(format!("{gone}").split(' ').next(), Some("410"), "it was finished");
});

/// Which request may write the upload.
async fn holder(stage: &Stage, location: &str) -> Key {
    use diesel::prelude::*;
    use ruhu::db::schema::uploads::dsl;
    let id: uuid::Uuid = location.rsplit('/').next().unwrap().parse().unwrap();
    let held = stage
        .app()
        .read(move |connection| dsl::uploads.find(Key(id)).select(dsl::holder).first(connection));
    held.await.unwrap()
}

/// Waits until the server has begun with a request that writes the upload.
async fn until_begun(stage: &Stage, location: &str, before: Key) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while holder(stage, location).await == before {
        assert!(Instant::now() < deadline, "the server never began");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
