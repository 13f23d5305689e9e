//! Work that one replica does for all of them, now and then.

use diesel::prelude::*;
use uuid::Uuid;

use crate::app::App;
use crate::db::schema::turns;
use crate::db::types::Key;
use crate::db::{AnyConnection, Timestamp};
use crate::http::Problem;
use crate::limits::CLOCKS_DIFFER;

/// How long a replica that has begun may take, seconds; then another may begin.
const LEASE: i64 = 3_600;

/// A turn that this replica has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    name: &'static str,
    holder: Uuid,
    begun: Timestamp,
}

/// Takes the turn for some work, if it is due and nobody else is at it.
///
/// # Errors
/// Where the database can't be reached.
pub async fn take_turn(app: &App, name: &'static str, every: i64) -> Result<Option<Turn>, Problem> {
    let begun = app.now();
    let turn = Turn { name, holder: Uuid::now_v7(), begun };
    let taken = app.write(move |connection| take(connection, &turn, every)).await?;
    Ok(taken.then_some(turn))
}

fn take(connection: &mut AnyConnection, turn: &Turn, every: i64) -> QueryResult<bool> {
    let Turn { name, holder, begun } = *turn;
    let set = || (turns::holder.eq(Key(holder)), turns::until.eq(begun.plus_seconds(LEASE)));
    // What lies further ahead than any turn lasts was written by a clock that was wrong, and not
    // only by one that is as far ahead of this one as clocks may be.
    let most = begun.plus_seconds(every.max(LEASE) + CLOCKS_DIFFER);
    let is_due = turns::until.le(begun).or(turns::until.gt(most));
    let taken =
        diesel::update(turns::table.find(name).filter(is_due)).set(set()).execute(connection)?;
    let there: i64 = turns::table.filter(turns::name.eq(name)).count().get_result(connection)?;
    if there == 0 {
        // Two that do so at once are put after one another by the key.
        diesel::insert_into(turns::table)
            .values((turns::name.eq(name), set()))
            .execute(connection)?;
    }
    Ok(taken > 0 || there == 0)
}

impl Turn {
    /// It is done: the next one is due in so many seconds from its beginning.
    ///
    /// # Errors
    /// Where the database can't be reached; then it is due again in an hour.
    pub async fn done(self, app: &App, every: i64) -> Result<(), Problem> {
        let Self { name, holder, begun } = self;
        app.write(move |connection| {
            let own = turns::table.find(name).filter(turns::holder.eq(Key(holder)));
            diesel::update(own)
                .set(turns::until.eq(begun.plus_seconds(every)))
                .execute(connection)
                .map(drop)
        })
        .await
    }
}
