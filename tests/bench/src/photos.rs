//! Photos through tus, and whole visits.

use std::sync::Arc;
use std::time::Instant;

use data_encoding::BASE64;
use harness::Backend;
use mobile_schema::Hash;
use sync_protocol::ScopeId;

use crate::crowd::{Crowd, Member, name, pack, quantile, together};

const PHOTOS: usize = 400;
const SIZE: usize = 200_000;

/// Bytes that no other number makes; what is in them costs the server nothing.
fn photo(number: u128) -> Vec<u8> {
    let block = Hash::of(&number.to_be_bytes());
    block.as_bytes().iter().copied().cycle().take(SIZE).collect()
}

async fn upload(tablet: &Member, bytes: Vec<u8>) {
    let hash = Hash::of(&bytes).to_string();
    let metadata = format!(
        "sha256 {},filetype {}",
        BASE64.encode(hash.as_bytes()),
        BASE64.encode(b"image/jpeg")
    );
    let response = tablet
        .post("/sync/v1/uploads")
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", bytes.len())
        .header("Upload-Metadata", metadata)
        .header("Content-Type", "application/offset+octet-stream")
        .body(bytes)
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status().as_u16(), 201);
}

pub(crate) async fn measure(backend: Backend) {
    let crowd = Crowd::gather(backend, 32).await;
    for clients in [1, 8, 32] {
        let each = PHOTOS / clients;
        let (elapsed, mut times) = together(crowd.dealt(clients), |hand| async move {
            let mut times = Vec::new();
            for number in 0..each {
                let bytes = photo(uuid::Uuid::new_v4().as_u128());
                let begun = Instant::now();
                upload(&hand[number % hand.len()], bytes).await;
                times.push(begun.elapsed());
            }
            times
        })
        .await;
        let rate = times.len() as f64 / elapsed.as_secs_f64();
        println!(
            "| {} | {clients} | {rate:.0} | {:.1} |",
            name(backend),
            quantile(&mut times, 0.95)
        );
    }
}

pub(crate) async fn measure_visits(backend: Backend) {
    let crowd = Crowd::gather(backend, 32).await;
    let catalogue = Arc::clone(&crowd.catalogue);
    let scope: ScopeId = "area:529901100201".parse().expect("a scope");
    let maker = crowd.dealt(1).remove(0).remove(0);
    let household = maker.household(&catalogue, &scope, 0);
    let record = household.record;
    maker.push(1, vec![household]).await;
    let (before, _) = crowd.server.usage();
    together(crowd.dealt(8), |hand| {
        let (catalogue, scope) = (catalogue.clone(), scope.clone());
        async move {
            for number in 0..125 {
                let tablet = &hand[number % hand.len()];
                let bytes = photo(uuid::Uuid::new_v4().as_u128());
                let ops = tablet.visit(&catalogue, record, &scope, Some(Hash::of(&bytes)));
                let first_seq = 1 + 3 * (number / hand.len()) as u64;
                tablet.send(pack(&tablet.request(first_seq, ops))).await;
                upload(tablet, bytes).await;
            }
            Vec::new()
        }
    })
    .await;
    let (after, peak) = crowd.server.usage();
    println!("| {} | {:.2} | {:.0} MB |", name(backend), after - before, peak as f64 / 1e6);
    drop(crowd.stage);
}
