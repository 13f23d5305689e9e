//! The machine by itself: crashes, late answers, revoked scopes.

use std::collections::BTreeSet;

use mobile_schema::Value;
use mobile_schema::register::builtin_registers;
use uuid::Uuid;

use super::*;
use crate::log::AttemptResult;
use crate::message::{Feed, Gone, Repair};
use crate::op::{Change, Fields};
use crate::{Cursor, DeviceId, Digest, Epoch, UserId, Version};

const EPOCH: Epoch = Epoch(1);

/// A host that keeps what it is told to keep.
struct Host {
    catalogue: Catalogue,
    tablet: Tablet,
    stored: Stored,
    identity: Identity,
    rows: BTreeMap<RecordId, Row>,
    starts: u64,
}

fn clock() -> ClockReading {
    ClockReading { wall: 1_000, monotonic: 1, boot: "b".into() }
}

fn village() -> ScopeId {
    ScopeId::area("east").expect("a scope")
}

fn record(number: u128) -> RecordId {
    RecordId(Uuid::from_u128(number))
}

fn version(n: u64) -> Version {
    Version { epoch: EPOCH, n }
}

impl Host {
    fn new() -> Self {
        let identity = Identity {
            device: DeviceId(Uuid::from_u128(1)),
            author: UserId(Uuid::from_u128(2)),
            incarnation: Tablet::new_incarnation(3),
            inherits: None,
            begins: 1,
            epoch: None,
            safe_before: 0,
        };
        let tablet = Tablet::open(identity.clone(), Stored::default(), RetryPolicy::default(), 0);
        let catalogue = builtin_registers().into_iter().collect();
        let rows = BTreeMap::new();
        Self { catalogue, tablet, stored: Stored::default(), identity, rows, starts: 0 }
    }

    /// The tablet loses power and starts again on what was stored.
    fn restart(&mut self) {
        self.starts += 1;
        let policy = RetryPolicy::default();
        self.tablet = Tablet::open(self.identity.clone(), self.stored.clone(), policy, self.starts);
    }

    fn handle(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = self.tablet.handle(&clock(), event);
        effects.retain(|effect| {
            if let Effect::Store(changes) = effect {
                for change in changes.clone() {
                    self.keep(change);
                }
                return false;
            }
            true
        });
        effects
    }

    fn keep(&mut self, change: StoreChange) {
        self.stored.apply(&change);
        match change {
            StoreChange::Identity(identity) => self.identity = identity,
            StoreChange::Row { row, .. } => {
                self.rows.insert(row.id, row);
            }
            StoreChange::DropRow { id } => {
                self.rows.remove(&id);
            }
            _ => {}
        }
    }

    fn draft(&self, id: u128, address: &str) -> Draft {
        let (definition, _) = self.catalogue.current("household").expect("a register");
        Draft {
            collection: "household".into(),
            record: record(id),
            scope: village(),
            base: self.tablet.version_of(record(id)),
            change: Change::Create { fields: Fields::from([(4, address.into())]) },
            definition,
            blobs: Vec::new(),
        }
    }

    fn row(&self, id: u128, n: u64, address: &str) -> Row {
        let (definition, _) = self.catalogue.current("household").expect("a register");
        let fields = Fields::from([(4, Value::from(address))]);
        let collection = "household".into();
        Row { id: record(id), collection, version: version(n), definition, fields }
    }

    fn shown(&self, id: u128) -> Option<String> {
        let row = self.tablet.view(&self.catalogue, record(id), self.rows.get(&record(id)))?;
        row.fields.get(&4)?.as_text().map(str::to_owned)
    }

    fn respond(&mut self, response: SyncResponse) -> Vec<Effect> {
        let response = Box::new(response);
        self.handle(Event::Response { response, traffic: Traffic::default() })
    }
}

fn sent(effects: &[Effect]) -> &SyncRequest {
    let request = effects.iter().find_map(|effect| match effect {
        Effect::Send(request) => Some(request),
        _ => None,
    });
    request.expect("a request is sent")
}

