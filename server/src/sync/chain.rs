//! Chains in the database: what the server has of each incarnation's operations.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use mobile_schema::Hash;
use sync_protocol::exchange::Admission;
use sync_protocol::merge::Presenter;
use sync_protocol::message::Inheritance;
use sync_protocol::record::Writer;
use sync_protocol::{DeviceId, IncarnationId, Outcome, SyncRequest, UserId};

use crate::db::schema::{chains, ops};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{
    AnyConnection, Prepared, RowLocked, STATEMENT_ROWS, insert_all, padded, update_all,
};

/// Whose chain it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A tablet's.
    Tablet(DeviceId),
    /// A person's, who works in a browser.
    Person(UserId),
}

impl Owner {
    /// The tablet, if it is one.
    pub fn device(self) -> Option<DeviceId> {
        match self {
            Self::Tablet(device) => Some(device),
            Self::Person(_) => None,
        }
    }
}

/// The chain is another's.
#[derive(Clone, Copy, Debug)]
pub struct ForeignChain;

/// Which chain a request goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) owner: Owner,
    pub(super) incarnation: IncarnationId,
    pub(super) inherits: Option<Inheritance>,
    pub(super) begins: u64,
}

impl Wanted {
    /// The chain that a request goes on.
    pub(super) fn of<Op>(owner: Owner, request: &SyncRequest<Op>) -> Self {
        let SyncRequest { incarnation, inherits, begins, .. } = *request;
        Self { owner, incarnation, inherits, begins }
    }
}

/// The operations of the chain that a request goes on which are below this number are in a verified
/// backup; none of a chain that is another's.
pub fn safe_before<Op>(
    connection: &mut AnyConnection,
    owner: Owner,
    request: &SyncRequest<Op>,
) -> QueryResult<u64> {
    match find(connection, &Wanted::of(owner, request))? {
        Ok(chain) => chain.safe_before(connection),
        Err(ForeignChain) => Ok(0),
    }
}

/// A chain as it is stored, or as it would be if it were begun.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    incarnation: IncarnationId,
    owner: Owner,
    pub(super) admission: Admission,
    parent: Option<(IncarnationId, u64)>,
    safe_before: u64,
    repeats: bool,
}

#[derive(Insertable)]
#[diesel(table_name = chains, treat_none_as_default_value = false)]
struct ChainRow {
    incarnation: Key,
    device_id: Option<Key>,
    user_id: Option<Key>,
    next_seq: i64,
    parent: Option<Key>,
    fork_seq: Option<i64>,
    started_at: Timestamp,
    safe_before: i64,
    repeats: bool,
}

type Row = (Key, Option<Key>, Option<Key>, i64, Option<Key>, Option<i64>, i64, bool);

/// How many forks back a chain is followed.
const MOST_ANCESTORS: usize = 64;

macro_rules! chain_columns {
    () => {
        (
            chains::incarnation,
            chains::device_id,
            chains::user_id,
            chains::next_seq,
            chains::parent,
            chains::fork_seq,
            chains::safe_before,
            chains::repeats,
        )
    };
}

fn is_owner(owner: Owner, device: Option<Key>, user: Option<Key>) -> bool {
    match owner {
        Owner::Tablet(wanted) => device.map(DeviceId::from) == Some(wanted),
        Owner::Person(wanted) => user.map(UserId::from) == Some(wanted),
    }
}

/// Finds the chain, which others may go on with meanwhile.
pub(super) fn find(
    connection: &mut AnyConnection,
    wanted: &Wanted,
) -> QueryResult<Result<Chain, ForeignChain>> {
    let query = chains::table.find(Key::from(wanted.incarnation)).select(chain_columns!());
    match query.first(connection).optional()? {
        Some(row) => Ok(known_chain(wanted, row)),
        None => new_chain(connection, wanted).map(Ok),
    }
}

/// Finds chains, and keeps others from going on with them until the transaction ends: locked in
/// the order of their ids, so that no two wait for each other.
pub(super) fn find_all(
    connection: &mut AnyConnection,
    wanted: &[Wanted],
) -> QueryResult<Vec<Result<Chain, ForeignChain>>> {
    let mut keys: Vec<Key> = wanted.iter().map(|one| one.incarnation.into()).collect();
    keys.sort_unstable();
    let mut found = BTreeMap::new();
    for chunk in keys.chunks(STATEMENT_ROWS) {
        let query = chains::table
            .filter(chains::incarnation.eq_any(padded(chunk.to_vec())))
            .order(chains::incarnation)
            .select(chain_columns!());
        let query = Prepared::always(RowLocked(query));
        let rows: Vec<Row> = query.get_results(connection)?;
        found.extend(rows.into_iter().map(|row| (row.0, row)));
    }
    let find = |one: &Wanted| match found.remove(&Key::from(one.incarnation)) {
        Some(row) => Ok(known_chain(one, row)),
        None => new_chain(connection, one).map(Ok),
    };
    wanted.iter().map(find).collect()
}

