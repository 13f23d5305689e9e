//! What `MultiConnection` cannot say, said here once.

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

/// Inserts many rows of one table at once, which `MultiConnection` cannot spell by itself.
/// PostgreSQL takes them in statements of a bounded number of parameters.
macro_rules! insert_all {
    ($connection:expr, $table:expr, $rows:expr) => {{
        let rows = $rows;
        let inserted: diesel::QueryResult<()> = (|| {
            use diesel::RunQueryDsl as _;
            for chunk in rows.chunks(500) {
                match &mut *$connection {
                    $crate::db::AnyConnection::Postgres(connection) => {
                        diesel::insert_into($table).values(chunk).execute(connection)?;
                    }
                    $crate::db::AnyConnection::Sqlite(connection) => {
                        for row in chunk {
                            diesel::insert_into($table).values(row).execute(connection)?;
                        }
                    }
                }
            }
            Ok(())
        })();
        inserted
    }};
}
pub(crate) use insert_all;