fn accepted(request: RequestId, outcomes: Vec<Outcome>) -> Accepted {
    Accepted {
        request,
        epoch: EPOCH,
        ack: 0,
        outcomes,
        feeds: BTreeMap::new(),
        scopes: vec![village()],
        safe_before: 0,
        now: 0,
        order: None,
    }
}

fn feed(rows: Vec<Row>, cursor: u64) -> Feed {
    let digest: Digest = rows.iter().map(|row| (row.id, row.version)).collect();
    Feed {
        reset: false,
        rows,
        gone: Vec::new(),
        cursor: Cursor { seq: cursor, floor: 0 },
        more: false,
        digest: Some(digest),
        repairs: Vec::new(),
    }
}

#[test]
fn work_done_offline_survives_a_restart_and_is_sent_again_after_a_lost_answer() {
    let mut host = Host::new();
    let draft = host.draft(1, "一组");
    host.handle(Event::Edit(vec![draft]));
    host.restart();
    assert_eq!(host.shown(1).as_deref(), Some("一组"));
    let first = host.handle(Event::NetworkUp);
    let (before, ops) = (sent(&first).request, sent(&first).ops.clone());
    host.restart();
    let again = host.handle(Event::NetworkUp);
    assert_eq!((sent(&again).first_seq, &sent(&again).ops), (1, &ops));
    assert_ne!(sent(&again).request, before);
    assert!(host.respond(SyncResponse::Ok(accepted(before, vec![]))).is_empty(), "too late");
    assert_eq!(host.tablet.unsent(), 1);
}

#[test]
fn an_edit_shows_until_its_row_arrives_and_the_row_shows_after() {
    let mut host = Host::new();
    let draft = host.draft(1, "一组");
    host.handle(Event::Edit(vec![draft]));
    assert_eq!(host.tablet.scope_of(record(1)), Some(&village()), "it can be edited again");
    let effects = host.handle(Event::NetworkUp);
    let request = sent(&effects).request;
    let mut answer = accepted(request, vec![Outcome::Applied { version: version(1) }]);
    let page = Feed { more: true, digest: None, ..feed(vec![], 1) };
    answer.feeds.insert(village(), page);
    let effects = host.respond(SyncResponse::Ok(answer));
    assert_eq!(host.shown(1).as_deref(), Some("一组"), "answered, but its row is on a later page");
    let mut answer = accepted(sent(&effects).request, vec![]);
    answer.feeds.insert(village(), feed(vec![host.row(1, 3, "二组")], 5));
    host.respond(SyncResponse::Ok(answer));
    assert_eq!(host.shown(1).as_deref(), Some("二组"));
    assert!(host.tablet.is_quiet());
}

#[test]
fn a_scope_taken_away_is_purged_and_the_outbox_is_kept() {
    let mut host = Host::new();
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let mut answer = accepted(request, vec![]);
    answer.feeds.insert(village(), feed(vec![host.row(1, 1, "一组")], 1));
    host.respond(SyncResponse::Ok(answer));
    host.handle(Event::NetworkDown);
    let draft = host.draft(2, "二组");
    host.handle(Event::Edit(vec![draft]));
    let effects = host.handle(Event::NetworkUp);
    let parked = Outcome::Parked { reason: crate::ParkReason::Scope };
    let answer = Accepted { scopes: vec![], ..accepted(sent(&effects).request, vec![parked]) };
    host.respond(SyncResponse::Ok(answer));
    assert_eq!((host.rows.len(), host.stored.cursors.len()), (0, 0));
    assert_eq!(host.stored.ops.len(), 1);
}

