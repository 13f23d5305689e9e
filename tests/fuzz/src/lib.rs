//! Fuzz targets: each takes bytes from outside and must end in an error or something sound.
//!
//! `tests/short.rs` runs them over the corpus and over what it makes of it; `make fuzz` runs the
//! same functions under libFuzzer for as long as one likes.

use std::collections::BTreeSet;
use std::sync::Arc;

use mobile_schema::form::{Session, Severity, World, open};
use mobile_schema::notice::NoticeContent;
use mobile_schema::register::{Capacity, builtin_registers};
use mobile_schema::rule::{Check, Household, RuleSet, Rules};
use mobile_schema::xml::Element;
use mobile_schema::{Catalogue, Hash, Value};
use ruhu::notices::{Leaf, PublishedKeys, Receipt};
use ruhu::photos::{inspect, without_facts};
use sync_protocol::encoding::canonical::op_bytes;
use sync_protocol::encoding::cbor::{
    read_op, read_request, read_response, write_request, write_response,
};
use sync_protocol::exchange::Prefix;
use sync_protocol::merge::{Authority, Board, Numbered, Presenter};
use sync_protocol::{Cursor, Epoch, IncarnationId, Lineage, Op, SyncRequest, SyncResponse};

/// A target: its name, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 9] = [
    ("messages", messages),
    ("canonical", canonical),
    ("uploads", uploads),
    ("cursors", cursors),
    ("merge", merge),
    ("expressions", expressions),
    ("forms", forms),
    ("photos", photos),
    ("receipts", receipts),
];

/// Requests and answers, as JSON and as CBOR: what is read is written as it was.
pub fn messages(bytes: &[u8]) {
    if let Ok(request) = serde_json::from_slice::<SyncRequest>(bytes) {
        let again = serde_json::to_vec(&request).expect("it is written");
        assert_eq!(serde_json::from_slice::<SyncRequest>(&again).expect("it is read"), request);
        let again = write_request(&request);
        let read = read_request(&again).expect("it is read");
        assert_eq!(read.ops.len(), request.ops.len());
    }
    if let Ok(response) = serde_json::from_slice::<SyncResponse>(bytes) {
        let again = write_response(&response);
        assert_eq!(read_response(&again).expect("it is read"), response);
    }
    if let Ok(request) = read_request(bytes) {
        let ops: Vec<Op> = request.ops.iter().filter_map(|op| read_op(op).ok()).collect();
        let request = request.with_ops(ops);
        let again = write_request(&request);
        let read = read_request(&again).expect("it is read");
        assert_eq!(read.cursors, request.cursors);
    }
    if let Ok(response) = read_response(bytes) {
        let again = write_response(&response);
        assert_eq!(read_response(&again).expect("it is read"), response);
    }
}

/// Operations: one operation, one sequence of bytes, one key.
pub fn canonical(bytes: &[u8]) {
    if let Ok(op) = read_op(bytes) {
        let written = op_bytes(&op);
        let again = read_op(&written).expect("it is read");
        assert_eq!(again, op);
        assert_eq!(op_bytes(&again), written);
        assert_eq!(op.key(), Hash::of(&written));
    }
}

/// The headers of uploads.
pub fn uploads(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert!(ruhu::media::announced(None, Some(&text)).is_err(), "without a length");
    if let Ok(announced) = ruhu::media::announced(Some("5"), Some(&text)) {
        assert_eq!(announced.length, 5);
        assert!(announced.media_type.len() <= 100);
        assert!(announced.media_type.bytes().all(|byte| byte.is_ascii_graphic()));
    }
    if let Ok(announced) = ruhu::media::announced(Some(&text), Some(&text)) {
        assert!(announced.length > 0 && announced.length <= ruhu::limits::MAX_BLOB);
    }
    let _ = ruhu::media::Checksum::read(&text);
}

/// Cursors, prefixes and epochs.
pub fn cursors(bytes: &[u8]) {
    if let Ok(cursor) = serde_json::from_slice::<Cursor>(bytes) {
        let again = serde_json::to_vec(&cursor).expect("it is written");
        assert_eq!(serde_json::from_slice::<Cursor>(&again).expect("it is read"), cursor);
        // Whoever has read nothing has nothing to forget.
        assert!(cursor.seq > 0 || !cursor.is_behind(u64::MAX));
    }
    let text = String::from_utf8_lossy(bytes);
    if let Ok(prefix) = text.parse::<Prefix>() {
        assert_eq!(prefix.to_string(), text);
        assert!(prefix.parts([]).len() == 16);
    }
    if let Ok(epoch) = text.parse::<Epoch>() {
        assert_eq!(epoch.to_string(), text);
    }
}

