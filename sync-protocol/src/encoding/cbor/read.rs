//! Bytes to messages, strictly: whatever came, reading it ends, in an error or a message.

use std::collections::BTreeMap;

use minicbor::Decoder;
use minicbor::data::Type;
use mobile_schema::{Hash, Value};
use uuid::Uuid;

use super::{MAX_DEPTH, PARK_REASONS, REJECT_REASONS, answer_key, feed_key, request_key, result};
use crate::message::{Accepted, Feed, Gone, Inheritance, Order, Repair, Unsent};
use crate::op::{Change, Fields, Group, Op, Resolution};
use crate::outcome::Outcome;
use crate::{
    ClockReading, Cursor, Digest, Epoch, Hlc, RequestId, Row, ScopeId, SyncRequest, SyncResponse,
    Version,
};

/// The bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct Unreadable {
    /// What was expected.
    pub what: String,
    /// Where it was not.
    pub at: usize,
}

type Read<T> = Result<T, Unreadable>;

struct Reader<'b> {
    decoder: Decoder<'b>,
    bytes: &'b [u8],
    depth: usize,
}

impl<'b> Reader<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self { decoder: Decoder::new(bytes), bytes, depth: 0 }
    }

    fn wrong<T>(&self, what: &str) -> Read<T> {
        Err(Unreadable { what: what.to_owned(), at: self.decoder.position() })
    }

    fn take<T>(
        &mut self,
        what: &str,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
    ) -> Read<T> {
        let at = self.decoder.position();
        read(&mut self.decoder).map_err(|_| Unreadable { what: format!("{what} expected"), at })
    }

    fn unsigned(&mut self) -> Read<u64> {
        self.take("a whole number", |decoder| decoder.u64())
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Read<T> {
        let number = self.unsigned()?;
        T::try_from(number).or_else(|_| self.wrong("a smaller number expected"))
    }

    fn integer(&mut self) -> Read<i64> {
        self.take("a whole number of 64 bits", |decoder| decoder.i64())
    }

    fn text(&mut self) -> Read<&'b str> {
        self.take("text", |decoder| decoder.str())
    }

    fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        let bytes = self.take("bytes", |decoder| decoder.bytes())?;
        bytes.try_into().or_else(|_| self.wrong(&format!("{N} bytes expected")))
    }

    fn uuid<T: From<Uuid>>(&mut self) -> Read<T> {
        Ok(Uuid::from_bytes(self.fixed()?).into())
    }

    fn hash(&mut self) -> Read<Hash> {
        self.fixed().map(Hash)
    }

    fn digest(&mut self) -> Read<Digest> {
        Ok(Digest(u128::from_be_bytes(self.fixed()?)))
    }

    fn parsed<T: std::str::FromStr>(&mut self, what: &str) -> Read<T> {
        let text = self.text()?;
        text.parse().or_else(|_| self.wrong(&format!("{what} expected")))
    }

    /// The length of an array of known length. Nothing is made room for: it is what was claimed.
    fn array(&mut self) -> Read<u64> {
        match self.take("an array", |decoder| decoder.array())? {
            Some(length) => Ok(length),
            None => self.wrong("an array of known length expected"),
        }
    }

    fn array_of(&mut self, expected: u64) -> Read<()> {
        let length = self.array()?;
        if length == expected { Ok(()) } else { self.wrong(&format!("{expected} items expected")) }
    }

    fn map(&mut self) -> Read<u64> {
        match self.take("a map", |decoder| decoder.map())? {
            Some(length) => Ok(length),
            None => self.wrong("a map of known length expected"),
        }
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let length = self.array()?;
        (0..length).map(|_| item(self)).collect()
    }

    fn keyed<K: Ord, T>(
        &mut self,
        key: impl Fn(&mut Self) -> Read<K>,
        value: impl Fn(&mut Self) -> Read<T>,
    ) -> Read<BTreeMap<K, T>> {
        let length = self.map()?;
        let mut entries = BTreeMap::new();
        for _ in 0..length {
            if entries.insert(key(self)?, value(self)?).is_some() {
                return self.wrong("another key expected");
            }
        }
        Ok(entries)
    }

    fn by_scope<T>(&mut self, value: impl Fn(&mut Self) -> Read<T>) -> Read<BTreeMap<ScopeId, T>> {
        self.keyed(|reader| reader.parsed("a scope"), value)
    }

    fn is_null(&mut self) -> Read<bool> {
        let null = self.take("an item", |decoder| decoder.datatype())? == Type::Null;
        if null {
            self.take("null", |decoder| decoder.null())?;
        }
        Ok(null)
    }

    fn optional<T>(&mut self, item: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        if self.is_null()? { Ok(None) } else { item(self).map(Some) }
    }

    fn end<T>(&self, read: T) -> Read<T> {
        if self.decoder.position() == self.bytes.len() {
            Ok(read)
        } else {
            self.wrong("the end expected")
        }
    }

    fn version(&mut self) -> Read<Version> {
        self.array_of(2)?;
        Ok(Version { epoch: Epoch(self.unsigned()?), n: self.unsigned()? })
    }

    fn cursor(&mut self) -> Read<Cursor> {
        self.array_of(2)?;
        Ok(Cursor { seq: self.unsigned()?, floor: self.unsigned()? })
    }

    fn value(&mut self) -> Read<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.wrong("less nesting expected");
        }
        let value = match self.take("a value", |decoder| decoder.datatype())? {
            Type::Null => {
                self.take("null", |decoder| decoder.null())?;
                Value::Null
            }
            Type::Bool => Value::Bool(self.take("yes or no", |decoder| decoder.bool())?),
            Type::F16 | Type::F32 | Type::F64 => {
                let number = self.take("a fraction", |decoder| decoder.f64())?;
                if !number.is_finite() {
                    return self.wrong("a finite number expected");
                }
                Value::Number(number)
            }
            Type::String => Value::Text(self.text()?.to_owned()),
            Type::Array => Value::List(self.list(Self::value)?),
            Type::Map => {
                Value::Map(self.keyed(|reader| Ok(reader.text()?.to_owned()), Self::value)?)
            }
            _ => Value::Integer(self.integer()?),
        };
        self.depth -= 1;
        Ok(value)
    }

    fn fields(&mut self) -> Read<Fields> {
        self.keyed(Self::small, Self::value)
    }

    fn op(&mut self) -> Read<Op> {
        let keys = self.map()?;
        if keys != 10 {
            return self.wrong("ten members expected");
        }
        let mut expected = 0..10;
        let mut next = |reader: &mut Self| match expected.next() {
            Some(key) if reader.unsigned()? == key => Ok(()),
            _ => reader.wrong("the next member expected"),
        };
        next(self)?;
        let collection = self.text()?.to_owned();
        next(self)?;
        let record = self.uuid()?;
        next(self)?;
        let scope = self.parsed("a scope")?;
        next(self)?;
        let base = self.optional(Self::version)?;
        next(self)?;
        let change = self.change()?;
        next(self)?;
        self.array_of(3)?;
        let at = Hlc { wall: self.integer()?, counter: self.small()?, node: self.small()? };
        next(self)?;
        let definition = self.hash()?;
        next(self)?;
        let author = self.uuid()?;
        next(self)?;
        let blobs = self.list(Self::hash)?;
        next(self)?;
        let group = self.optional(|reader| {
            reader.array_of(2)?;
            Ok(Group { id: reader.uuid()?, size: reader.small()? })
        })?;
        Ok(Op { collection, record, scope, base, change, at, definition, author, blobs, group })
    }

    fn change(&mut self) -> Read<Change> {
        let length = self.array()?;
        let kind = self.unsigned()?;
        Ok(match (kind, length) {
            (0, 2) => Change::Create { fields: self.fields()? },
            (1, 2) => Change::Patch { fields: self.fields()? },
            (2, 1) => Change::Delete,
            (3, 2) => Change::Move { to: self.parsed("a scope")? },
            (4, 3) => Change::Add { field: self.small()?, element: self.value()? },
            (5, 3) => Change::Remove { field: self.small()?, element: self.value()? },
            (6, 3) => Change::Delta { field: self.small()?, by: self.integer()? },
            (7, 4) => Change::Transition {
                field: self.small()?,
                from: self.text()?.to_owned(),
                to: self.text()?.to_owned(),
            },
            (8, 2) => Change::Sign { fields: self.fields()? },
            (9, 3) => {
                let length = self.array()?;
                let choice = match (self.unsigned()?, length) {
                    (0, 1) => Resolution::Keep,
                    (1, 1) => Resolution::Swap,
                    (2, 2) => Resolution::Edit { fields: self.fields()? },
                    _ => return self.wrong("a choice expected"),
                };
                Change::Resolve { choice, reason: self.text()?.to_owned() }
            }
            _ => return self.wrong("a kind of change expected"),
        })
    }

    fn outcome(&mut self) -> Read<Outcome> {
        let length = self.array()?;
        let kind = self.unsigned()?;
        Ok(match (kind, length) {
            (0, 2) => Outcome::Applied { version: self.version()? },
            (1, 2) => Outcome::Merged { version: self.version()? },
            (2, 3) => {
                Outcome::Conflict { version: self.version()?, conflicts: self.list(Self::uuid)? }
            }
            (3, 2) => match PARK_REASONS.get(self.small::<usize>()?) {
                Some(reason) => Outcome::Parked { reason: *reason },
                None => return self.wrong("a reason expected"),
            },
            (4, 2) => match REJECT_REASONS.get(self.small::<usize>()?) {
                Some(reason) => Outcome::Rejected { reason: *reason },
                None => return self.wrong("a reason expected"),
            },
            _ => return self.wrong("an outcome expected"),
        })
    }

    fn row(&mut self) -> Read<Row> {
        self.array_of(5)?;
        Ok(Row {
            id: self.uuid()?,
            collection: self.text()?.to_owned(),
            version: self.version()?,
            definition: self.hash()?,
            fields: self.fields()?,
        })
    }

    fn gone(&mut self) -> Read<Gone> {
        self.array_of(2)?;
        Ok(Gone { id: self.uuid()?, version: self.version()? })
    }

    fn repair(&mut self) -> Read<Repair> {
        self.array_of(2)?;
        let prefix = self.parsed("a prefix")?;
        Ok(Repair { prefix, rows: self.optional(|reader| reader.list(Self::row))? })
    }

    fn feed(&mut self) -> Read<Feed> {
        use feed_key as key;
        let mut feed = Feed {
            reset: false,
            rows: Vec::new(),
            gone: Vec::new(),
            cursor: Cursor::default(),
            more: false,
            digest: None,
            repairs: Vec::new(),
        };
        for _ in 0..self.map()? {
            match self.unsigned()? {
                key::ROWS => feed.rows = self.list(Self::row)?,
                key::GONE => feed.gone = self.list(Self::gone)?,
                key::CURSOR => feed.cursor = self.cursor()?,
                key::MORE => feed.more = self.take("yes or no", |decoder| decoder.bool())?,
                key::DIGEST => feed.digest = Some(self.digest()?),
                key::RESET => feed.reset = self.take("yes or no", |decoder| decoder.bool())?,
                key::REPAIRS => feed.repairs = self.list(Self::repair)?,
                _ => return self.wrong("a known member expected"),
            }
        }
        Ok(feed)
    }
}