/// A chain that is stored, if it is the one's who goes on with it.
fn known_chain(wanted: &Wanted, row: Row) -> Result<Chain, ForeignChain> {
    let Wanted { owner, incarnation, .. } = *wanted;
    let (_, device, user, next, parent, fork, safe, repeats) = row;
    if !is_owner(owner, device, user) {
        return Err(ForeignChain);
    }
    let parent = parent.zip(fork).map(|(parent, fork)| (parent.into(), fork as u64));
    let admission = Admission::Known(next as u64);
    Ok(Chain { incarnation, owner, admission, parent, safe_before: safe as u64, repeats })
}

/// A chain as it would be if it were begun.
fn new_chain(connection: &mut AnyConnection, wanted: &Wanted) -> QueryResult<Chain> {
    let Wanted { owner, incarnation, .. } = *wanted;
    let mut parent = None;
    let mut admission = Admission::New(wanted.begins);
    if let Some(inheritance) = wanted.inherits {
        let known: Option<Row> = chains::table
            .find(Key::from(inheritance.incarnation))
            .select(chain_columns!())
            .first(connection)
            .optional()?;
        // Only a chain of the same owner can be inherited.
        if let Some((_, device, user, next, ..)) = known
            && is_owner(owner, device, user)
        {
            admission = Admission::inherit(inheritance, next as u64);
            if let Admission::Inherits(before) = admission {
                parent = Some((inheritance.incarnation, before));
            }
        }
    }
    Ok(Chain { incarnation, owner, admission, parent, safe_before: 0, repeats: false })
}

/// Where a chain ends once a push is stored.
pub(super) struct End<'a> {
    pub(super) chain: &'a Chain,
    pub(super) next_seq: u64,
    /// Whether operations of the push stood elsewhere first.
    pub(super) repeats: bool,
}

/// Notes where chains end, and begins those that are new.
pub(super) fn store(
    connection: &mut AnyConnection,
    ends: Vec<End<'_>>,
    now: Timestamp,
) -> QueryResult<()> {
    let (mut new, mut known) = (Vec::new(), Vec::new());
    for End { chain, next_seq, repeats } in ends {
        let (device_id, user_id) = match chain.owner {
            Owner::Tablet(device) => (Some(Key::from(device)), None),
            Owner::Person(user) => (None, Some(Key::from(user))),
        };
        let row = ChainRow {
            incarnation: chain.incarnation.into(),
            device_id,
            user_id,
            next_seq: next_seq as i64,
            parent: chain.parent.map(|(parent, _)| Key::from(parent)),
            fork_seq: chain.parent.map(|(_, fork)| fork as i64),
            started_at: now,
            safe_before: chain.safe_before as i64,
            repeats: chain.repeats || repeats,
        };
        if chain.is_new() { new.push(row) } else { known.push(row) }
    }
    insert_all!(connection, chains::table, new)?;
    update_all!(
        connection,
        chains::table,
        chains::incarnation,
        (chains::next_seq, chains::repeats),
        known
    )
}

impl Chain {
    /// Whether it has to be begun.
    pub(super) fn is_new(&self) -> bool {
        !matches!(self.admission, Admission::Known(_))
    }

    /// Who goes on with the chain, and what they have themselves presented.
    pub(super) fn presenter(&self, connection: &mut AnyConnection) -> QueryResult<Presenter> {
        let mut presenter = Presenter::new(self.incarnation);
        let ancestors = ancestors(connection, self.parent)?;
        let repeats = self.repeats || ancestors.iter().any(|one| one.repeats);
        presenter.inherited = ancestors.iter().map(Ancestor::reach).collect();
        if repeats {
            let own = [(self.incarnation, u64::MAX)];
            let reaches: Vec<_> = presenter.inherited.iter().copied().chain(own).collect();
            presenter.repeated = repeated(connection, &reaches)?;
        }
        Ok(presenter)
    }

    fn safe_before(&self, connection: &mut AnyConnection) -> QueryResult<u64> {
        let ancestors = ancestors(connection, self.parent)?;
        let theirs = ancestors.into_iter().map(|one| one.safe_before.min(one.before));
        Ok(theirs.fold(self.safe_before, u64::max))
    }
}

/// A chain that another goes on from.
struct Ancestor {
    incarnation: IncarnationId,
    /// What it has before this number is inherited.
    before: u64,
    safe_before: u64,
    repeats: bool,
}

impl Ancestor {
    fn reach(&self) -> (IncarnationId, u64) {
        (self.incarnation, self.before)
    }
}