/// Operations as they come, merged one after the other by two chains: every one gets an outcome,
/// nothing panics, and what is deleted stays deleted.
pub fn merge(bytes: &[u8]) {
    let Ok(request) = serde_json::from_slice::<SyncRequest>(bytes) else { return };
    let catalogue: Catalogue = builtin_registers().into_iter().collect();
    let scopes: BTreeSet<_> = request.ops.iter().map(|op| op.scope.clone()).collect();
    let lineage = Lineage::new([], Epoch(1));
    let mut board = Board::default();
    let mut deleted = BTreeSet::new();
    for chain in 1..3 {
        let presenter = Presenter::new(IncarnationId(uuid::Uuid::from_u128(chain)));
        let refused = BTreeSet::new();
        let authority = Authority {
            catalogue: &catalogue,
            lineage: &lineage,
            presenter: &presenter,
            scopes: &scopes,
            capacity: Capacity::Cadre,
            received: 1_000,
            amends: false,
            refused: &refused,
        };
        let numbered: Vec<_> =
            (1..).zip(&request.ops).map(|(seq, op)| Numbered { seq, op }).collect();
        let outcomes = authority.apply(&mut board, &numbered);
        assert_eq!(outcomes.len(), request.ops.len());
        for record in board.records() {
            assert!(record.deleted || !deleted.contains(&record.id), "nothing comes back");
            if record.deleted {
                deleted.insert(record.id);
            }
        }
    }
}

/// Expressions, over a household with members.
pub fn expressions(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let [mut set, _] = RuleSet::builtin();
    set.rules.truncate(1);
    set.rules[0].when = None;
    set.rules[0].check = Check::Expression(text);
    let Ok(rules) = Rules::new(set) else { return };
    let fields = |pairs: [(&str, &str); 3]| {
        pairs.map(|(name, text)| (name.to_owned(), Value::from(text))).into()
    };
    let household = Household {
        fields: fields([("x", "a b c"), ("y", "2024-02-29"), ("phone", "13800138000")]),
        members: vec![
            fields([("name", "A"), ("age", "70"), ("relation", "head")]),
            fields([("name", "B"), ("age", ""), ("relation", "child")]),
        ],
    };
    assert!(rules.run(&household, "2026-11-25").len() <= 1);
}

/// Forms in whatever is a form: what is accepted is filled in, and its submission is read again.
pub fn forms(bytes: &[u8]) {
    let opened = open(bytes, "form");
    for problem in &opened.problems {
        assert!(!problem.describe("zh-CN").is_empty());
    }
    let Some(form) = opened.form else {
        assert!(opened.problems.iter().any(|problem| problem.severity == Severity::Error));
        return;
    };
    let world = World {
        now: 0,
        offset: 480,
        language: "en".to_owned(),
        properties: Default::default(),
        location: None,
        seed: [0; 32],
    };
    let mut session = Session::begin(Arc::new(form), &Default::default(), world.clone());
    let mut left = vec![session.root()];
    while let Some(node) = left.pop() {
        left.extend(session.children(node));
        if session.children(node).is_empty() {
            session.set(node, "2");
        }
    }
    session.validate(session.root());
    let saved = session.submission();
    if let Ok(read) = Element::read(&saved.write(false)) {
        Session::resume(session.form().clone(), &Default::default(), world, &read);
    }
}

/// Photos: whatever they say, they are looked at within limits, and what is left of one without
/// its facts has none.
pub fn photos(bytes: &[u8]) {
    let inspected = inspect(bytes);
    if let Ok(picture) = &inspected.picture {
        assert!(picture.size.0 > 0 && picture.size.1 > 0);
    }
    if let Some(Some(plain)) = without_facts(bytes) {
        let facts = inspect(&plain).facts;
        assert_eq!((facts.place, facts.taken_at, facts.make), (None, None, None));
    }
}

/// Receipts and what they hold: nothing that was changed is believed.
pub fn receipts(bytes: &[u8]) {
    if let Ok(content) = NoticeContent::read(bytes) {
        assert_eq!(content.canonical_bytes(), bytes);
    }
    if let Some(leaf) = Leaf::read(bytes) {
        assert_eq!(leaf.bytes(), bytes);
    }
    let nobody = PublishedKeys { version: 1, keys: Vec::new(), revoked_devices: Vec::new() };
    if let Ok(receipt) = Receipt::read(&String::from_utf8_lossy(bytes)) {
        assert!(!receipt.verify(&nobody).holds(), "nobody has signed it");
    }
}
