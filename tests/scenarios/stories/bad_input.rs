//! Rubbish gets a clear problem, in the caller's language, and nothing is lost.

use std::io::Write;

use harness::story;
use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Value as Json, json};
use sync_protocol::limits::MAX_OPS;

use crate::probe::Probe;

struct Answer {
    status: u16,
    kind: String,
    body: Json,
}

async fn post(url: &str, token: &str, encoding: &str, body: Vec<u8>) -> Answer {
    let response = reqwest::Client::new()
        .post(url)
        .bearer_auth(token)
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_ENCODING, encoding)
        .header(ACCEPT_LANGUAGE, "en")
        .body(body)
        .send()
        .await
        .expect("an answer");
    let status = response.status().as_u16();
    let media_type = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    let body: Json = serde_json::from_slice(&response.bytes().await.unwrap()).expect("JSON");
    if status >= 400 {
        assert_eq!(media_type, "application/problem+json");
        assert_eq!(body["status"], status);
    }
    let kind = body["type"].as_str().unwrap_or_default();
    Answer { status, kind: kind.trim_start_matches("urn:ruhu:problem:").to_owned(), body }
}

story!(more_operations_than_are_taken_at_once_are_refused_and_none_is_kept, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let url = format!("{}/sync/v1/sync", stage.address());
    let token = probe.tablet.client().access_token().to_owned();
    let many = vec![json!("rubbish"); MAX_OPS + 1];
    let body = probe.request(1, &many).to_string().into_bytes();
    let answer = post(&url, &token, "identity", body).await;
    assert_eq!((answer.status, answer.kind.as_str()), (413, "too-large"), "{}", answer.body);
    assert_eq!((&answer.body["limit"], &answer.body["detail"]), (&json!(MAX_OPS), &json!("ops")));
    let taken = probe.push(&many[..MAX_OPS]).await;
    assert_eq!(taken.len(), MAX_OPS, "the chain still begins here");
});

story!(malformed_bodies_are_told_where_they_are_wrong, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let url = format!("{}/sync/v1/sync", stage.address());
    let good = probe.request(1, &[]);
    let with = |name: &str, value: Json| {
        let mut request = good.clone();
        request[name] = value;
        request.to_string().into_bytes()
    };
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"{".to_vec(), "EOF"),
        (b"\xff\xfe".to_vec(), "expected value"),
        (with("protocol", json!("one")), "invalid type"),
        (with("surprise", json!(1)), "unknown field"),
        (with("cursors", json!({ "a b": 1 })), "scope"),
        (with("first_seq", json!(0)), "first_seq"),
        (with("first_seq", json!(-1)), "invalid value"),
        (with("epoch", json!("x")), "epoch"),
        (deep.into_bytes(), "invalid type"),
        ([good.to_string().into_bytes(), b"{}".to_vec()].concat(), "trailing"),
    ];
    let token = probe.tablet.client().access_token().to_owned();
    for (body, word) in cases {
        let answer = post(&url, &token, "identity", body).await;
        assert_eq!((answer.status, answer.kind.as_str()), (400, "malformed"), "{}", answer.body);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{detail} should speak of {word}");
    }
    let foreign = with("device", json!(uuid::Uuid::now_v7()));
    assert_eq!(post(&url, &token, "identity", foreign).await.kind, "mismatch");
    let answer = post(&url, &token, "identity", good.to_string().into_bytes()).await;
    assert_eq!(answer.status, 200, "and a good one still goes through");
});

story!(what_is_too_large_is_refused_before_and_after_decompression, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let url = format!("{}/sync/v1/sync", stage.address());
    let token = probe.tablet.client().access_token().to_owned();
    let bomb = zstd::encode_all(&vec![b' '; 100 * 1024 * 1024][..], 19).unwrap();
    let answer = post(&url, &token, "zstd", bomb).await;
    assert_eq!((answer.status, answer.kind.as_str()), (413, "too-large"));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b' '; 100 * 1024 * 1024]).unwrap();
    let answer = post(&url, &token, "gzip", gzip.finish().unwrap()).await;
    assert_eq!((answer.status, answer.kind.as_str()), (413, "too-large"));
    assert_eq!(post(&url, &token, "zstd", b"rubbish".to_vec()).await.kind, "malformed");
    assert_eq!(post(&url, &token, "br", b"{}".to_vec()).await.kind, "unsupported-media-type");
    let many = vec![json!(1); 1_001];
    let many = probe.request(1, &many).to_string().into_bytes();
    let answer = post(&url, &token, "identity", many).await;
    assert_eq!((answer.kind.as_str(), &answer.body["limit"]), ("too-large", &json!(1_000)));
    let hashes = json!({ "hashes": vec!["0".repeat(64); 1_001] }).to_string().into_bytes();
    let missing = format!("{}/sync/v1/blobs/missing", stage.address());
    assert_eq!(post(&missing, &token, "identity", hashes).await.kind, "too-large");
});