/// Reads one operation.
pub fn read_op(bytes: &[u8]) -> Result<Op, Unreadable> {
    let mut reader = Reader::new(bytes);
    let op = reader.op()?;
    reader.end(op)
}

/// Reads what became of an operation.
pub fn read_outcome(bytes: &[u8]) -> Result<Outcome, Unreadable> {
    let mut reader = Reader::new(bytes);
    let outcome = reader.outcome()?;
    reader.end(outcome)
}

/// Reads a request. Operations are left as bytes, so that one that can't be read does not keep
/// the others from being stored.
pub fn read_request(bytes: &[u8]) -> Result<SyncRequest<&[u8]>, Unreadable> {
    use request_key as key;
    let mut reader = Reader::new(bytes);
    let mut members: BTreeMap<u64, usize> = BTreeMap::new();
    let missing = |what: &str| Unreadable { what: format!("{what} is missing"), at: bytes.len() };
    let clock = ClockReading { wall: 0, monotonic: 0, boot: String::new() };
    let nil = Uuid::nil();
    let mut request: SyncRequest<&[u8]> =
        SyncRequest::pushing(nil.into(), nil.into(), 0, Vec::new(), clock);
    for _ in 0..reader.map()? {
        let member = reader.unsigned()?;
        if members.insert(member, reader.decoder.position()).is_some() {
            return reader.wrong("another member expected");
        }
        match member {
            key::PROTOCOL => request.protocol = reader.small()?,
            key::REQUEST => request.request = reader.uuid()?,
            key::DEVICE => request.device = reader.uuid()?,
            key::INCARNATION => request.incarnation = reader.uuid()?,
            key::INHERITS => {
                reader.array_of(2)?;
                let (incarnation, before) = (reader.uuid()?, reader.unsigned()?);
                request.inherits = Some(Inheritance { incarnation, before });
            }
            key::EPOCH => request.epoch = Some(Epoch(reader.unsigned()?)),
            key::BEGINS => request.begins = reader.unsigned()?,
            key::FIRST_SEQ => request.first_seq = reader.unsigned()?,
            key::OPS => {
                for _ in 0..reader.array()? {
                    let from = reader.decoder.position();
                    reader.take("an operation", |decoder| decoder.skip())?;
                    request.ops.push(&bytes[from..reader.decoder.position()]);
                }
            }
            key::CURSORS => request.cursors = reader.by_scope(Reader::cursor)?,
            key::DIGESTS => request.digests = reader.by_scope(Reader::digest)?,
            key::REPAIR => {
                request.repair = reader.by_scope(|reader| {
                    reader.keyed(|reader| reader.parsed("a prefix"), Reader::digest)
                })?;
            }
            key::BUDGET => request.budget = reader.small()?,
            key::CLOCK => {
                reader.array_of(3)?;
                let (wall, monotonic) = (reader.integer()?, reader.unsigned()?);
                request.clock = ClockReading { wall, monotonic, boot: reader.text()?.to_owned() };
            }
            key::UNSENT => {
                reader.array_of(2)?;
                let (ops, files) = (reader.unsigned()?, reader.unsigned()?);
                request.unsent = Some(Unsent { ops, files });
            }
            _ => return reader.wrong("a known member expected"),
        }
    }
    for (member, what) in [
        (key::PROTOCOL, "protocol"),
        (key::REQUEST, "request"),
        (key::DEVICE, "device"),
        (key::INCARNATION, "incarnation"),
        (key::FIRST_SEQ, "first_seq"),
        (key::BUDGET, "budget"),
        (key::CLOCK, "clock"),
    ] {
        if !members.contains_key(&member) {
            return Err(missing(what));
        }
    }
    reader.end(request)
}

