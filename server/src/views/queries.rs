//! Views in the database.

use diesel::prelude::*;
use sync_protocol::UserId;
use uuid::Uuid;

use super::http::{NewView, SavedView};
use crate::db::AnyConnection;
use crate::db::schema::saved_views;
use crate::db::types::{Key, Timestamp};
use crate::limits::MAX_VIEWS;

/// A person's views of a screen, by name.
pub(super) fn list(
    connection: &mut AnyConnection,
    user: UserId,
    screen: &str,
) -> QueryResult<Vec<SavedView>> {
    let rows: Vec<(Key, String, String)> = saved_views::table
        .filter(saved_views::user_id.eq(Key::from(user)).and(saved_views::screen.eq(screen)))
        .order(saved_views::name)
        .select((saved_views::id, saved_views::name, saved_views::query))
        .load(connection)?;
    let view = |(id, name, query): (Key, _, _)| SavedView { id: id.0, name, query };
    Ok(rows.into_iter().map(view).collect())
}

/// Keeps a view in place of one with its name; nothing where the person has as many as one may.
pub(super) fn keep(
    connection: &mut AnyConnection,
    user: UserId,
    new: &NewView,
    now: Timestamp,
) -> QueryResult<Option<SavedView>> {
    let (user, id) = (Key::from(user), Uuid::now_v7());
    let same = saved_views::screen.eq(&new.screen).and(saved_views::name.eq(&new.name));
    diesel::delete(saved_views::table.filter(saved_views::user_id.eq(user).and(same)))
        .execute(connection)?;
    let mine = saved_views::table.filter(saved_views::user_id.eq(user));
    let count: i64 = mine.count().get_result(connection)?;
    if count >= MAX_VIEWS {
        return Ok(None);
    }
    diesel::insert_into(saved_views::table)
        .values((
            saved_views::id.eq(Key(id)),
            saved_views::user_id.eq(user),
            saved_views::screen.eq(&new.screen),
            saved_views::name.eq(&new.name),
            saved_views::query.eq(&new.query),
            saved_views::saved_at.eq(now),
        ))
        .execute(connection)?;
    Ok(Some(SavedView { id, name: new.name.clone(), query: new.query.clone() }))
}

/// Forgets a view of a person's; whether there was one.
pub(super) fn forget(connection: &mut AnyConnection, user: UserId, id: Uuid) -> QueryResult<bool> {
    let mine = saved_views::id.eq(Key(id)).and(saved_views::user_id.eq(Key::from(user)));
    Ok(diesel::delete(saved_views::table.filter(mine)).execute(connection)? > 0)
}