#[test]
fn an_eviction_leaves_a_record_that_has_moved_to_another_scope() {
    let mut host = Host::new();
    let west = ScopeId::area("west").expect("a scope");
    let scopes = vec![village(), west.clone()];
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let mut answer = Accepted { scopes: scopes.clone(), ..accepted(request, vec![]) };
    answer.feeds.insert(village(), feed(vec![host.row(1, 1, "一组")], 1));
    let effects = host.respond(SyncResponse::Ok(answer));
    let mut answer = Accepted { scopes, ..accepted(sent(&effects).request, vec![]) };
    let gone = vec![Gone { id: record(1), version: version(2) }];
    answer.feeds.insert(west, feed(vec![host.row(1, 2, "二组")], 1));
    answer.feeds.insert(village(), Feed { gone, ..feed(vec![], 2) });
    host.respond(SyncResponse::Ok(answer));
    assert_eq!(host.shown(1).as_deref(), Some("二组"));
}

#[test]
fn a_digest_that_differs_has_the_part_that_differs_replaced() {
    let mut host = Host::new();
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let mut answer = accepted(request, vec![]);
    let here =
        vec![host.row(0x11, 1, "一组"), host.row(0x12, 1, "二组"), host.row(0x22, 1, "三组")];
    let there = vec![host.row(0x11, 1, "一组"), host.row(0x12, 2, "四组")];
    let right = feed(there.clone(), 9);
    answer.feeds.insert(village(), Feed { rows: here, ..right.clone() });
    let effects = host.respond(SyncResponse::Ok(answer));
    let asked = &sent(&effects).repair[&village()];
    assert_eq!(asked.len(), 16);
    let part = "2".parse().expect("a prefix");
    assert_ne!(asked[&part], Digest::default());
    let mut answer = accepted(sent(&effects).request, vec![]);
    let repairs = vec![Repair { prefix: part, rows: Some(vec![there[1].clone()]) }];
    let quiet = Feed { rows: vec![], repairs, ..right.clone() };
    answer.feeds.insert(village(), quiet);
    let effects = host.respond(SyncResponse::Ok(answer));
    assert_eq!(host.shown(0x12).as_deref(), Some("四组"));
    assert_eq!(host.shown(0x22), None, "the server does not have it");
    assert_eq!(host.shown(0x11).as_deref(), Some("一组"));
    let again = sent(&effects);
    assert!(again.repair.is_empty());
    assert_eq!(Some(again.digests[&village()]), right.digest, "and it is compared once more");
    assert_eq!(again.cursors[&village()].seq, 9, "nothing else is fetched again");
}

#[test]
fn a_repair_that_does_not_help_has_the_scope_fetched_anew() {
    let mut host = Host::new();
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let wrong = Feed { digest: Some(Digest(7)), ..feed(vec![host.row(1, 1, "一组")], 9) };
    let mut answer = accepted(request, vec![]);
    answer.feeds.insert(village(), wrong.clone());
    let mut effects = host.respond(SyncResponse::Ok(answer));
    for _ in 0..2 {
        assert_eq!(sent(&effects).cursors[&village()].seq, 9);
        let mut answer = accepted(sent(&effects).request, vec![]);
        answer.feeds.insert(village(), Feed { rows: vec![], ..wrong.clone() });
        effects = host.respond(SyncResponse::Ok(answer));
    }
    assert_eq!(sent(&effects).cursors[&village()], Cursor::default());
    assert!(host.rows.is_empty());
}

#[test]
fn a_scope_that_starts_over_keeps_nothing_of_before() {
    let mut host = Host::new();
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let mut answer = accepted(request, vec![]);
    answer.feeds.insert(village(), feed(vec![host.row(1, 1, "一组")], 1));
    host.respond(SyncResponse::Ok(answer));
    let request = sent(&host.handle(Event::Tick)).request;
    let mut answer = accepted(request, vec![]);
    let over = Feed { reset: true, ..feed(vec![host.row(2, 1, "二组")], 9) };
    answer.feeds.insert(village(), over);
    host.respond(SyncResponse::Ok(answer));
    assert_eq!((host.shown(1), host.shown(2).as_deref()), (None, Some("二组")));
}

