//! Messages to bytes.

use std::collections::BTreeMap;

use mobile_schema::canonical::Encoder;
use uuid::Uuid;

use super::{PARK_REASONS, REJECT_REASONS, answer_key, feed_key, request_key, result};
use crate::encoding::canonical::{op_bytes, version};
use crate::message::{Accepted, Feed, Gone, Order, Repair};
use crate::outcome::Outcome;
use crate::{Cursor, Digest, Row, ScopeId, SyncRequest, SyncResponse};

/// A map with integer keys whose optional members are left out.
#[derive(Default)]
struct Members(Vec<(u64, Vec<u8>)>);

impl Members {
    fn put(&mut self, key: u64, write: impl FnOnce(&mut Encoder)) -> &mut Self {
        let mut encoder = Encoder::new();
        write(&mut encoder);
        self.0.push((key, encoder.finish()));
        self
    }

    fn number(&mut self, key: u64, number: u64) -> &mut Self {
        self.put(key, |encoder| {
            encoder.unsigned(number);
        })
    }

    fn finish(mut self, encoder: &mut Encoder) {
        self.0.sort_by_key(|(key, _)| *key);
        encoder.map(self.0.len());
        for (key, item) in self.0 {
            encoder.unsigned(key).encoded(&item);
        }
    }
}

fn uuid(encoder: &mut Encoder, id: Uuid) {
    encoder.bytes(id.as_bytes());
}

fn digest(encoder: &mut Encoder, digest: Digest) {
    encoder.bytes(&digest.0.to_be_bytes());
}

fn cursor(encoder: &mut Encoder, cursor: Cursor) {
    encoder.array(2).unsigned(cursor.seq).unsigned(cursor.floor);
}

fn by_scope<T>(
    encoder: &mut Encoder,
    entries: &BTreeMap<ScopeId, T>,
    write: impl Fn(&mut Encoder, &T),
) {
    let entries = entries.iter().map(|(scope, value)| (scope.as_str(), value));
    encoder.text_keys(entries, write);
}

/// A request's bytes.
pub fn write_request(request: &SyncRequest) -> Vec<u8> {
    use request_key as key;
    let mut members = Members::default();
    members
        .number(key::PROTOCOL, u64::from(request.protocol))
        .put(key::REQUEST, |e| uuid(e, request.request.0))
        .put(key::DEVICE, |e| uuid(e, request.device.0))
        .put(key::INCARNATION, |e| uuid(e, request.incarnation.0))
        .number(key::FIRST_SEQ, request.first_seq)
        .put(key::OPS, |e| {
            e.array(request.ops.len());
            for op in &request.ops {
                e.encoded(&op_bytes(op));
            }
        })
        .put(key::CURSORS, |e| by_scope(e, &request.cursors, |e, one| cursor(e, *one)))
        .number(key::BUDGET, u64::from(request.budget))
        .put(key::CLOCK, |e| {
            let clock = &request.clock;
            e.array(3).integer(clock.wall).unsigned(clock.monotonic).text(&clock.boot);
        });
    if let Some(inherits) = request.inherits {
        members.put(key::INHERITS, |e| {
            e.array(2).bytes(inherits.incarnation.0.as_bytes()).unsigned(inherits.before);
        });
    }
    if let Some(unsent) = request.unsent {
        members.put(key::UNSENT, |e| {
            e.array(2).unsigned(unsent.ops).unsigned(unsent.files);
        });
    }
    if let Some(epoch) = request.epoch {
        members.number(key::EPOCH, epoch.0);
    }
    if request.begins != 1 {
        members.number(key::BEGINS, request.begins);
    }
    if !request.digests.is_empty() {
        members.put(key::DIGESTS, |e| by_scope(e, &request.digests, |e, one| digest(e, *one)));
    }
    if !request.repair.is_empty() {
        members.put(key::REPAIR, |e| {
            by_scope(e, &request.repair, |e, parts| {
                let parts = parts.iter().map(|(prefix, held)| (prefix.as_str(), *held));
                e.text_keys(parts, digest);
            });
        });
    }
    let mut encoder = Encoder::new();
    members.finish(&mut encoder);
    encoder.finish()
}

