//! Photos on a bad link: nothing sent twice that need not be, nothing stored that is not whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use harness::{MediaKind, Stage, story};
use mobile_schema::Hash;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tablets::link::{Link, Weather};
use tablets::{Client, HeadlessTablet, photo};

use crate::probe::{Probe, kind};

fn picture(number: u64) -> (Vec<u8>, Hash) {
    let bytes = photo::invented(number, "2026:11:23 10:00:00", 26.2, 107.2);
    let hash = Hash::of(&bytes);
    (bytes, hash)
}

/// A visit that names the photo, so that others may see it.
async fn visit_with(stage: &Arc<Stage>, bytes: &[u8]) -> HeadlessTablet {
    let mut tablet = stage.tablet("cadre").await;
    let photo = tablet.keep_photo(bytes).unwrap();
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let drafts = tablets::day::visit(&tablet, &household, photo, 1);
    tablet.edit(drafts).unwrap();
    tablet
}

async fn raw(
    client: &mut Client,
    method: Method,
    url: &str,
    headers: &[(&str, String)],
    body: Vec<u8>,
) -> reqwest::Response {
    let mut request = reqwest::Client::new()
        .request(method, url)
        .bearer_auth(client.access_token())
        .header("Tus-Resumable", "1.0.0");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(body).send().await.expect("an answer")
}

async fn problem(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: serde_json::Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    (status, body["type"].as_str().unwrap().trim_start_matches("urn:ruhu:problem:").to_owned())
}

story!(an_upload_begun_on_one_server_goes_on_at_another, async |stage| {
    let other = stage.another_replica().await;
    let mut tablet = stage.tablet("cadre").await;
    let (bytes, hash) = picture(1);
    let client = tablet.client();
    let location = client.start_upload(&hash, bytes.len(), "image/jpeg").await.unwrap();
    assert_eq!(client.upload_chunk(&location, 0, &bytes[..100_000]).await.unwrap(), 100_000);
    client.move_to(&other.address);
    assert_eq!(client.upload_offset(&location).await.unwrap(), 100_000);
    let end = client.upload_chunk(&location, 100_000, &bytes[100_000..]).await.unwrap();
    assert_eq!(end, bytes.len() as u64);
});

story!(what_arrived_before_the_link_dropped_is_kept, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let (bytes, hash) = picture(2);
    let client = tablet.client();
    let location = client.start_upload(&hash, bytes.len(), "image/jpeg").await.unwrap();
    let weather = Weather { drop_after: Some(80_000), pace: None, seed: 3 };
    let link = Link::open(stage.address(), weather).await.unwrap();
    client.move_to(&link.address());
    assert!(client.upload_chunk(&location, 0, &bytes).await.is_err(), "the link drops");
    client.move_to(stage.address());
    let kept = until_kept(client, &location).await;
    let end = client.upload_chunk(&location, kept, &bytes[kept as usize..]).await.unwrap();
    assert_eq!(end, bytes.len() as u64);
});

story!(the_newest_request_takes_over_from_one_that_is_stuck, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let (bytes, hash) = picture(3);
    let client = tablet.client();
    let location = client.start_upload(&hash, bytes.len(), "image/jpeg").await.unwrap();
    // A request that sends a little and then nothing, on a connection that stays open.
    let (sender, body) = tokio::sync::mpsc::channel::<Vec<u8>>(1);
    let body = reqwest::Body::wrap_stream(stream(body));
    let stuck = reqwest::Client::new()
        .patch(format!("{}{location}", stage.address()))
        .bearer_auth(client.access_token())
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Offset", 0)
        .header("Content-Type", "application/offset+octet-stream")
        .body(body)
        .send();
    let stuck = tokio::spawn(stuck);
    sender.send(bytes[..50_000].to_vec()).await.unwrap();
    sender.send(Vec::new()).await.unwrap();
    // The first bytes are on their way.
    let kept = until_kept(client, &location).await;
    let end = client.upload_chunk(&location, kept, &bytes[kept as usize..]).await.unwrap();
    assert_eq!(end, bytes.len() as u64);
    drop(sender);
    let status = stuck.await.unwrap().map(|response| response.status());
    assert!(!matches!(status, Ok(StatusCode::NO_CONTENT)), "the older request lost: {status:?}");
});

fn stream(
    receiver: tokio::sync::mpsc::Receiver<Vec<u8>>,
) -> impl futures_util::Stream<Item = Result<Vec<u8>, std::io::Error>> {
    futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (Ok(piece), receiver))
    })
}

