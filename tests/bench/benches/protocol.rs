//! The pure parts: merging, keys, digests. One core each.

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mobile_schema::Catalogue;
use mobile_schema::register::{Capacity, builtin_registers};
use sync_protocol::merge::{Authority, Board, Numbered, Presenter};
use sync_protocol::op::{Change, Fields, Op};
use sync_protocol::{
    Digest, Epoch, Hlc, IncarnationId, Lineage, RecordId, ScopeId, UserId, Version,
};
use uuid::Uuid;

const EPOCH: Epoch = Epoch(1);
const COUNT: u128 = 1_000;

fn op(catalogue: &Catalogue, record: u128, base: Option<u64>, change: Change, wall: i64) -> Op {
    let (definition, _) = catalogue.current("household").expect("a built-in register");
    Op {
        collection: "household".into(),
        record: RecordId(Uuid::from_u128(record)),
        scope: ScopeId::area("529901100201").expect("a scope"),
        base: base.map(|n| Version { epoch: EPOCH, n }),
        change,
        at: Hlc { wall, counter: 0, node: 0 },
        definition,
        author: UserId(Uuid::from_u128(1)),
        blobs: Vec::new(),
        group: None,
    }
}

fn address(text: &str) -> Change {
    Change::Patch { fields: Fields::from([(4, text.into())]) }
}

fn apply(catalogue: &Catalogue, board: &mut Board, tablet: u128, ops: &[Op]) {
    let lineage = Lineage::new([], EPOCH);
    let presenter = Presenter::new(IncarnationId(Uuid::from_u128(tablet)));
    let scopes = BTreeSet::from([ScopeId::area("529901100201").expect("a scope")]);
    let (catalogue, lineage, presenter) = (catalogue, &lineage, &presenter);
    let refused = BTreeSet::new();
    let authority = Authority {
        catalogue,
        lineage,
        presenter,
        scopes: &scopes,
        capacity: Capacity::Cadre,
        received: 1_000,
        amends: false,
        refused: &refused,
    };
    let numbered: Vec<_> = (1..).zip(ops).map(|(seq, op)| Numbered { seq, op }).collect();
    black_box(authority.apply(board, &numbered));
}

fn merging(criterion: &mut Criterion) {
    let catalogue: Catalogue = builtin_registers().into_iter().collect();
    let fields = Fields::from([(1, "王小明".into()), (4, "一组".into()), (13, 4.into())]);
    let create = Change::Create { fields };
    let created: Vec<_> =
        (0..COUNT).map(|record| op(&catalogue, record, None, create.clone(), 1)).collect();
    let edits = |base, wall, text: &str| -> Vec<_> {
        (0..COUNT).map(|record| op(&catalogue, record, base, address(text), wall)).collect()
    };
    let (first, second) = (edits(Some(1), 10, "二组"), edits(Some(1), 20, "三组"));
    let board = |with_edit: bool| {
        let mut board = Board::default();
        apply(&catalogue, &mut board, 1, &created);
        if with_edit {
            apply(&catalogue, &mut board, 2, &first);
        }
        board
    };
    let mut group = criterion.benchmark_group("merge 1,000 edits");
    group.throughput(Throughput::Elements(COUNT as u64));
    group.bench_function("that follow each other", |bencher| {
        bencher.iter_batched_ref(
            || board(false),
            |board| apply(&catalogue, board, 2, &first),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("that conflict", |bencher| {
        bencher.iter_batched_ref(
            || board(true),
            |board| apply(&catalogue, board, 3, &second),
            BatchSize::LargeInput,
        );
    });
    group.finish();
    criterion.bench_function("key of an operation", |bencher| {
        bencher.iter(|| black_box(&first[0]).key());
    });
    criterion.bench_function("digest, one record more", |bencher| {
        let mut digest = Digest::default();
        let version = Version { epoch: EPOCH, n: 1 };
        bencher.iter(|| digest.add(black_box(first[0].record), version));
    });
}

criterion_group!(benches, merging);
criterion_main!(benches);
