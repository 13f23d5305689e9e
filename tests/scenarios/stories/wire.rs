//! JSON and CBOR, with and without the dictionary: the same exchange.

use data_encoding::BASE64;
use harness::{Backend, DatabaseKind, MediaKind, Stage, story};
use reqwest::Method;
use serde_json::{Value as Json, json};
use sync_protocol::SyncResponse;
use sync_protocol::encoding::canonical::op_bytes;
use sync_protocol::encoding::cbor::{self, read_response, write_request};
use sync_protocol::encoding::dictionary::{self, DICTIONARY};

use crate::probe::{Probe, kind};

async fn post(
    address: &str,
    token: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let mut request = reqwest::Client::new()
        .post(format!("{address}/sync/v1/sync"))
        .bearer_auth(token)
        .body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.bytes().await.expect("its bytes").to_vec())
}

story!(one_exchange_is_the_same_in_every_encoding, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let token = probe.tablet.client().access_token().to_owned();
    let request: sync_protocol::SyncRequest =
        serde_json::from_value(probe.request(1, &[])).unwrap();
    let plain = write_request(&request);
    let mut compressor = zstd::bulk::Compressor::with_dictionary(3, DICTIONARY).unwrap();
    let packed = dictionary::stream(&compressor.compress(&plain).unwrap());
    let held = format!(":{}:", BASE64.encode(dictionary::hash().as_bytes()));
    let as_cbor = [("Content-Type", "application/cbor"), ("Accept", "application/cbor")];
    let json = serde_json::to_vec(&request).unwrap();
    let as_json = [("Content-Type", "application/json"), ("Accept-Encoding", "identity")];
    let (status, _, one) = post(stage.address(), &token, &as_json, json).await;
    assert_eq!(status, 200);
    let (_, headers, two) =
        post(stage.address(), &token, &[&as_cbor[..], &as_json[1..]].concat(), plain).await;
    assert_eq!(headers["content-type"], "application/cbor");
    let with_dictionary = [
        ("Content-Encoding", "dcz"),
        ("Accept-Encoding", "dcz, zstd"),
        ("Available-Dictionary", &held),
    ];
    let headers = [&as_cbor[..], &with_dictionary[..]].concat();
    let (_, answered, three) = post(stage.address(), &token, &headers, packed).await;
    assert_eq!(answered["content-encoding"], "dcz");
    assert!(three.len() * 3 < one.len(), "{} of {}", three.len(), one.len());
    let frame = dictionary::frame(&three).expect("our dictionary");
    let mut decompressor = zstd::bulk::Decompressor::with_dictionary(DICTIONARY).unwrap();
    let three = decompressor.decompress(frame, 1 << 20).unwrap();
    let feeds = |response: SyncResponse| match response {
        SyncResponse::Ok(accepted) => accepted.feeds,
        other => panic!("{other:?}"),
    };
    let one = feeds(serde_json::from_slice(&one).unwrap());
    assert!(!one.is_empty());
    assert_eq!(feeds(read_response(&two).unwrap()), one);
    assert_eq!(feeds(read_response(&three).unwrap()), one);
    // The dictionary is a bundle like any other.
    let path = format!("/sync/v1/bundles/{}", dictionary::hash());
    assert_eq!(probe.tablet.client().bytes(&path).await.unwrap(), DICTIONARY);
});

story!(an_operation_is_the_same_in_either_encoding, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let persons = household.fields[&13].as_integer().unwrap();
    let more = json!({ "kind": "delta", "field": 13, "by": 1 });
    let op = probe.op("household", household.id, Some(&household), more);
    let first = probe.push(std::slice::from_ref(&op)).await;
    let op: sync_protocol::Op = serde_json::from_value(op).unwrap();
    let mut request: sync_protocol::SyncRequest =
        serde_json::from_value(probe.request(1, &[])).unwrap();
    request.ops = vec![op.clone(), op];
    request.ops[1].blobs.push(mobile_schema::Hash::of(b"other"));
    let mut bytes = write_request(&request);
    // One that can't be read stands behind them.
    let last = op_bytes(&request.ops[1]);
    let at = bytes.windows(last.len()).rposition(|part| part == last).unwrap();
    bytes[at + 1] = 0x17;
    let token = probe.tablet.client().access_token().to_owned();
    let headers = [("Content-Type", "application/cbor")];
    let (status, _, answer) = post(stage.address(), &token, &headers, bytes).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    let answer: Json = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["outcomes"][0], first[0], "known by its key");
    assert_eq!(kind(&answer["outcomes"][1]), "rejected(malformed)");
    assert_eq!(probe.read(&stage, household.id).await["fields"]["13"], persons + 1);
    let mut supervisor = stage.person("supervisor").await;
    let held = supervisor.call(reqwest::Method::GET, "/api/v1/quarantine", None).await.unwrap();
    assert_eq!(held[0]["op"], serde_json::json!({ "masked": true }), "nobody knows what it says");
    let path = "/api/v1/quarantine?reason=核对";
    let held = supervisor.call(reqwest::Method::GET, path, None).await.unwrap();
    assert!(held[0]["op"]["cbor"].is_string(), "its bytes are kept");
});