/// The chains that are gone on from, the nearest first.
fn ancestors(
    connection: &mut AnyConnection,
    mut parent: Option<(IncarnationId, u64)>,
) -> QueryResult<Vec<Ancestor>> {
    let mut found = Vec::new();
    let mut before = u64::MAX;
    while let Some((incarnation, fork)) = parent
        && found.len() < MOST_ANCESTORS
    {
        before = before.min(fork);
        let (next, safe, repeats) = chains::table
            .find(Key::from(incarnation))
            .select(((chains::parent, chains::fork_seq), chains::safe_before, chains::repeats))
            .first::<((Option<Key>, Option<i64>), i64, bool)>(connection)?;
        parent = next.0.zip(next.1).map(|(parent, fork)| (parent.into(), fork as u64));
        found.push(Ancestor { incarnation, before, safe_before: safe as u64, repeats });
    }
    Ok(found)
}

/// Takes on what another chain had itself presented before one of its operations.
pub(super) fn act_for(
    connection: &mut AnyConnection,
    presenter: &mut Presenter,
    place: Writer,
) -> QueryResult<()> {
    let theirs = ancestors(connection, Some((place.incarnation, place.seq)))?;
    let reaches: Vec<_> = theirs.iter().map(Ancestor::reach).collect();
    if theirs.iter().any(|one| one.repeats) {
        presenter.repeated.extend(repeated(connection, &reaches)?);
    }
    presenter.inherited.extend(reaches);
    Ok(())
}

/// Where operations of these chains, each before a number, had stood first.
fn repeated(
    connection: &mut AnyConnection,
    reaches: &[(IncarnationId, u64)],
) -> QueryResult<BTreeSet<Writer>> {
    let mut found = BTreeSet::new();
    for (incarnation, before) in reaches {
        let rows: Vec<(Option<Key>, Option<i64>)> = ops::table
            .filter(ops::incarnation.eq(Key::from(*incarnation)))
            .filter(ops::seq.lt(i64::try_from(*before).unwrap_or(i64::MAX)))
            .filter(ops::first_incarnation.is_not_null())
            .select((ops::first_incarnation, ops::first_seq))
            .load(connection)?;
        let places = rows.into_iter().filter_map(|(incarnation, seq)| incarnation.zip(seq));
        found.extend(
            places.map(|(first, seq)| Writer { incarnation: first.into(), seq: seq as u64 }),
        );
    }
    Ok(found)
}

/// What is stored at these places of the chain or of those it inherits.
pub(super) fn stored(
    connection: &mut AnyConnection,
    presenter: &Presenter,
    first: u64,
    before: u64,
) -> QueryResult<BTreeMap<u64, (Hash, Outcome)>> {
    let mut found = BTreeMap::new();
    if first >= before {
        return Ok(found);
    }
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

/// Operations that were pushed before, by whatever incarnation: where they stood first, and what
/// became of them.
pub(super) fn known(
    connection: &mut AnyConnection,
    keys: &[Hash],
) -> QueryResult<BTreeMap<Hash, (Writer, Outcome)>> {
    let mut found = BTreeMap::new();
    for chunk in keys.chunks(STATEMENT_ROWS) {
        let wanted: Vec<Vec<u8>> = chunk.iter().map(|key| key.as_bytes().to_vec()).collect();
        let query = ops::table
            .filter(ops::key.eq_any(padded(wanted)))
            .filter(ops::first_incarnation.is_null())
            .order((ops::received_at, ops::incarnation, ops::seq))
            .select((ops::key, ops::incarnation, ops::seq, ops::outcome));
        let rows: Vec<(Vec<u8>, Key, i64, JsonText)> = Prepared::always(query).load(connection)?;
        for (key, incarnation, seq, outcome) in rows {
            let writer = Writer { incarnation: incarnation.into(), seq: seq as u64 };
            let first = (writer, outcome.read()?);
            found.entry(hash(key)?).or_insert(first);
        }
    }
    Ok(found)
}

/// The chain of a person who works in a browser, if there is one, and where it ends.
pub(super) fn of_person(
    connection: &mut AnyConnection,
    user: UserId,
) -> QueryResult<Option<(IncarnationId, u64)>> {
    let query = chains::table
        .filter(chains::user_id.eq(Key::from(user)))
        .select((chains::incarnation, chains::next_seq));
    let found: Option<(Key, i64)> = RowLocked(query).get_result(connection).optional()?;
    Ok(found.map(|(incarnation, next)| (incarnation.into(), next as u64)))
}

fn hash(bytes: Vec<u8>) -> QueryResult<Hash> {
    let unreadable = || diesel::result::Error::DeserializationError("a key in the database".into());
    bytes.try_into().map(Hash).map_err(|_| unreadable())
}
