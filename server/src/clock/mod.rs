//! Whether the server's clock is believed where something would be erased for good.
//!
//! The newest time that nothing spoke against is kept in the database and goes on with the clock. A
//! clock that is days ahead of it is not believed until tablets agree with it or a person says that
//! it is right; nor is any in the first day that it is believed, after a leap or in another life of
//! the database, so that somebody can notice. When that day began is kept, too: a server may be shut
//! down every evening.

mod queries;
mod rules;

use crate::app::App;
use crate::db::{AnyConnection, Timestamp};
use crate::http::Problem;

pub use rules::Doubt;

/// Looks at the clock, goes on with the newest time if nothing speaks against it, and says what
/// does.
///
/// # Errors
/// Where the database can't be reached.
pub async fn look(app: &App) -> Result<Option<Doubt>, Problem> {
    let now = app.now();
    app.write(move |connection| advance(connection, now)).await
}

/// What speaks against the clock at this moment; nothing is changed.
pub(crate) fn doubt(
    connection: &mut AnyConnection,
    now: Timestamp,
) -> diesel::QueryResult<Option<Doubt>> {
    Ok(judge(connection, now)?.map_or_else(Some, |clock| rules::settling(clock.since, now)))
}

fn advance(connection: &mut AnyConnection, now: Timestamp) -> diesel::QueryResult<Option<Doubt>> {
    match judge(connection, now)? {
        Err(doubt) => Ok(Some(doubt)),
        Ok(Believed { newest, since }) => {
            queries::keep(connection, newest, since)?;
            Ok(rules::settling(since, now))
        }
    }
}

/// A clock that nothing speaks against.
struct Believed {
    /// The newest time that it has shown.
    newest: Timestamp,
    /// Since when it is believed.
    since: Timestamp,
}

fn judge(
    connection: &mut AnyConnection,
    now: Timestamp,
) -> diesel::QueryResult<Result<Believed, Doubt>> {
    let newest = queries::newest(connection)?;
    let agree = queries::tablets_that_agree(connection, now)?;
    if let Some(doubt) = rules::leap(newest, now, agree) {
        return Ok(Err(doubt));
    }
    let since = rules::believed_since(queries::believed_since(connection)?, newest, now);
    Ok(Ok(Believed { newest: newest.map_or(now, |newest| newest.max(now)), since }))
}

/// The database is not what it was before: its clock is believed anew.
pub(crate) fn begin_anew(connection: &mut AnyConnection) -> diesel::QueryResult<()> {
    queries::forget_since(connection)
}

/// A person says that the clock is right, however far it is ahead.
pub(crate) fn confirm(connection: &mut AnyConnection, now: Timestamp) -> diesel::QueryResult<()> {
    queries::keep(connection, now, now)
}