story!(a_chunk_that_lies_is_refused_and_nothing_is_lost, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let (bytes, hash) = picture(4);
    let client = tablet.client();
    let location = client.start_upload(&hash, bytes.len(), "image/jpeg").await.unwrap();
    client.upload_chunk(&location, 0, &bytes[..1_000]).await.unwrap();
    let error = client.upload_chunk(&location, 2_000, &bytes[2_000..]).await.unwrap_err();
    assert_eq!(error.kind(), "offset-mismatch");
    let url = format!("{}{location}", stage.address());
    let chunk = ("Content-Type", "application/offset+octet-stream".to_owned());
    let offset = ("Upload-Offset", "1000".to_owned());
    let wrong = ("Upload-Checksum", format!("sha256 {}", BASE64.encode(Hash::of(b"x").as_bytes())));
    let headers = [chunk.clone(), offset.clone(), wrong];
    let refused = raw(client, Method::PATCH, &url, &headers, bytes[1_000..5_000].to_vec()).await;
    assert_eq!(problem(refused).await, (460, "checksum-mismatch".to_owned()));
    let too_much = raw(client, Method::PATCH, &url, &[chunk.clone(), offset], bytes.clone()).await;
    assert_eq!(problem(too_much).await, (413, "too-large".to_owned()));
    assert_eq!(client.upload_offset(&location).await.unwrap(), 1_000);
    let right = BASE64.encode(Hash::of(&bytes[1_000..5_000]).as_bytes());
    let right = ("Upload-Checksum", format!("sha256 {right}"));
    let headers = [chunk, ("Upload-Offset", "1000".to_owned()), right];
    let taken = raw(client, Method::PATCH, &url, &headers, bytes[1_000..5_000].to_vec()).await;
    assert_eq!(taken.status(), StatusCode::NO_CONTENT);
    let end = client.upload_chunk(&location, 5_000, &bytes[5_000..]).await.unwrap();
    assert_eq!(end, bytes.len() as u64);
});

story!(a_file_with_another_hash_is_thrown_away_and_can_be_sent_again, async |stage| {
    let (bytes, hash) = picture(5);
    let mut tablet = visit_with(&stage, &bytes).await;
    let client = tablet.client();
    for chunks in [1, 2] {
        let location = client.start_upload(&hash, bytes.len(), "image/jpeg").await.unwrap();
        let mut damaged = bytes.clone();
        damaged[9_999] ^= 1;
        let (first, second) = damaged.split_at(bytes.len() / chunks);
        if chunks == 2 {
            client.upload_chunk(&location, 0, first).await.unwrap();
        }
        let rest = if chunks == 2 { second } else { first };
        let at = (bytes.len() - rest.len()) as u64;
        let error = client.upload_chunk(&location, at, rest).await.unwrap_err();
        assert_eq!(error.kind(), "hash-mismatch");
        assert_eq!(client.missing(&[hash]).await.unwrap(), [hash], "it is not there");
        assert_eq!(client.upload_offset(&location).await.unwrap_err().kind(), "");
    }
    tablet.sync_at(stage.address(), Duration::from_secs(60)).await.unwrap();
    assert_eq!(tablet.client().missing(&[hash]).await.unwrap(), []);
    let back = tablet.client().bytes(&format!("/api/v1/media/{hash}")).await.unwrap();
    assert_eq!(Hash::of(&back), hash);
});

story!(a_photo_in_many_chunks_comes_back_whole, async |stage| {
    let (mut bytes, _) = picture(6);
    while bytes.len() < 9 * 1024 * 1024 {
        let copy = bytes.clone();
        bytes.extend(copy);
    }
    let mut tablet = visit_with(&stage, &bytes).await;
    tablet.sync_at(stage.address(), Duration::from_secs(60)).await.unwrap();
    let path = format!("/api/v1/media/{}", Hash::of(&bytes));
    assert_eq!(tablet.client().bytes(&path).await.unwrap(), bytes);
});