#[test]
fn each_exchange_leaves_a_line_in_the_log() {
    let mut host = Host::new();
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let traffic = Traffic { sent: 10, received: 0, elapsed: 4 };
    let problem = Some("unavailable".to_owned());
    host.handle(Event::RequestFailed { request, retry_after: None, problem, traffic });
    let request = sent(&host.handle(Event::Tick)).request;
    host.respond(SyncResponse::Ok(accepted(request, vec![])));
    let kept: Vec<_> = host.stored.attempts.iter().map(|line| line.result.clone()).collect();
    let refused = AttemptResult::Refused { problem: "unavailable".into() };
    assert_eq!(kept, [refused, AttemptResult::Ok(Default::default())]);
    assert_eq!(host.stored.attempts[0].traffic, traffic);
}

#[test]
fn a_clone_takes_a_new_life_and_pushes_what_is_its_own() {
    let mut host = Host::new();
    for id in 1..=3 {
        let draft = host.draft(id, "一组");
        host.handle(Event::Edit(vec![draft]));
    }
    let effects = host.handle(Event::NetworkUp);
    let (request, old) = (sent(&effects).request, sent(&effects).incarnation);
    let effects = host.respond(SyncResponse::Fork { request, seq: 2 });
    let again = sent(&effects);
    assert_ne!(again.incarnation, old);
    assert_eq!(again.inherits, Some(Inheritance { incarnation: old, before: 2 }));
    assert_eq!((again.first_seq, again.ops.len()), (1, 3), "none was answered yet");
}

#[test]
fn a_restored_server_gets_everything_again() {
    let mut host = Host::new();
    let draft = host.draft(1, "一组");
    host.handle(Event::Edit(vec![draft]));
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let mut answer = accepted(request, vec![Outcome::Applied { version: version(1) }]);
    answer.feeds.insert(village(), feed(vec![host.row(1, 1, "一组")], 1));
    host.respond(SyncResponse::Ok(answer));
    let request = sent(&host.handle(Event::Tick)).request;
    let effects = host.respond(SyncResponse::Reset { request, epoch: Epoch(2) });
    let again = sent(&effects);
    assert_eq!((again.epoch, again.first_seq, again.ops.len()), (Some(Epoch(2)), 1, 1));
    assert_eq!(again.cursors[&village()], Cursor::default());
    assert_eq!(host.shown(1).as_deref(), Some("一组"), "the person still sees the work");
}

/// Made three records, sent them and fetched them; a backup has what is below a number.
fn with_three_records(safe_before: u64) -> Host {
    let mut host = Host::new();
    for id in 1..=3 {
        let draft = host.draft(id, "一组");
        host.handle(Event::Edit(vec![draft]));
    }
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let applied = Outcome::Applied { version: version(1) };
    let mut answer = Accepted { safe_before, ..accepted(request, vec![applied; 3]) };
    let rows = (1..=3).map(|id| host.row(id, 1, "一组")).collect();
    answer.feeds.insert(village(), feed(rows, 3));
    host.respond(SyncResponse::Ok(answer));
    host
}

#[test]
fn what_is_safe_in_a_backup_is_dropped_and_the_chain_goes_on_where_it_was() {
    let mut host = with_three_records(4);
    assert_eq!(host.stored.ops.len(), 1);
    host.restart();
    let effects = host.handle(Event::NetworkUp);
    assert_eq!((sent(&effects).first_seq, sent(&effects).ops.len()), (4, 0));
}

#[test]
fn a_group_is_never_divided_between_requests() {
    let mut host = Host::new();
    let long = "长".repeat(60_000);
    for pair in 0..3 {
        let drafts = [1, 2].map(|half| host.draft(pair * 2 + half, &long));
        host.handle(Event::EditAtOnce(drafts.into()));
    }
    let effects = host.handle(Event::NetworkUp);
    let ops = &sent(&effects).ops;
    assert!(!ops.is_empty() && ops.len().is_multiple_of(2), "{} operations", ops.len());
}

