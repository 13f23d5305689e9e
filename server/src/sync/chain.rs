//! Chains: one for each incarnation of a device, each operation at its place, once.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_schema::Hash;
use sync_protocol::merge::Presenter;
use sync_protocol::message::Inheritance;
use sync_protocol::{DeviceId, IncarnationId, Outcome};

use crate::db::schema::{chains, ops};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, RowLocked};

/// A chain, locked until the transaction ends.
pub(super) struct Chain {
    pub(super) presenter: Presenter,
    pub(super) next_seq: u64,
}

/// The chain is another device's.
#[derive(Debug)]
pub(super) struct ForeignChain;

type ChainRow = (Key, i64, Option<Key>, Option<i64>);

/// How many forks back a chain is followed.
const MOST_ANCESTORS: usize = 64;

/// Locks the chain of an incarnation; starts it at `first_seq`, or where it forked off another,
/// if it is new.
pub(super) fn lock(
    connection: &mut AnyConnection,
    device: DeviceId,
    incarnation: IncarnationId,
    first_seq: u64,
    inherits: Option<Inheritance>,
    now: Timestamp,
) -> QueryResult<Result<Chain, ForeignChain>> {
    let query = chains::table.find(Key::from(incarnation)).select((
        chains::device_id,
        chains::next_seq,
        chains::parent,
        chains::fork_seq,
    ));
    let found: Option<ChainRow> = RowLocked(query).get_result(connection).optional()?;
    if let Some((owner, next_seq, parent, fork_seq)) = found {
        if DeviceId::from(owner) != device {
            return Ok(Err(ForeignChain));
        }
        let inherited = ancestors(connection, parent, fork_seq)?;
        let presenter = Presenter { incarnation, inherited };
        return Ok(Ok(Chain { presenter, next_seq: next_seq as u64 }));
    }
    // Only a chain of the same device that reaches that far can be inherited.
    let shared = match inherits {
        None => None,
        Some(inheritance) => {
            let parent: Option<(Key, i64)> = chains::table
                .find(Key::from(inheritance.incarnation))
                .select((chains::device_id, chains::next_seq))
                .first(connection)
                .optional()?;
            let fits = |(owner, next): &(Key, i64)| {
                DeviceId::from(*owner) == device && *next as u64 >= inheritance.before
            };
            parent.filter(fits).map(|_| inheritance)
        }
    };
    let next_seq = shared.map_or(first_seq, |inheritance| inheritance.before);
    let parent = shared.map(|inheritance| Key::from(inheritance.incarnation));
    let fork_seq = shared.map(|inheritance| inheritance.before as i64);
    diesel::insert_into(chains::table)
        .values((
            chains::incarnation.eq(Key::from(incarnation)),
            chains::device_id.eq(Key::from(device)),
            chains::next_seq.eq(next_seq as i64),
            chains::parent.eq(parent),
            chains::fork_seq.eq(fork_seq),
            chains::started_at.eq(now),
        ))
        .execute(connection)?;
    let inherited = ancestors(connection, parent, fork_seq)?;
    Ok(Ok(Chain { presenter: Presenter { incarnation, inherited }, next_seq }))
}

fn ancestors(
    connection: &mut AnyConnection,
    mut parent: Option<Key>,
    mut fork_seq: Option<i64>,
) -> QueryResult<Vec<(IncarnationId, u64)>> {
    let mut inherited = Vec::new();
    let mut reach = u64::MAX;
    while let (Some(incarnation), Some(fork)) = (parent, fork_seq) {
        if inherited.len() == MOST_ANCESTORS {
            break;
        }
        reach = reach.min(fork as u64);
        inherited.push((incarnation.into(), reach));
        (parent, fork_seq) = chains::table
            .find(incarnation)
            .select((chains::parent, chains::fork_seq))
            .first(connection)?;
    }
    Ok(inherited)
}

/// What is stored at these places of the chain or of those it inherits.
pub(super) fn stored(
    connection: &mut AnyConnection,
    presenter: &Presenter,
    first: u64,
    before: u64,
) -> QueryResult<BTreeMap<u64, (Hash, Outcome)>> {
    let mut found = BTreeMap::new();
    let own = [(presenter.incarnation, u64::MAX)];
    for (incarnation, fork) in presenter.inherited.iter().rev().chain(&own) {
        let rows: Vec<(i64, Vec<u8>, JsonText)> = ops::table
            .filter(ops::incarnation.eq(Key::from(*incarnation)))
            .filter(ops::seq.ge(first as i64).and(ops::seq.lt(before.min(*fork) as i64)))
            .select((ops::seq, ops::key, ops::outcome))
            .load(connection)?;
        for (seq, key, outcome) in rows {
            found.insert(seq as u64, (hash(key)?, outcome.read()?));
        }
    }
    Ok(found)
}

/// The outcomes of operations that were pushed before, by whatever incarnation.
pub(super) fn known_outcomes(
    connection: &mut AnyConnection,
    keys: &[Hash],
) -> QueryResult<BTreeMap<Hash, Outcome>> {
    let mut found = BTreeMap::new();
    for chunk in keys.chunks(500) {
        let chunk: Vec<Vec<u8>> = chunk.iter().map(|key| key.as_bytes().to_vec()).collect();
        let rows: Vec<(Vec<u8>, JsonText)> = ops::table
            .filter(ops::key.eq_any(chunk))
            .select((ops::key, ops::outcome))
            .load(connection)?;
        for (key, outcome) in rows {
            found.insert(hash(key)?, outcome.read()?);
        }
    }
    Ok(found)
}

/// Moves the end of the chain.
pub(super) fn advance(
    connection: &mut AnyConnection,
    incarnation: IncarnationId,
    next_seq: u64,
) -> QueryResult<()> {
    diesel::update(chains::table.find(Key::from(incarnation)))
        .set(chains::next_seq.eq(next_seq as i64))
        .execute(connection)?;
    Ok(())
}

fn hash(bytes: Vec<u8>) -> QueryResult<Hash> {
    let unreadable = || diesel::result::Error::DeserializationError("a key in the database".into());
    bytes.try_into().map(Hash).map_err(|_| unreadable())
}