/// An answer's bytes.
pub fn write_response(response: &SyncResponse) -> Vec<u8> {
    use answer_key as key;
    let mut members = Members::default();
    members.put(key::REQUEST, |e| uuid(e, response.request().0));
    let result = match response {
        SyncResponse::Ok(accepted) => {
            accept(&mut members, accepted);
            result::OK
        }
        SyncResponse::Fork { seq, .. } => {
            members.number(key::SEQ, *seq);
            result::FORK
        }
        SyncResponse::Gap { next, .. } => {
            members.number(key::NEXT, *next);
            result::GAP
        }
        SyncResponse::Reset { epoch, .. } => {
            members.number(key::EPOCH, epoch.0);
            result::RESET
        }
        SyncResponse::Upgrade { oldest, ack, outcomes, .. } => {
            members
                .number(key::OLDEST, u64::from(*oldest))
                .number(key::ACK, *ack)
                .put(key::OUTCOMES, |e| write_outcomes(e, outcomes));
            result::UPGRADE
        }
    };
    members.number(key::RESULT, result);
    let mut encoder = Encoder::new();
    members.finish(&mut encoder);
    encoder.finish()
}

fn accept(members: &mut Members, accepted: &Accepted) {
    use answer_key as key;
    members
        .number(key::EPOCH, accepted.epoch.0)
        .number(key::ACK, accepted.ack)
        .put(key::OUTCOMES, |e| write_outcomes(e, &accepted.outcomes))
        .put(key::FEEDS, |e| by_scope(e, &accepted.feeds, feed))
        .put(key::SCOPES, |e| {
            e.array(accepted.scopes.len());
            for scope in &accepted.scopes {
                e.text(scope.as_str());
            }
        })
        .number(key::SAFE_BEFORE, accepted.safe_before)
        .put(key::NOW, |e| {
            e.integer(accepted.now);
        });
    if let Some(Order::Wipe) = accepted.order {
        members.number(key::ORDER, 0);
    }
}

/// Writes what became of an operation.
pub fn write_outcome(one: &Outcome) -> Vec<u8> {
    let mut encoder = Encoder::new();
    outcome(&mut encoder, one);
    encoder.finish()
}

fn write_outcomes(encoder: &mut Encoder, outcomes: &[Outcome]) {
    encoder.array(outcomes.len());
    outcomes.iter().for_each(|one| outcome(encoder, one));
}

fn outcome(encoder: &mut Encoder, outcome: &Outcome) {
    let place = |found: Option<usize>| found.unwrap_or_default() as u64;
    match outcome {
        Outcome::Applied { version: made } => version(encoder.array(2).unsigned(0), *made),
        Outcome::Merged { version: made } => version(encoder.array(2).unsigned(1), *made),
        Outcome::Conflict { version: made, conflicts } => {
            version(encoder.array(3).unsigned(2), *made);
            encoder.array(conflicts.len());
            for conflict in conflicts {
                encoder.bytes(conflict.0.as_bytes());
            }
        }
        Outcome::Parked { reason } => {
            let reason = PARK_REASONS.iter().position(|one| one == reason);
            encoder.array(2).unsigned(3).unsigned(place(reason));
        }
        Outcome::Rejected { reason } => {
            let reason = REJECT_REASONS.iter().position(|one| one == reason);
            encoder.array(2).unsigned(4).unsigned(place(reason));
        }
    }
}

fn feed(encoder: &mut Encoder, feed: &Feed) {
    use feed_key as key;
    let mut members = Members::default();
    members.put(key::ROWS, |e| rows(e, &feed.rows)).put(key::CURSOR, |e| cursor(e, feed.cursor));
    if !feed.gone.is_empty() {
        members.put(key::GONE, |e| {
            e.array(feed.gone.len());
            for Gone { id, version: last } in &feed.gone {
                version(e.array(2).bytes(id.0.as_bytes()), *last);
            }
        });
    }
    if feed.more {
        members.put(key::MORE, |e| {
            e.boolean(true);
        });
    }
    if let Some(whole) = feed.digest {
        members.put(key::DIGEST, |e| digest(e, whole));
    }
    if feed.reset {
        members.put(key::RESET, |e| {
            e.boolean(true);
        });
    }
    if !feed.repairs.is_empty() {
        members.put(key::REPAIRS, |e| {
            e.array(feed.repairs.len());
            for Repair { prefix, rows: sent } in &feed.repairs {
                e.array(2).text(prefix.as_str()).optional(sent.as_deref(), rows);
            }
        });
    }
    members.finish(encoder);
}

fn rows(encoder: &mut Encoder, sent: &[Row]) {
    encoder.array(sent.len());
    for row in sent {
        encoder.array(5).bytes(row.id.0.as_bytes()).text(&row.collection);
        version(encoder, row.version);
        encoder.hash(&row.definition).fields(&row.fields);
    }
}