#[test]
fn what_is_done_to_one_record_is_a_group_and_waits_for_no_other() {
    let mut host = Host::new();
    let drafts = [1, 2, 1, 2, 3].map(|record| host.draft(record, "一组"));
    host.handle(Event::Edit(drafts.into()));
    let many = (0..201).map(|_| host.draft(4, "二组")).collect();
    host.handle(Event::Edit(many));
    let effects = host.handle(Event::NetworkUp);
    let ops = &sent(&effects).ops;
    let mut groups: Vec<(Option<u16>, BTreeSet<RecordId>, usize)> = Vec::new();
    for together in ops.chunk_by(|one, next| one.group.is_some() && one.group == next.group) {
        let records = together.iter().map(|op| op.record).collect();
        groups.push((together[0].group.map(|group| group.size), records, together.len()));
    }
    let told: Vec<_> =
        groups.iter().map(|(size, records, ops)| (*size, records.len(), *ops)).collect();
    assert_eq!(
        told,
        [(Some(2), 1, 2), (Some(2), 1, 2), (None, 1, 1), (Some(200), 1, 200), (None, 1, 1)]
    );
}

/// A host that has handed over a record with these photos, and what it asks then.
fn with_photos(photos: &[Hash]) -> (Host, Vec<Effect>) {
    let mut host = Host::new();
    let draft = Draft { blobs: photos.to_vec(), ..host.draft(1, "一组") };
    host.handle(Event::Edit(vec![draft]));
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let mut answer = accepted(request, vec![Outcome::Applied { version: version(1) }]);
    answer.feeds.insert(village(), feed(vec![host.row(1, 1, "一组")], 1));
    let effects = host.respond(SyncResponse::Ok(answer));
    (host, effects)
}

fn told(asked: &[Hash], missing: &[Hash]) -> Event {
    Event::BlobsMissing { asked: asked.to_vec(), missing: missing.to_vec() }
}

/// Looks for news, of which there are none, and says what is done about photos then.
fn look(host: &mut Host) -> Vec<Effect> {
    let request = sent(&host.handle(Event::Tick)).request;
    host.respond(SyncResponse::Ok(accepted(request, vec![])))
}

fn asks(effects: &[Effect], about: &[Hash]) -> bool {
    matches!(effects, [.., Effect::AskMissing(asked)] if asked == about)
}

#[test]
fn photos_wait_for_the_records_and_are_done_when_the_server_says_that_it_has_them() {
    let hash = Hash::of(b"photo");
    let (mut host, effects) = with_photos(&[hash]);
    assert!(matches!(&effects[..], [Effect::AskMissing(asked)] if *asked == [hash]));
    let effects = host.handle(told(&[hash], &[hash]));
    assert!(matches!(effects[..], [Effect::Upload(it)] if it == hash));
    let effects = host.handle(Event::BlobFailed { retry_after: Some(60_000) });
    assert!(matches!(effects[..], [Effect::Alarm(pause)] if pause >= 60_000), "{effects:?}");
    assert!(!host.tablet.is_quiet());
    assert!(asks(&look(&mut host), &[hash]), "it may be there, though the upload failed");
    let effects = host.handle(told(&[hash], &[hash]));
    assert!(matches!(effects[..], [Effect::Upload(it)] if it == hash));
    // What carries uploads says that all went well: only the server's own word counts.
    assert!(asks(&host.handle(Event::BlobSent(hash)), &[hash]));
    assert_eq!(host.stored.blobs[&hash], BlobState::Referenced);
    let effects = host.handle(told(&[hash], &[hash]));
    assert!(matches!(effects[..], [Effect::Alarm(_)]), "not at once again: {effects:?}");
    assert!(matches!(look(&mut host)[..], [Effect::Upload(it)] if it == hash));
    host.handle(Event::BlobSent(hash));
    host.handle(told(&[hash], &[]));
    assert_eq!(host.stored.blobs[&hash], BlobState::Verified { next: 2 });
    assert!(host.tablet.is_quiet());
}