story!(nobody_learns_of_a_photo_that_is_not_theirs, async |stage| {
    let (bytes, hash) = picture(7);
    let mut owner = visit_with(&stage, &bytes).await;
    owner.sync_at(stage.address(), Duration::from_secs(60)).await.unwrap();
    let mut stranger = stage.tablet("cadre3").await;
    assert_eq!(stranger.client().missing(&[hash]).await.unwrap(), [hash]);
    let error = stranger.client().bytes(&format!("/api/v1/media/{hash}")).await.unwrap_err();
    assert_eq!(error.kind(), "not-found");
    let mut neighbour = stage.tablet("cadre2").await;
    assert_eq!(neighbour.client().missing(&[hash]).await.unwrap(), []);
    let location = owner.client().start_upload(&hash, bytes.len(), "image/jpeg").await.unwrap();
    let error = neighbour.client().upload_chunk(&location, 0, &bytes).await.unwrap_err();
    assert_eq!(error.kind(), "upload-gone", "another tablet's upload");

    // Who knows its hash and names it gets nothing by that, until they send the bytes themselves.
    let household = stranger.rows().find(|row| row.collection == "household").unwrap().clone();
    let mut visit = tablets::day::visit(&stranger, &household, hash, 1);
    visit.truncate(1);
    let mut probe = Probe { incarnation: uuid::Uuid::now_v7(), next: 1, tablet: stranger };
    let mut op = probe.op("visit", visit[0].record, None, json!(visit[0].change));
    (op["blobs"], op["scope"]) = (json!([hash]), json!(visit[0].scope));
    assert_eq!(kind(&probe.push(&[op]).await[0]), "applied");
    let path = format!("/api/v1/media/{hash}");
    let client = probe.tablet.client();
    assert_eq!(client.missing(&[hash]).await.unwrap(), [hash]);
    for path in [path.clone(), format!("{path}/thumbnails/320")] {
        assert_eq!(client.bytes(&path).await.unwrap_err().kind(), "not-found");
    }
    let location = client.start_upload(&hash, bytes.len(), "image/jpeg").await.unwrap();
    client.upload_chunk(&location, 0, &bytes).await.unwrap();
    assert_eq!(client.bytes(&path).await.unwrap(), bytes);
});

story!(an_upload_that_is_given_up_or_expired_is_gone, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let (bytes, hash) = picture(8);
    let client = tablet.client();
    let location = client.start_upload(&hash, bytes.len(), "image/jpeg").await.unwrap();
    client.upload_chunk(&location, 0, &bytes[..5_000]).await.unwrap();
    let url = format!("{}{location}", stage.address());
    let gone = raw(client, Method::DELETE, &url, &[], Vec::new()).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let error = client.upload_chunk(&location, 5_000, &bytes[5_000..]).await.unwrap_err();
    assert_eq!(error.kind(), "upload-gone");

    let location = client.start_upload(&hash, bytes.len(), "image/jpeg").await.unwrap();
    client.upload_chunk(&location, 0, &bytes[..5_000]).await.unwrap();
    expire_uploads(&stage).await;
    let error = client.upload_chunk(&location, 5_000, &bytes[5_000..]).await.unwrap_err();
    assert_eq!(error.kind(), "upload-gone");
    ruhu::media::sweep(stage.app()).await.unwrap();
    assert_eq!(unfinished(&stage).await, 0);
});

async fn expire_uploads(stage: &Stage) {
    use diesel::prelude::*;
    use ruhu::db::Timestamp;
    use ruhu::db::schema::uploads::dsl::{expires_at, uploads};
    let all = stage.app().write(|connection| {
        diesel::update(uploads).set(expires_at.eq(Timestamp(0))).execute(connection)
    });
    all.await.unwrap();
}

async fn unfinished(stage: &Stage) -> i64 {
    use diesel::prelude::*;
    use ruhu::db::schema::upload_parts::dsl::upload_parts;
    stage.app().read(|connection| upload_parts.count().get_result(connection)).await.unwrap()
}

story!(headers_that_make_no_sense_are_refused_in_words, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let url = format!("{}/sync/v1/uploads", stage.address());
    let options = raw(tablet.client(), Method::OPTIONS, &url, &[], Vec::new()).await;
    assert_eq!(options.headers()["Tus-Version"], "1.0.0");
    let length = |length: &str| ("Upload-Length", length.to_owned());
    let cases = [
        (vec![length("many")], 400, "malformed"),
        (vec![length("99999999999")], 413, "too-large"),
        (vec![length("5"), ("Upload-Metadata", "sha256 !".to_owned())], 400, "malformed"),
    ];
    for (headers, status, kind) in cases {
        let refused = raw(tablet.client(), Method::POST, &url, &headers, Vec::new()).await;
        assert_eq!(problem(refused).await, (status, kind.to_owned()), "{headers:?}");
    }
    let old = reqwest::Client::new()
        .post(&url)
        .bearer_auth(tablet.client().access_token())
        .header("Tus-Resumable", "0.2.2")
        .send();
    assert_eq!(problem(old.await.unwrap()).await, (412, "tus-version".to_owned()));
});

