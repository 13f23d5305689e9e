//! What a signed notification costs: its signatures, its place in a log of a million, its paper.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use harness::{Backend, Stage};
use mobile_schema::Hash;
use paper::{Mark, Part, Sheet};
use ruhu::db::schema::log_nodes;
use ruhu::db::{AnyConnection, Failed};
use ruhu::notices::Leaf;
use ruhu::notices::tree::{self, Node};

const ENTRIES: u64 = 1_000_000;

/// Prints how many signatures are verified and how many pages are printed, on one core.
pub(crate) fn alone() {
    let key = ed25519(&[7; 32]);
    let digest = Hash::of(b"notice");
    let leaf = Leaf {
        digest,
        device: [1; 16],
        device_key: key.0,
        device_signature: key.1(digest.as_bytes()),
        at: 0,
    };
    let (rounds, began) = (5_000, Instant::now());
    assert!((0..rounds).all(|_| leaf.is_signed()));
    let each = began.elapsed() / rounds;
    println!(
        "| a tablet's signature verified | {:.0} µs | {:.0} |",
        micros(each),
        per_second(each)
    );
    for (sheets, what) in [(1, "a notification printed"), (100, "one of a hundred")] {
        let all: Vec<Sheet> = (0..sheets).map(sheet).collect();
        let began = Instant::now();
        let mut rounds = 0;
        while began.elapsed() < Duration::from_secs(3) {
            paper::print(&all).expect("it is printed");
            rounds += 1;
        }
        let each = began.elapsed() / (rounds * sheets as u32);
        println!("| {what} | {:.0} µs | {:.0} |", micros(each), per_second(each));
    }
}

/// Prints what an append and a proof cost in a log of a million entries.
pub(crate) async fn log(backend: Backend) {
    let stage = Stage::open(backend).await;
    fill(&stage).await;
    let measured: Result<_, Failed> = stage
        .app()
        .database
        .write(|connection| {
            let (mut appends, mut proofs) = (Vec::new(), Vec::new());
            for number in 0..500 {
                let began = Instant::now();
                let hash = tree::leaf_hash(&number.to_string().into_bytes());
                let position = ENTRIES + number;
                let made = tree::append(position, hash, |at| node(connection, at))?;
                let made: Vec<_> = made.into_iter().collect();
                insert(connection, &made)?;
                tree::root(position + 1, |at| node(connection, at))?;
                appends.push(began.elapsed());
                let began = Instant::now();
                let asked = number * 1_999 % ENTRIES;
                let proof = tree::inclusion(asked, position + 1, |at| node(connection, at))?;
                proofs.push(began.elapsed());
                assert!(proof.len() > 15, "a log of a million is some twenty deep");
            }
            Ok((median(appends), median(proofs)))
        })
        .await;
    let (append, proof) = measured.expect("it is measured");
    let database = format!("{:?}", backend.database);
    for (what, each) in [("appended, with the root", append), ("a proof", proof)] {
        println!(
            "| {database}: {what}, 1,000,000 entries | {:.0} µs | {:.0} |",
            micros(each),
            per_second(each)
        );
    }
}

async fn fill(stage: &Stage) {
    let mut nodes = std::collections::HashMap::new();
    for position in 0..ENTRIES {
        let hash = tree::leaf_hash(&position.to_be_bytes());
        let get = |at: Node| Ok::<_, std::convert::Infallible>(nodes[&(at.level, at.index)]);
        let Ok(made) = tree::append(position, hash, get);
        for (at, hash) in made {
            nodes.insert((at.level, at.index), hash);
        }
    }
    let mut nodes: Vec<_> = nodes.into_iter().collect();
    nodes.sort_unstable_by_key(|(place, _)| *place);
    let nodes: Vec<(Node, Hash)> =
        nodes.into_iter().map(|((level, index), hash)| (Node { level, index }, hash)).collect();
    for chunk in nodes.chunks(50_000) {
        let chunk = chunk.to_vec();
        let filled: Result<(), Failed> = stage
            .app()
            .database
            .write(move |connection| {
                chunk.chunks(1_000).try_for_each(|some| insert(connection, some))?;
                Ok(())
            })
            .await;
        filled.expect("the log is filled");
    }
}

fn insert(connection: &mut AnyConnection, nodes: &[(Node, Hash)]) -> QueryResult<()> {
    for (at, hash) in nodes {
        diesel::insert_into(log_nodes::table)
            .values((
                log_nodes::level.eq(i64::from(at.level)),
                log_nodes::place.eq(at.index as i64),
                log_nodes::hash.eq(hash.as_bytes().to_vec()),
            ))
            .execute(connection)?;
    }
    Ok(())
}

fn node(connection: &mut AnyConnection, at: Node) -> QueryResult<Hash> {
    let hash: Vec<u8> = log_nodes::table
        .find((i64::from(at.level), at.index as i64))
        .select(log_nodes::hash)
        .first(connection)?;
    Ok(Hash(hash.try_into().expect("a hash")))
}

fn ed25519(seed: &[u8; 32]) -> ([u8; 32], impl Fn(&[u8]) -> [u8; 64]) {
    use ed25519_dalek::Signer;
    let key = ed25519_dalek::SigningKey::from_bytes(seed);
    (key.verifying_key().to_bytes(), move |bytes: &[u8]| key.sign(bytes).to_bytes())
}

fn sheet(number: usize) -> Sheet {
    let strokes = (0..6).map(|at| (0..40).map(|x| (x * 90, at * 300 + (x * x) % 700)).collect());
    Sheet {
        language: "zh-CN".into(),
        title: "学生资助告知书".into(),
        body: vec![
            Part::Paragraph("王大山：您好！".into()),
            Part::Paragraph(
                "您家学生王小明在2026年秋季学期享受国家助学金，金额1,500.00元，已发放到您家的银行账户。"
                    .into(),
            ),
            Part::Table(vec![
                vec!["资助项目".into(), "学期".into(), "金额（元）".into()],
                vec!["国家助学金".into(), "2026年秋季".into(), "1,500.00".into()],
            ]),
        ],
        marks: vec![Mark { label: "户主签字".into(), strokes: strokes.collect(), words: String::new() }],
        photos: Vec::new(),
        facts: vec![["回执编号".into(), number.to_string()]],
        code: Some(format!("RUHU1:{}", "Ab3x".repeat(90))),
        code_words: vec!["扫描二维码核验。".into()],
        stamp: None,
        page_words: ["第 ".into(), " 页，共 ".into(), " 页".into()],
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn per_second(time: Duration) -> f64 {
    1.0 / time.as_secs_f64()
}