#[test]
fn a_photo_that_cannot_be_sent_holds_up_neither_others_nor_operations() {
    let mut photos = [b"a", b"b", b"c"].map(|bytes| Hash::of(bytes));
    photos.sort();
    let [first, second, third] = photos;
    let (mut host, effects) = with_photos(&photos);
    assert!(asks(&effects, &photos));
    assert!(matches!(host.handle(told(&photos, &photos))[..], [Effect::Upload(it)] if it == first));
    host.handle(Event::BlobFailed { retry_after: None });
    // An operation does not wait for the photo's pause.
    let draft = host.draft(2, "二组");
    let request = sent(&host.handle(Event::Edit(vec![draft]))).request;
    let mut answer = accepted(request, vec![Outcome::Applied { version: version(1) }]);
    let rows = vec![host.row(1, 1, "一组"), host.row(2, 1, "二组")];
    answer.feeds.insert(village(), feed(rows, 2));
    let effects = host.respond(SyncResponse::Ok(answer));
    assert!(effects.is_empty(), "photos wait: {effects:?}");
    assert!(asks(&look(&mut host), &[first]));
    let effects = host.handle(told(&[first], &[first]));
    assert!(matches!(effects[..], [Effect::Upload(it)] if it == second), "{effects:?}");
    assert!(asks(&host.handle(Event::BlobSent(second)), &[second]));
    let effects = host.handle(told(&[second], &[]));
    assert!(matches!(effects[..], [Effect::Upload(it)] if it == third));
    host.handle(Event::BlobSent(third));
    let effects = host.handle(told(&[third], &[]));
    assert!(matches!(effects[..], [Effect::Upload(it)] if it == first));
}

#[test]
fn a_question_about_photos_that_the_network_swallowed_is_asked_again() {
    let mut host = Host::new();
    let hash = Hash::of(b"photo");
    let draft = Draft { blobs: vec![hash], ..host.draft(1, "一组") };
    host.handle(Event::Edit(vec![draft]));
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let applied = Outcome::Applied { version: version(1) };
    let asks =
        |effects: &[Effect]| matches!(effects, [.., Effect::AskMissing(asked)] if *asked == [hash]);
    let mut answer = accepted(request, vec![applied]);
    answer.feeds.insert(village(), feed(vec![host.row(1, 1, "一组")], 1));
    assert!(asks(&host.respond(SyncResponse::Ok(answer))));
    host.handle(Event::NetworkDown);
    let request = sent(&host.handle(Event::NetworkUp)).request;
    assert!(asks(&host.respond(SyncResponse::Ok(accepted(request, vec![])))));
}

#[test]
fn what_a_start_asks_about_photos_that_are_there_is_asked_until_it_is_answered() {
    let hash = Hash::of(b"photo");
    let (mut host, _) = with_photos(&[hash]);
    host.handle(told(&[hash], &[]));
    assert_eq!(host.stored.blobs[&hash], BlobState::Verified { next: 2 });
    host.restart();
    let request = sent(&host.handle(Event::NetworkUp)).request;
    let effects = host.respond(SyncResponse::Ok(accepted(request, vec![])));
    assert!(asks(&effects, &[hash]), "the server may have lost it meanwhile: {effects:?}");
    for lost in [Event::BlobFailed { retry_after: None }, Event::NetworkDown] {
        host.handle(lost);
        let effects = match host.handle(Event::NetworkUp) {
            effects if asks(&effects, &[hash]) => effects,
            effects => {
                let request = sent(&effects).request;
                host.respond(SyncResponse::Ok(accepted(request, vec![])))
            }
        };
        assert!(asks(&effects, &[hash]), "nobody answered: {effects:?}");
    }
    let effects = host.handle(told(&[hash], &[hash]));
    assert!(matches!(effects[..], [Effect::Upload(it)] if it == hash), "it is sent again");
}

