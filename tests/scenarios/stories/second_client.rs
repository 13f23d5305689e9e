//! A client in another language, written from the document alone, takes part.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use harness::story;
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::probe::VILLAGE;

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs the client, and gives what it says.
fn run(arguments: &[&str]) -> Json {
    let program = project().join("tests/second-client/client.py");
    // The system's own Python, which has the packages that `make test` installs.
    let ran = Command::new("/usr/bin/python3").arg(program).args(arguments).output();
    let ran =
        ran.expect("python3 is not installed; apt-get install python3-cbor2 python3-zstandard");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_str(&said).expect("it says JSON")
}

#[test]
fn it_agrees_with_the_published_vectors() {
    let vectors = project().join("sync-protocol/vectors/messages.tsv");
    let said = run(&["vectors", &vectors.display().to_string()]);
    assert!(said["checked"].as_u64().unwrap() >= 18);
}

story!(it_works_a_day_beside_our_own_tablets, async |stage| {
    let mut ours = stage.tablet("cadre2").await;
    for wire in ["cbor", "json"] {
        let code = stage.enrolment_code("cadre").await;
        let address = stage.address().to_owned();
        let said = tokio::task::spawn_blocking(move || run(&["day", &address, &code, wire]));
        let said = said.await.unwrap();
        assert_eq!((&said["forked"], &said["mended"]), (&json!(true), &json!(true)), "{said}");
        let outcomes = said["outcomes"].as_array().unwrap();
        assert!(!outcomes.is_empty(), "{said}");
        assert!(outcomes.iter().all(|one| *one == "applied" || *one == "merged"), "{said}");
        ours.sync_again(Duration::from_secs(60)).await.unwrap();
        let village = VILLAGE.parse().unwrap();
        assert_eq!(said["digests"][VILLAGE], json!(ours.machine().digests()[&village]));
        let mut admin = stage.person("admin").await;
        for record in ["first", "second"] {
            let path = format!("/api/v1/records/{}?reason=核对", said[record][0].as_str().unwrap());
            let there = admin.call(Method::GET, &path, None).await.unwrap();
            assert_eq!(there["fields"], said[record][1], "{wire}");
        }
        let visit = format!("/api/v1/records/{}?reason=核对", said["visit"].as_str().unwrap());
        let visit = admin.call(Method::GET, &visit, None).await.unwrap();
        assert_eq!(visit["fields"]["8"][0], said["photo"]);
        let photo = format!("/api/v1/media/{}", said["photo"].as_str().unwrap());
        assert_eq!(admin.bytes(&photo).await.unwrap().len(), 150_000);
    }
});