story!(a_hundred_megabytes_are_not_read, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let token = probe.tablet.client().access_token().to_owned();
    let refused = reqwest::Client::new()
        .post(format!("{}/sync/v1/sync", stage.address()))
        .bearer_auth(&token)
        .header(CONTENT_TYPE, "application/json")
        .body(vec![b' '; 100 * 1024 * 1024])
        .send()
        .await;
    // The server answers and hangs up; a client still busy sending may see only the latter.
    if let Ok(response) = refused {
        assert_eq!(response.status().as_u16(), 413);
    }
    let household = probe.household(0);
    let op = probe.address(&household, "照常");
    assert_eq!(probe.push(&[op]).await.len(), 1);
});

story!(an_operation_that_is_too_large_is_refused_before_it_is_acknowledged, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let (first, second) = (probe.household(0), probe.household(1));
    let small = probe.address(&second, "短");
    let large = probe.address(&first, &"长".repeat(400_000));
    let request = probe.request(1, &[small.clone(), large]);
    let url = format!("{}/sync/v1/sync", stage.address());
    let token = probe.tablet.client().access_token().to_owned();
    let answer = post(&url, &token, "identity", request.to_string().into_bytes()).await;
    assert_eq!((answer.status, answer.kind.as_str()), (413, "too-large"));
    assert_eq!(answer.body["seq"], 2, "which one it is");
    let outcomes = probe.push(&[small]).await;
    assert_eq!(crate::probe::kind(&outcomes[0]), "applied", "nothing of it was taken before");
});

story!(of_what_is_no_operation_the_head_is_kept, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let rubbish = json!({ "rubbish": "x".repeat(300_000) });
    let outcomes = probe.push(&[rubbish.clone(), json!({ "rubbish": "short" })]).await;
    assert!(outcomes.iter().all(|one| crate::probe::kind(one) == "rejected(malformed)"));
    let mut supervisor = stage.person("supervisor").await;
    let held = supervisor
        .call(reqwest::Method::GET, "/api/v1/quarantine?reason=核对", None)
        .await
        .unwrap();
    let of = |seq: u64| {
        let all = held.as_array().unwrap().iter();
        all.clone().find(|one| one["seq"] == seq).unwrap()["op"].clone()
    };
    let kept = of(1);
    assert_eq!(kept["length"], rubbish.to_string().len());
    let hash = mobile_schema::Hash::of(rubbish.to_string().as_bytes());
    assert_eq!(kept["hash"], hash.to_string());
    assert!(kept["head"].as_str().unwrap().len() < 2_000);
    assert_eq!(of(2), json!({ "rubbish": "short" }));
    // The same again is known again.
    let again = probe.request(1, &[rubbish]);
    assert_eq!(probe.send(&again).await.unwrap()["result"], "ok");
});

story!(tokens_that_are_not_ours_are_refused, async |stage| {
    let url = format!("{}/sync/v1/sync", stage.address());
    let mut probe = Probe::new(&stage, "cadre").await;
    let good = probe.tablet.client().access_token().to_owned();
    let (head, rest) = good.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let none = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#);
    for token in [
        String::new(),
        "rubbish".to_owned(),
        format!("{head}.{claims}."),
        format!("{none}.{claims}."),
        format!("{head}.{}.{signature}", &claims[1..]),
    ] {
        let answer = post(&url, &token, "identity", b"{}".to_vec()).await;
        assert_eq!((answer.status, answer.kind.as_str()), (401, "unauthenticated"), "{token}");
    }
    let mut person = stage.person("cadre").await;
    let answer = post(&url, person.access_token(), "identity", b"{}".to_vec()).await;
    assert_eq!(answer.kind, "tablet-only");
    person.refresh().await.unwrap();
});

story!(problems_are_told_in_the_callers_language, async |stage| {
    let url = format!("{}/nowhere", stage.address());
    let ask = async |language: &str| {
        let request = reqwest::Client::new().get(&url).header(ACCEPT_LANGUAGE, language);
        let body = request.send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice::<Json>(&body).unwrap()["title"].as_str().unwrap().to_owned()
    };
    assert_eq!(ask("zh-CN,zh;q=0.9,en;q=0.8").await, "没有这个内容，或您无权查看。");
    assert_eq!(ask("en-GB").await, "There is no such thing, or you may not see it.");
    assert_eq!(ask("").await, "没有这个内容，或您无权查看。");
    let bad = reqwest::Client::new().get(format!("{}/api/v1/records?collection", stage.address()));
    let status = bad.send().await.unwrap().status().as_u16();
    assert_eq!(status, 401, "rights come before words about the query");
});
