//! What `MultiConnection` cannot say, said here once.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;

use super::{AnyConnection, MultiBackend};

/// A query that keeps the rows it finds from being changed by others until the transaction
/// ends. On SQLite a write transaction is the only one there is, so nothing is needed.
#[derive(Clone, Copy, Debug)]
pub struct RowLocked<Q>(pub Q);

impl<Q: QueryId> QueryId for RowLocked<Q> {
    type QueryId = RowLocked<Q::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q: Query> Query for RowLocked<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> diesel::RunQueryDsl<AnyConnection> for RowLocked<Q> {}

impl<Q: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for RowLocked<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        if matches!(out.backend(), MultiBackend::Postgres(_)) {
            out.push_sql(" FOR UPDATE");
        }
        Ok(())
    }
}

/// A query that takes rows which nobody else holds, and keeps others from taking them until the
/// transaction ends. On SQLite there is nobody else.
#[derive(Clone, Copy, Debug)]
pub struct SkipLocked<Q>(pub Q);

impl<Q: QueryId> QueryId for SkipLocked<Q> {
    type QueryId = SkipLocked<Q::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q: Query> Query for SkipLocked<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> diesel::RunQueryDsl<AnyConnection> for SkipLocked<Q> {}

impl<Q: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for SkipLocked<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        if matches!(out.backend(), MultiBackend::Postgres(_)) {
            out.push_sql(" FOR UPDATE SKIP LOCKED");
        }
        Ok(())
    }
}

/// A statement that the connection keeps prepared, by its text. Diesel prepares updates, lists of
/// ids and inserts of several rows anew each time, which on PostgreSQL is a round trip more for
/// each.
#[derive(Clone, Copy, Debug)]
pub struct Prepared<Q> {
    statement: Q,
    kept: bool,
}

impl<Q> Prepared<Q> {
    /// Most rows in a statement that is kept: each number of them is a text of its own.
    const FEW: usize = 16;

    /// Keeps a statement whose text is always the same.
    pub fn always(statement: Q) -> Self {
        Self { statement, kept: true }
    }

    /// Keeps a statement about so many rows if they are few.
    pub fn if_few(statement: Q, rows: usize) -> Self {
        Self { statement, kept: rows <= Self::FEW }
    }
}

impl<Q: QueryId> QueryId for Prepared<Q> {
    type QueryId = Q::QueryId;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> diesel::RunQueryDsl<C> for Prepared<Q> {}

impl<B: Backend, Q: QueryFragment<B>> QueryFragment<B> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        self.statement.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, backend: &B) -> QueryResult<bool> {
        Ok(self.kept || self.statement.is_safe_to_cache_prepared(backend)?)
    }
}

/// A pattern of `LIKE … ESCAPE '\'` for texts that have these words in them, of which none is a
/// pattern.
pub fn containing(words: &str) -> String {
    let words = words.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{words}%")
}

/// Ids for a list in a statement, the last of them repeated until their number is a power of two: a
/// connection keeps few texts for lists of any length.
pub fn padded<T: Clone>(mut ids: Vec<T>) -> Vec<T> {
    if let Some(last) = ids.last().cloned() {
        ids.resize(ids.len().next_power_of_two(), last);
    }
    ids
}

/// Most rows or ids in one statement: the databases take a bounded number of parameters.
pub const STATEMENT_ROWS: usize = 500;

/// Inserts many rows of one table at once, which `MultiConnection` cannot spell by itself.
macro_rules! insert_all {
    ($connection:expr, $table:expr, $rows:expr) => {
        $crate::db::write_all!($connection, $rows, |rows| diesel::insert_into($table).values(rows))
    };
}
pub(crate) use insert_all;

/// Changes many rows of one table at once: rows that are there and that others can't change
/// meanwhile. They are told by `$key`; `$column`s become what the rows say.
macro_rules! update_all {
    ($connection:expr, $table:expr, $key:expr, ($($column:expr),+ $(,)?), $rows:expr) => {
        $crate::db::write_all!($connection, $rows, |rows| {
            use diesel::ExpressionMethods as _;
            diesel::insert_into($table)
                .values(rows)
                .on_conflict($key)
                .do_update()
                .set(($($column.eq(diesel::upsert::excluded($column)),)+))
        })
    };
}
pub(crate) use update_all;

/// One statement for many rows on PostgreSQL; SQLite, where a statement costs no round trip,
/// takes them one by one.
macro_rules! write_all {
    ($connection:expr, $rows:expr, |$chunk:ident| $statement:expr) => {{
        let rows = $rows;
        let written: diesel::QueryResult<()> = (|| {
            use diesel::RunQueryDsl as _;
            use $crate::db::{Prepared, STATEMENT_ROWS};
            match &mut *$connection {
                $crate::db::AnyConnection::Postgres(connection) => {
                    for $chunk in rows.chunks(STATEMENT_ROWS) {
                        Prepared::if_few($statement, $chunk.len()).execute(connection)?;
                    }
                }
                $crate::db::AnyConnection::Sqlite(connection) => {
                    for $chunk in &rows {
                        Prepared::always($statement).execute(connection)?;
                    }
                }
            }
            Ok(())
        })();
        written
    }};
}
pub(crate) use write_all;