/// Asks until the server has noticed that the connection is gone.
async fn until_kept(client: &mut Client, location: &str) -> u64 {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let kept = client.upload_offset(location).await.unwrap();
        if kept > 0 {
            return kept;
        }
        assert!(Instant::now() < deadline, "what came through is kept");
        // A tablet may ask so often and no more.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

story!(what_is_missing_changed_or_named_by_nothing_in_the_store_is_told, async |stage| {
    use ruhu::db::Timestamp;
    use ruhu::media;
    use ruhu::media_store::ObjectName;
    let (one, first) = picture(1);
    let (two, second) = picture(2);
    let (three, third) = picture(3);
    for bytes in [&one, &two, &three] {
        let mut tablet = visit_with(&stage, bytes).await;
        tablet.sync_again(Duration::from_secs(60)).await.unwrap();
    }
    let app = stage.app();
    let check = async |hashing, now| {
        media::check(&app.database, &app.media, hashing, now).await.expect("it is gone through")
    };
    let now = Timestamp::now();
    let found = check(true, now).await;
    assert!(found.is_whole() && found.well == 3, "{found:?}");
    assert_eq!((found.orphaned, found.unnamed), (vec![], vec![]));
    app.media.delete(ObjectName::Blob(first)).await.unwrap();
    app.media.delete(ObjectName::Blob(second)).await.unwrap();
    app.media.put(ObjectName::Blob(second), two[..1_000].to_vec().into()).await.unwrap();
    let orphan = Hash::of(b"left behind");
    app.media.put(ObjectName::Blob(orphan), b"left behind".as_slice().into()).await.unwrap();
    let found = check(false, now).await;
    assert_eq!((found.well, &found.missing, &found.changed), (2, &vec![first], &vec![]));
    let found = check(true, now).await;
    assert_eq!((found.missing, found.changed, found.well), (vec![first], vec![second], 1));
    assert_eq!(found.orphaned, [orphan]);
    // Nothing names it any more; a month later it is told.
    let hex = third.to_string();
    let hash = match stage.backend.database {
        harness::DatabaseKind::Sqlite => format!("x'{hex}'"),
        harness::DatabaseKind::Postgres => format!("'\\x{hex}'"),
    };
    let statement = format!("DELETE FROM blob_references WHERE hash = {hash}");
    let done: Result<usize, ruhu::db::Failed> = app
        .database
        .write(move |connection| {
            use diesel::RunQueryDsl;
            Ok(diesel::sql_query(statement.as_str()).execute(connection)?)
        })
        .await;
    assert_eq!(done.unwrap(), 1);
    assert_eq!(check(false, now).await.unnamed, []);
    assert_eq!(check(false, now.plus_seconds(31 * 24 * 3600)).await.unnamed, [third]);
});

story!(originals_come_from_the_bucket_itself_where_that_is_wanted, async |stage| {
    let (bytes, hash) = picture(12);
    let mut tablet = visit_with(&stage, &bytes).await;
    tablet.sync_at(stage.address(), Duration::from_secs(60)).await.unwrap();
    let direct = stage.direct_replica().await;
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = format!("{}/api/v1/media/{hash}", direct.address);
    let token = tablet.client().access_token().to_owned();
    let answer = client.get(&url).bearer_auth(&token).send().await.unwrap();
    let answer = match stage.backend.media {
        MediaKind::Folder => answer,
        MediaKind::S3 => {
            assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
            let link = answer.headers()["location"].to_str().unwrap().to_owned();
            assert!(
                !link.starts_with(&direct.address) && link.contains("X-Amz-Expires=300"),
                "{link}"
            );
            // A link that was changed opens nothing.
            let changed = link.replace("X-Amz-Expires=300", "X-Amz-Expires=30000");
            assert_eq!(client.get(changed).send().await.unwrap().status(), StatusCode::FORBIDDEN);
            client.get(link).send().await.unwrap()
        }
    };
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.bytes().await.unwrap(), bytes);
    let stranger = stage.neighbour().await;
    let refused = client.get(&url).bearer_auth(stranger.access_token()).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
});
