//! How many bytes visits take on the wire, in each encoding.

use std::io::Write;

use sync_protocol::encoding::cbor::write_request;
use sync_protocol::encoding::dictionary::{self, DICTIONARY};
use tablets::sample::Sample;

pub(crate) fn measure() {
    println!(
        "| visits (33 answers, 3 operations) | JSON | gzip | zstd | JSON, dcz | CBOR | CBOR, zstd | CBOR, dcz |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for visits in [1, 20, 100] {
        let request = Sample::new(99).request(visits);
        let json = serde_json::to_vec(&request).expect("it is written");
        let cbor = write_request(&request);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&json).expect("it is compressed");
        println!(
            "| {visits} | {} | {} | {} | {} | {} | {} | {} |",
            json.len(),
            gzip.finish().expect("it is compressed").len(),
            zstd(&json),
            with_dictionary(&json),
            cbor.len(),
            zstd(&cbor),
            with_dictionary(&cbor),
        );
    }
}

fn zstd(bytes: &[u8]) -> usize {
    zstd::encode_all(bytes, 3).expect("it is compressed").len()
}

fn with_dictionary(bytes: &[u8]) -> usize {
    let mut compressor =
        zstd::bulk::Compressor::with_dictionary(3, DICTIONARY).expect("a compressor");
    dictionary::stream(&compressor.compress(bytes).expect("it is compressed")).len()
}