/// Reads an answer.
pub fn read_response(bytes: &[u8]) -> Result<SyncResponse, Unreadable> {
    use answer_key as key;
    let mut reader = Reader::new(bytes);
    let mut kind = None;
    let (mut seq, mut next, mut oldest) = (None, None, None);
    let mut accepted = Accepted {
        request: RequestId(Uuid::nil()),
        epoch: Epoch(0),
        ack: 0,
        outcomes: Vec::new(),
        feeds: BTreeMap::new(),
        scopes: Vec::new(),
        safe_before: 0,
        now: 0,
        order: None,
    };
    for _ in 0..reader.map()? {
        match reader.unsigned()? {
            key::RESULT => kind = Some(reader.unsigned()?),
            key::REQUEST => accepted.request = reader.uuid()?,
            key::EPOCH => accepted.epoch = Epoch(reader.unsigned()?),
            key::ACK => accepted.ack = reader.unsigned()?,
            key::OUTCOMES => accepted.outcomes = reader.list(Reader::outcome)?,
            key::FEEDS => accepted.feeds = reader.by_scope(Reader::feed)?,
            key::SCOPES => accepted.scopes = reader.list(|reader| reader.parsed("a scope"))?,
            key::SAFE_BEFORE => accepted.safe_before = reader.unsigned()?,
            key::NOW => accepted.now = reader.integer()?,
            key::ORDER => match reader.unsigned()? {
                0 => accepted.order = Some(Order::Wipe),
                _ => return reader.wrong("an order expected"),
            },
            key::SEQ => seq = Some(reader.unsigned()?),
            key::NEXT => next = Some(reader.unsigned()?),
            key::OLDEST => oldest = Some(reader.small()?),
            _ => return reader.wrong("a known member expected"),
        }
    }
    let Accepted { request, epoch, ack, .. } = accepted;
    let response = match (kind, seq, next, oldest) {
        (Some(result::OK), ..) => SyncResponse::Ok(accepted),
        (Some(result::FORK), Some(seq), ..) => SyncResponse::Fork { request, seq },
        (Some(result::GAP), _, Some(next), _) => SyncResponse::Gap { request, next },
        (Some(result::RESET), ..) => SyncResponse::Reset { request, epoch },
        (Some(result::UPGRADE), _, _, Some(oldest)) => {
            let outcomes = accepted.outcomes;
            SyncResponse::Upgrade { request, oldest, ack, outcomes }
        }
        _ => return reader.wrong("a known result expected"),
    };
    reader.end(response)
}
