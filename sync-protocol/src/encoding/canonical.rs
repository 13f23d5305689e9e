//! An operation as deterministic CBOR (RFC 8949, section 4.2.1), for its key.
//!
//! The sequence number, incarnation and epoch of the push are left out on purpose: the same
//! operation keeps its key when a fork or a restored server has it pushed again.

use mobile_schema::canonical::Encoder;

use crate::op::{Change, Op, Resolution};
use crate::{Hlc, Version};

/// The canonical bytes of `op`: a map with integer keys.
pub fn op_bytes(op: &Op) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.map(10);
    encoder.unsigned(0).text(&op.collection);
    encoder.unsigned(1).bytes(op.record.0.as_bytes());
    encoder.unsigned(2).text(op.scope.as_str());
    encoder.unsigned(3).optional(op.base, version);
    encoder.unsigned(4);
    change(&mut encoder, &op.change);
    encoder.unsigned(5);
    hlc(&mut encoder, op.at);
    encoder.unsigned(6).hash(&op.definition);
    encoder.unsigned(7).bytes(op.author.0.as_bytes());
    encoder.unsigned(8).array(op.blobs.len());
    for blob in &op.blobs {
        encoder.hash(blob);
    }
    encoder.unsigned(9).optional(op.group, |encoder, group| {
        encoder.array(2).bytes(group.id.0.as_bytes()).unsigned(u64::from(group.size));
    });
    encoder.finish()
}

pub(super) fn version(encoder: &mut Encoder, version: Version) {
    encoder.array(2).unsigned(version.epoch.0).unsigned(version.n);
}

fn hlc(encoder: &mut Encoder, at: Hlc) {
    encoder.array(3).integer(at.wall).unsigned(u64::from(at.counter)).unsigned(u64::from(at.node));
}

fn change(encoder: &mut Encoder, change: &Change) {
    match change {
        Change::Create { fields } => encoder.array(2).unsigned(0).fields(fields),
        Change::Patch { fields } => encoder.array(2).unsigned(1).fields(fields),
        Change::Delete => encoder.array(1).unsigned(2),
        Change::Move { to } => encoder.array(2).unsigned(3).text(to.as_str()),
        Change::Add { field, element } => {
            encoder.array(3).unsigned(4).unsigned(u64::from(*field)).value(element)
        }
        Change::Remove { field, element } => {
            encoder.array(3).unsigned(5).unsigned(u64::from(*field)).value(element)
        }
        Change::Delta { field, by } => {
            encoder.array(3).unsigned(6).unsigned(u64::from(*field)).integer(*by)
        }
        Change::Transition { field, from, to } => {
            encoder.array(4).unsigned(7).unsigned(u64::from(*field)).text(from).text(to)
        }
        Change::Sign { fields } => encoder.array(2).unsigned(8).fields(fields),
        Change::Resolve { choice, reason } => {
            encoder.array(3).unsigned(9);
            match choice {
                Resolution::Keep => encoder.array(1).unsigned(0),
                Resolution::Swap => encoder.array(1).unsigned(1),
                Resolution::Edit { fields } => encoder.array(2).unsigned(2).fields(fields),
            };
            encoder.text(reason)
        }
    };
}
