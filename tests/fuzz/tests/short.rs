//! A short run: the corpus, and what chance makes of it. The same seed each time, so that a
//! failure is found again.

use std::fs;
use std::path::Path;

use fuzz::TARGETS;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sync_protocol::encoding::canonical::op_bytes;
use sync_protocol::encoding::cbor::{write_request, write_response};

const ROUNDS: usize = 40_000;

/// Well-formed messages to begin with, and whatever was kept of earlier finds.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let kept = fs::read_dir(folder).expect("each target has a corpus");
    let mut corpus: Vec<_> =
        kept.map(|file| fs::read(file.expect("a file").path()).expect("it is read")).collect();
    let mut sample = tablets::sample::Sample::new(7);
    let request = sample.request(2);
    let response = sample.response(&request);
    corpus.extend(request.ops.iter().map(op_bytes));
    corpus.push(write_request(&request));
    corpus.push(write_response(&response));
    corpus.push(serde_json::to_vec(&request).expect("it is written"));
    corpus.push(serde_json::to_vec(&response).expect("it is written"));
    corpus
}

fn mutate(random: &mut StdRng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[random.random_range(0..corpus.len())].clone();
    for _ in 0..random.random_range(1..5) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..5) {
            0 if at < bytes.len() => bytes[at] = random.random(),
            1 => bytes.insert(at, random.random()),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => {
                let other = &corpus[random.random_range(0..corpus.len())];
                let from = random.random_range(0..=other.len());
                let to = (from + random.random_range(0..32)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn whatever_comes_reading_it_ends() {
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        corpus.iter().for_each(|bytes| target(bytes));
        let mut random = StdRng::seed_from_u64(1);
        // A form is made and filled in each time.
        let rounds = match name {
            "forms" => ROUNDS / 8,
            // Each is decoded, and some say that they are very large.
            "photos" => ROUNDS / 40,
            _ => ROUNDS,
        };
        for _ in 0..rounds {
            target(&mutate(&mut random, &corpus));
        }
        println!("{name}: {} in the corpus, {rounds} rounds", corpus.len());
    }
}