story!(what_cannot_be_read_is_refused_clearly, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let token = probe.tablet.client().access_token().to_owned();
    type Case<'a> = (&'a [(&'a str, &'a str)], Vec<u8>, u16);
    let cases: [Case<'_>; 5] = [
        (&[("Content-Type", "application/cbor")], vec![0xff; 40], 400),
        (&[("Content-Type", "application/cbor")], Vec::new(), 400),
        (&[("Content-Type", "application/xml")], b"<a/>".to_vec(), 415),
        (
            &[("Content-Type", "application/cbor"), ("Content-Encoding", "dcz")],
            [&dictionary::MAGIC[..], &[7; 32], b"frame"].concat(),
            415,
        ),
        (
            &[("Content-Type", "application/cbor"), ("Content-Encoding", "dcz")],
            dictionary::stream(b"no frame"),
            400,
        ),
    ];
    for (headers, body, expected) in cases {
        let (status, answered, body) = post(stage.address(), &token, headers, body).await;
        assert_eq!(status, expected, "{}", String::from_utf8_lossy(&body));
        assert_eq!(answered["content-type"], "application/problem+json");
    }
    assert_eq!(cbor::MEDIA_TYPE, "application/cbor");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_is_get_without_a_body_and_a_wrong_method_is_told() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::Folder };
    let stage = Stage::open(backend).await;
    let admin = stage.person("admin").await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let http = http.unwrap();
    let ask = async |method: &str, path: &str| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = http.request(method, format!("{}{path}", stage.address()));
        let answer = request.bearer_auth(admin.access_token()).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.text().await.unwrap())
    };
    for path in
        ["/healthz", "/readyz", "/api/v1/me", "/.well-known/jwks.json", "/", "/openapi.json"]
    {
        let (status, headers, body) = ask("GET", path).await;
        let (of_head, headers_of_head, nothing) = ask("HEAD", path).await;
        assert_eq!((of_head, nothing.as_str()), (status, ""), "{path}");
        for name in ["content-type", "content-length", "location", "etag"] {
            assert_eq!(headers_of_head.get(name), headers.get(name), "{path} {name}");
        }
        if !body.is_empty() {
            assert_eq!(headers_of_head["content-length"], body.len().to_string(), "{path}");
        }
    }
    assert_eq!(ask("HEAD", "/api/v1/nothing").await.0, 404);
    assert_eq!(
        ask("HEAD", "/api/v1/records/none").await.0,
        ask("GET", "/api/v1/records/none").await.0
    );
    let other = uuid::Uuid::now_v7();
    for (method, path, allow) in [
        ("DELETE", "/healthz", "GET, HEAD"),
        ("PUT", "/api/v1/session", "DELETE, POST"),
        ("POST", "/api/v1/me", "GET, HEAD"),
        ("PATCH", "/sync/v1/uploads", "OPTIONS, POST"),
        ("POST", &format!("/api/v1/records/{other}/history"), "GET, HEAD"),
        ("POST", "/tablet/", "GET, HEAD"),
    ] {
        let (status, headers, body) = ask(method, path).await;
        assert_eq!(status, 405, "{method} {path}");
        assert_eq!(headers["allow"], allow, "{method} {path}");
        assert!(body.contains("urn:ruhu:problem:method-not-allowed"), "{body}");
    }
    assert_eq!(ask("POST", "/api/v1/nothing").await.0, 404);
}