#[test]
fn a_photo_is_kept_until_a_backup_has_it_and_doubted_when_the_server_was_restored() {
    let hash = Hash::of(b"photo");
    let (mut host, _) = with_photos(&[hash]);
    host.handle(told(&[hash], &[]));
    let applied = Outcome::Applied { version: version(1) };
    let answered = |host: &Host, id: u128, request, safe_before| {
        let mut answer = Accepted { safe_before, ..accepted(request, vec![applied.clone()]) };
        let rows = (1..=id).map(|id| host.row(id, 1, "一组")).collect();
        answer.feeds.insert(village(), feed(rows, id as u64));
        answer
    };
    let draft = host.draft(2, "二组");
    let request = sent(&host.handle(Event::Edit(vec![draft]))).request;
    let answer = answered(&host, 2, request, 2);
    let effects = host.respond(SyncResponse::Ok(answer));
    assert!(effects.is_empty(), "the backup may be older: {effects:?}");
    let request = sent(&host.handle(Event::Tick)).request;
    let effects = host.respond(SyncResponse::Reset { request, epoch: Epoch(2) });
    assert_eq!(host.stored.blobs[&hash], BlobState::Referenced);
    let request = sent(&effects).request;
    let answer = Accepted { epoch: Epoch(2), ..answered(&host, 2, request, 0) };
    assert!(asks(&host.respond(SyncResponse::Ok(answer)), &[hash]));
    host.handle(told(&[hash], &[]));
    let draft = host.draft(3, "三组");
    let request = sent(&host.handle(Event::Edit(vec![draft]))).request;
    let answer = Accepted { epoch: Epoch(2), ..answered(&host, 3, request, 4) };
    let effects = host.respond(SyncResponse::Ok(answer));
    assert!(asks(&effects, &[hash]), "it is asked about once more before it goes");
    assert!(host.stored.blobs.contains_key(&hash) && !host.tablet.is_quiet());
    // The server lost it meanwhile.
    let effects = host.handle(told(&[hash], &[hash]));
    assert!(matches!(effects[..], [Effect::Upload(it)] if it == hash));
    host.handle(Event::BlobSent(hash));
    host.handle(told(&[hash], &[]));
    let draft = host.draft(4, "四组");
    let request = sent(&host.handle(Event::Edit(vec![draft]))).request;
    let answer = Accepted { epoch: Epoch(2), ..answered(&host, 4, request, 5) };
    assert!(asks(&host.respond(SyncResponse::Ok(answer)), &[hash]));
    host.handle(told(&[hash], &[]));
    assert!(!host.stored.blobs.contains_key(&hash), "now it may go");
    assert!(host.tablet.is_quiet());
}

#[test]
fn a_gap_that_cannot_be_filled_begins_a_chain_with_what_there_is() {
    let mut host = with_three_records(3);
    let effects = host.handle(Event::Tick);
    let (request, old) = (sent(&effects).request, sent(&effects).incarnation);
    let effects = host.respond(SyncResponse::Gap { request, next: 2 });
    let again = sent(&effects);
    assert_ne!(again.incarnation, old);
    assert_eq!((again.begins, again.first_seq, again.ops.len()), (3, 3, 1));
}

#[test]
fn a_tablet_that_is_enrolled_again_brings_what_it_kept() {
    let mut host = Host::new();
    let draft = host.draft(1, "一组");
    host.handle(Event::Edit(vec![draft]));
    let effects = host.handle(Event::NetworkUp);
    let old = sent(&effects).incarnation;
    host.handle(Event::NetworkDown);
    host.handle(Event::Enrolled(DeviceId(Uuid::from_u128(9))));
    host.restart();
    let effects = host.handle(Event::NetworkUp);
    let again = sent(&effects);
    assert_eq!(again.device, DeviceId(Uuid::from_u128(9)));
    assert_ne!(again.incarnation, old);
    assert_eq!((again.begins, again.first_seq, again.ops.len()), (1, 1, 1));
}
