//! Columns that the two databases spell differently, as one type each.

use std::time::{SystemTime, UNIX_EPOCH};

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{HasSqlType, SqlType};
use diesel::sqlite::{Sqlite, SqliteValue};
use std::io::Write as _;
use uuid::Uuid;

use super::{MultiBackend, MultiRawValue};

/// `uuid` on PostgreSQL, a blob of 16 bytes on SQLite.
#[derive(SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct Id;

/// `timestamptz` on PostgreSQL, microseconds since 1970 UTC on SQLite.
#[derive(SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
pub struct Moment;

/// `jsonb` on PostgreSQL, text on SQLite.
#[derive(SqlType, QueryId)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
pub struct Json;

/// An id in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Id)]
pub struct Key(pub Uuid);

/// A moment in the database: microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Moment)]
pub struct Timestamp(pub i64);

/// JSON text in the database. PostgreSQL may give it back spelled otherwise.
#[derive(Clone, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Json)]
pub struct JsonText(pub String);

/// From 1970 to 2000, where PostgreSQL counts from, in microseconds.
const POSTGRES_START: i64 = 946_684_800_000_000;

impl Timestamp {
    /// The server's clock.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// In China's one time, to the minute: `2026-11-25 14:03`.
    pub fn in_china(self) -> String {
        let local = self.plus_seconds(8 * 3600).to_string();
        local.get(..16).unwrap_or_default().replace('T', " ")
    }

    /// The moment in China's time, as programs read it (RFC 3339), to the second.
    pub fn in_china_rfc3339(self) -> String {
        let local = self.plus_seconds(8 * 3600).to_string();
        format!("{}+08:00", local.get(..19).unwrap_or_default())
    }

    /// So many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole milliseconds since 1970 UTC.
    pub fn milliseconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since 1970 UTC.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let moment = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000);
        let text = moment
            .ok()
            .and_then(|moment| moment.format(&time::format_description::well_known::Rfc3339).ok());
        formatter.write_str(text.as_deref().unwrap_or("(out of range)"))
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonText {
    /// `value` as JSON.
    pub fn of(value: &impl serde::Serialize) -> Self {
        Self(serde_json::to_string(value).expect("what is stored has text keys only"))
    }

    /// The text as JSON that is passed on unread.
    pub fn raw(self) -> diesel::QueryResult<Box<serde_json::value::RawValue>> {
        serde_json::value::RawValue::from_string(self.0)
            .map_err(|error| diesel::result::Error::DeserializationError(error.into()))
    }

    /// The value, as it was stored.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> diesel::QueryResult<T> {
        serde_json::from_str(&self.0)
            .map_err(|error| diesel::result::Error::DeserializationError(error.into()))
    }
}

macro_rules! keys {
    ($($name:ty),*) => {$(
        impl From<$name> for Key {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }

        impl From<Key> for $name {
            fn from(key: Key) -> Self {
                Self(key.0)
            }
        }
    )*};
}

keys!(
    sync_protocol::RecordId,
    sync_protocol::DeviceId,
    sync_protocol::IncarnationId,
    sync_protocol::UserId
);

impl From<Uuid> for Key {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl ToSql<Id, Pg> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl ToSql<Id, Sqlite> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Pg> for Key {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl FromSql<Id, Sqlite> for Key {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

impl ToSql<Moment, Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&(self.0 - POSTGRES_START).to_be_bytes())?;
        Ok(IsNull::No)
    }
}

impl ToSql<Moment, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0);
        Ok(IsNull::No)
    }
}

impl FromSql<Moment, Pg> for Timestamp {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros: [u8; 8] = value.as_bytes().try_into()?;
        Ok(Self(i64::from_be_bytes(micros) + POSTGRES_START))
    }
}

impl FromSql<Moment, Sqlite> for Timestamp {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(value.read_long()))
    }
}

impl ToSql<Json, Pg> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[1])?;
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl ToSql<Json, Sqlite> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_str());
        Ok(IsNull::No)
    }
}

impl FromSql<Json, Pg> for JsonText {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            [1, text @ ..] => Ok(Self(std::str::from_utf8(text)?.to_owned())),
            _ => Err("jsonb in a version other than 1".into()),
        }
    }
}

impl FromSql<Json, Sqlite> for JsonText {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(value.read_text().to_owned()))
    }
}

/// What `#[derive(MultiConnection)]` does for the types it knows.
macro_rules! on_either_database {
    ($($sql:ident as $rust:ty),*) => {$(
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                Self::lookup_sql_type::<$sql>(lookup)
            }
        }

        impl ToSql<$sql, MultiBackend> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value(($sql, self));
                Ok(IsNull::No)
            }
        }

        impl FromSql<$sql, MultiBackend> for $rust {
            fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
                value.from_sql::<Self, $sql>()
            }
        }
    )*};
}

on_either_database!(Id as Key, Moment as Timestamp, Json as JsonText);
