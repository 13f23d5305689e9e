//! Whether the server's clock is believed where something would be erased for good.
//!
//! The newest time that nothing spoke against is kept in the database and goes on with the clock. A
//! clock that is days ahead of it is not believed until tablets agree with it or a person says that
//! it is right; nor is any in the first day after a start, so that somebody can notice.

mod queries;
mod rules;

use std::time::Duration;

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
    let doubt = app.write(move |connection| advance(connection, now)).await?;
    Ok(doubt.or_else(|| rules::settling(app.started.elapsed(), now)))
}

/// What speaks against the clock at this moment; nothing is changed.
pub(crate) fn doubt(
    connection: &mut AnyConnection,
    running: Duration,
    now: Timestamp,
) -> diesel::QueryResult<Option<Doubt>> {
    let newest = queries::newest(connection)?;
    let agree = queries::tablets_that_agree(connection, now)?;
    Ok(rules::leap(newest, now, agree).or_else(|| rules::settling(running, now)))
}

fn advance(connection: &mut AnyConnection, now: Timestamp) -> diesel::QueryResult<Option<Doubt>> {
    let newest = queries::newest(connection)?;
    let agree = queries::tablets_that_agree(connection, now)?;
    let doubt = rules::leap(newest, now, agree);
    if doubt.is_none() {
        queries::keep(connection, newest.map_or(now, |newest| newest.max(now)))?;
    }
    Ok(doubt)
}

/// A person says that the clock is right, however far it is ahead.
pub(crate) fn confirm(connection: &mut AnyConnection, now: Timestamp) -> diesel::QueryResult<()> {
    queries::keep(connection, now)
}
