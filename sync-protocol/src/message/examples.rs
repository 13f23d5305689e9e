//! One of each message, for tests and for the published vectors.

use mobile_schema::{Hash, Value};
use uuid::Uuid;

use super::*;
use crate::op::{Change, Fields, Group, Resolution};
use crate::{GroupId, Hlc, ParkReason, RejectReason, UserId};

fn version(n: u64) -> Version {
    Version { epoch: Epoch(0xe0), n }
}

pub(crate) fn op(change: Change) -> Op {
    Op {
        collection: "household".into(),
        record: RecordId(Uuid::from_u128(1)),
        scope: ScopeId::area("529901100201").expect("a scope"),
        base: Some(version(3)),
        change,
        at: Hlc { wall: 1_700_000_000_000, counter: 1, node: 7 },
        definition: Hash::of(b"definition"),
        author: UserId(Uuid::from_u128(2)),
        blobs: vec![Hash::of(b"photo")],
        group: Some(Group { id: GroupId(Uuid::from_u128(3)), size: 2 }),
    }
}

/// One operation of each kind.
pub(crate) fn operations() -> Vec<Op> {
    let fields = Fields::from([(4, "一组".into()), (8, 100.into()), (9, Value::Null)]);
    let changes = vec![
        Change::Create { fields: fields.clone() },
        Change::Patch { fields: fields.clone() },
        Change::Delete,
        Change::Move { to: ScopeId::area("529901100202").expect("a scope") },
        Change::Add { field: 10, element: "water".into() },
        Change::Remove { field: 10, element: "water".into() },
        Change::Delta { field: 13, by: -1 },
        Change::Transition { field: 9, from: "submitted".into(), to: "in_review".into() },
        Change::Sign { fields: fields.clone() },
        Change::Resolve { choice: Resolution::Keep, reason: "问过".into() },
        Change::Resolve { choice: Resolution::Swap, reason: String::new() },
        Change::Resolve { choice: Resolution::Edit { fields }, reason: String::new() },
    ];
    changes.into_iter().map(op).collect()
}

/// A request with everything in it.
pub(crate) fn request() -> SyncRequest {
    SyncRequest {
        protocol: 1,
        request: RequestId(Uuid::from_u128(4)),
        device: DeviceId(Uuid::from_u128(5)),
        incarnation: IncarnationId(Uuid::from_u128(6)),
        inherits: Some(Inheritance { incarnation: IncarnationId(Uuid::from_u128(7)), before: 9 }),
        epoch: Some(Epoch(0xe0)),
        begins: 4,
        first_seq: 9,
        ops: vec![op(Change::Delete)],
        cursors: [(ScopeId::area("529901100201").expect("a scope"), Cursor { seq: 17, floor: 2 })]
            .into(),
        digests: [(ScopeId::area("529901100201").expect("a scope"), Digest(7))].into(),
        repair: [(
            ScopeId::area("529901100202").expect("a scope"),
            [("a".parse().expect("a prefix"), Digest(8))].into(),
        )]
        .into(),
        budget: 65_536,
        clock: ClockReading { wall: 1_700_000_000_000, monotonic: 5, boot: "b".into() },
        unsent: None,
    }
}

/// A request that says what the tablet has not handed over.
pub(crate) fn telling_request() -> SyncRequest {
    SyncRequest { unsent: Some(Unsent { ops: 3, files: 2 }), ..request() }
}

/// One answer of each kind.
pub(crate) fn answers() -> Vec<SyncResponse> {
    let request = RequestId(Uuid::from_u128(4));
    let outcomes = vec![
        Outcome::Applied { version: version(4) },
        Outcome::Merged { version: version(5) },
        Outcome::Conflict { version: version(6), conflicts: vec![RecordId(Uuid::from_u128(8))] },
        Outcome::Parked { reason: ParkReason::Locked },
        Outcome::Rejected { reason: RejectReason::TooLarge },
    ];
    let row = Row {
        id: RecordId(Uuid::from_u128(1)),
        collection: "household".into(),
        version: version(4),
        definition: Hash::of(b"definition"),
        fields: Fields::from([(4, "一组".into())]),
    };
    let gone = vec![Gone { id: RecordId(Uuid::from_u128(9)), version: version(2) }];
    let repairs = vec![
        Repair { prefix: "a".parse().expect("a prefix"), rows: Some(vec![row.clone()]) },
        Repair { prefix: "b".parse().expect("a prefix"), rows: None },
    ];
    let feed = Feed {
        reset: true,
        rows: vec![row],
        gone,
        cursor: Cursor { seq: 18, floor: 2 },
        more: false,
        digest: Some(Digest(7)),
        repairs,
    };
    let scope = ScopeId::area("529901100201").expect("a scope");
    vec![
        SyncResponse::Ok(Accepted {
            request,
            epoch: Epoch(0xe0),
            ack: 14,
            outcomes: outcomes.clone(),
            feeds: [(scope.clone(), feed)].into(),
            scopes: vec![scope],
            safe_before: 3,
            now: 1_700_000_000_000,
            order: Some(Order::Wipe),
        }),
        SyncResponse::Fork { request, seq: 12 },
        SyncResponse::Gap { request, next: 9 },
        SyncResponse::Reset { request, epoch: Epoch(0xe1) },
        SyncResponse::Upgrade { request, oldest: 2, ack: 14, outcomes },
    ]
}
