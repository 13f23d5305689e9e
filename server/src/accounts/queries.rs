//! People, grants and sessions in the database.

use diesel::prelude::*;
use mobile_schema::Hash;
use sync_protocol::{DeviceId, UserId};
use uuid::Uuid;

use super::rules::{SecretToken, StoredSession};
use super::sessions::{ends_at_last, is_confirmed};
use super::{Claims, Grant, Role, Session};
use crate::areas::AreaPath;
use crate::db::AnyConnection;
use crate::db::schema::{areas, grants, sessions, users};
use crate::db::types::{Key, Timestamp};
use crate::devices;
use crate::http::Caller;
use crate::{limits, sync};

/// A person to add.
pub struct NewUser {
    /// What they sign in with.
    pub login: String,
    /// What others read.
    pub display_name: String,
    /// See [`super::hash_password`].
    pub password_hash: String,
}

/// A person who may sign in, with the stored password hash.
pub fn find_user(
    connection: &mut AnyConnection,
    login: &str,
) -> QueryResult<Option<(UserId, String)>> {
    let found: Option<(Key, String)> = users::table
        .filter(users::login.eq(login).and(users::disabled_at.is_null()))
        .select((users::id, users::password_hash))
        .first(connection)
        .optional()?;
    Ok(found.map(|(id, hash)| (id.into(), hash)))
}

/// How many people have a password, but for these.
pub(crate) fn count_others_than(
    connection: &mut AnyConnection,
    logins: &[&str],
) -> QueryResult<i64> {
    users::table
        .filter(users::password_hash.ne("").and(users::login.ne_all(logins.to_vec())))
        .count()
        .get_result(connection)
}

/// Whether a person's account is switched off.
pub fn is_disabled(connection: &mut AnyConnection, user: UserId) -> QueryResult<bool> {
    let person = users::table.find(Key::from(user));
    person.select(users::disabled_at.is_not_null()).first(connection)
}

/// A person who may sign in, by id, with the stored password hash.
pub(super) fn user_by_id(
    connection: &mut AnyConnection,
    user: UserId,
) -> QueryResult<Option<(UserId, String)>> {
    let hash: Option<String> = users::table
        .find(Key::from(user))
        .filter(users::disabled_at.is_null())
        .select(users::password_hash)
        .first(connection)
        .optional()?;
    Ok(hash.map(|hash| (user, hash)))
}

/// Changes a password, and ends the person's sessions in other browsers.
pub(super) fn set_password(
    connection: &mut AnyConnection,
    user: UserId,
    hash: &str,
    kept: Uuid,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(users::table.find(Key::from(user)))
        .set((users::password_hash.eq(hash), users::password_issued.eq(false)))
        .execute(connection)?;
    let others = sessions::table
        .filter(sessions::user_id.eq(Key::from(user)).and(sessions::ended_at.is_null()))
        .filter(sessions::device_id.is_null().and(sessions::id.ne(Key(kept))));
    diesel::update(others).set(sessions::ended_at.eq(Some(now))).execute(connection)?;
    Ok(())
}

/// Adds a person; the login must be free.
pub fn add_user(
    connection: &mut AnyConnection,
    new: &NewUser,
    now: Timestamp,
) -> QueryResult<UserId> {
    let id = UserId(Uuid::now_v7());
    diesel::insert_into(users::table)
        .values((
            users::id.eq(Key::from(id)),
            users::login.eq(&new.login),
            users::display_name.eq(&new.display_name),
            users::password_hash.eq(&new.password_hash),
            users::created_at.eq(now),
        ))
        .execute(connection)?;
    Ok(id)
}

/// Says that a person's password was issued by somebody else.
pub(crate) fn mark_issued(connection: &mut AnyConnection, user: UserId) -> QueryResult<()> {
    diesel::update(users::table.find(Key::from(user)))
        .set(users::password_issued.eq(true))
        .execute(connection)?;
    Ok(())
}

/// Makes sure that there is somebody whom the server's own work is by, and as whom nobody signs in.
pub(crate) fn add_nobody(
    connection: &mut AnyConnection,
    id: UserId,
    login: &str,
    display_name: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let there: i64 =
        users::table.filter(users::id.eq(Key::from(id))).count().get_result(connection)?;
    if there == 0 {
        diesel::insert_into(users::table)
            .values((
                users::id.eq(Key::from(id)),
                users::login.eq(login),
                users::display_name.eq(display_name),
                users::password_hash.eq(""),
                users::created_at.eq(now),
                users::disabled_at.eq(now),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Whether a token was signed for a session after all that the database knows of it: a session is
/// written before its token is signed.
pub(crate) fn was_lost(
    connection: &mut AnyConnection,
    session: Uuid,
    signed_at: Timestamp,
) -> QueryResult<bool> {
    let rotated: Option<Timestamp> = sessions::table
        .find(Key(session))
        .select(sessions::rotated_at)
        .first(connection)
        .optional()?;
    let known = rotated.map(|at| at.plus_seconds(limits::TOKEN_SIGNED_WITHIN));
    Ok(known.is_none_or(|known| known < signed_at))
}

/// Grants a role in an area from now on.
pub fn add_grant(
    connection: &mut AnyConnection,
    user: UserId,
    role: Role,
    area_code: &str,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(grants::table)
        .values((
            grants::id.eq(Key(Uuid::now_v7())),
            grants::user_id.eq(Key::from(user)),
            grants::role.eq(role.name()),
            grants::area_code.eq(area_code),
            grants::valid_from.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// What a person is granted at this moment.
pub(crate) fn grants_of(
    connection: &mut AnyConnection,
    user: UserId,
    now: Timestamp,
) -> QueryResult<Vec<Grant>> {
    let rows: Vec<(String, String)> = grants::table
        .inner_join(areas::table.on(areas::code.eq(grants::area_code)))
        .filter(grants::user_id.eq(Key::from(user)))
        .filter(grants::valid_from.le(now))
        .filter(grants::valid_until.is_null().or(grants::valid_until.gt(now)))
        .select((grants::role, areas::path))
        .load(connection)?;
    let grant = |(role, path): (String, String)| {
        Role::from_name(&role).map(|role| Grant { role, area: AreaPath(path) })
    };
    Ok(rows.into_iter().filter_map(grant).collect())
}

/// What grants come to on a tablet: visiting, where they allow it.
fn on_a_tablet(grants: Vec<Grant>) -> Vec<Grant> {
    let visits = grants.into_iter().filter(|grant| grant.role.may_visit());
    visits.map(|grant| Grant { role: Role::Cadre, ..grant }).collect()
}

/// The caller with what they are granted, while the person and the session still stand.
pub fn standing(
    connection: &mut AnyConnection,
    claims: &Claims,
    now: Timestamp,
) -> QueryResult<Option<Caller>> {
    let stands: Option<(bool, Option<Timestamp>)> = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::id.eq(Key(claims.session)).and(sessions::ended_at.is_null()))
        .filter(users::id.eq(Key::from(claims.user)).and(users::disabled_at.is_null()))
        .select((users::password_issued, sessions::confirmed_at))
        .first(connection)
        .optional()?;
    let Some((password_issued, confirmed_at)) = stands else { return Ok(None) };
    // A tablet that is blocked may hand over its outbox (`http::Tablet`), and nothing else.
    let at_work = match claims.device {
        Some(device) => devices::is_active(connection, device)?,
        None => true,
    };
    let grants = if at_work { grants_of(connection, claims.user, now)? } else { Vec::new() };
    let (user, device, session) = (claims.user, claims.device, claims.session);
    // What is done with a tablet is a cadre's work, whatever else its owner may do in a browser.
    let grants = if device.is_some() { on_a_tablet(grants) } else { grants };
    // A tablet has a key of its own, and no password.
    let must_change_password = password_issued && device.is_none();
    let is_confirmed = device.is_none() && is_confirmed(session, confirmed_at, now);
    Ok(Some(Caller {
        user,
        device,
        session,
        grants,
        lacks_factor: false,
        must_change_password,
        is_confirmed,
    }))
}

/// Whether a session was ended.
pub(crate) fn is_ended(connection: &mut AnyConnection, session: Uuid) -> QueryResult<bool> {
    let ended = sessions::table.find(Key(session)).filter(sessions::ended_at.is_not_null());
    Ok(ended.count().get_result::<i64>(connection)? > 0)
}

/// Starts a session and gives its first refresh token.
pub fn start_session(
    connection: &mut AnyConnection,
    user: UserId,
    device: Option<DeviceId>,
    now: Timestamp,
) -> QueryResult<(Session, SecretToken)> {
    let id = Uuid::now_v7();
    let token = SecretToken::new(id);
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(Key(id)),
            sessions::user_id.eq(Key::from(user)),
            sessions::device_id.eq(device.map(Key::from)),
            sessions::token_hash.eq(token.hash.as_bytes().to_vec()),
            sessions::rotated_at.eq(now),
            sessions::expires_at.eq(expiry(device, now)),
        ))
        .execute(connection)?;
    Ok((Session { id, user, device }, token))
}

/// The session, locked, with the state its refresh token is judged by.
pub(super) fn session_for_update(
    connection: &mut AnyConnection,
    id: Uuid,
) -> QueryResult<Option<(Session, StoredSession)>> {
    type Row =
        (Key, Option<Key>, Vec<u8>, Option<Vec<u8>>, Timestamp, Timestamp, Option<Timestamp>);
    let query = sessions::table.find(Key(id)).select((
        sessions::user_id,
        sessions::device_id,
        sessions::token_hash,
        sessions::previous_hash,
        sessions::rotated_at,
        sessions::expires_at,
        sessions::ended_at,
    ));
    let found: Option<Row> = crate::db::RowLocked(query).get_result(connection).optional()?;
    let restored_at = sync::restored_at(connection)?;
    let hash = |bytes: Vec<u8>| bytes.try_into().map(Hash).ok();
    Ok(found.and_then(|(user, device, current, previous, rotated_at, expires_at, ended)| {
        let session = Session { id, user: user.into(), device: device.map(DeviceId::from) };
        let stored = StoredSession {
            token_hash: hash(current)?,
            previous_hash: previous.and_then(hash),
            rotated_at,
            // However much a browser is used, its session ends.
            expires_at: if device.is_some() {
                expires_at
            } else {
                expires_at.min(ends_at_last(id))
            },
            ended: ended.is_some(),
            on_device: device.is_some(),
            restored_since: restored_at.is_some_and(|restored| restored > rotated_at),
        };
        Some((session, stored))
    }))
}

/// Replaces the refresh token.
pub(super) fn rotate_session(
    connection: &mut AnyConnection,
    session: &Session,
    previous: Hash,
    now: Timestamp,
) -> QueryResult<SecretToken> {
    let token = SecretToken::new(session.id);
    diesel::update(sessions::table.find(Key(session.id)))
        .set((
            sessions::token_hash.eq(token.hash.as_bytes().to_vec()),
            sessions::previous_hash.eq(Some(previous.as_bytes().to_vec())),
            sessions::rotated_at.eq(now),
            sessions::expires_at.eq(expiry(session.device, now)),
        ))
        .execute(connection)?;
    Ok(token)
}

/// Ends a session for good.
pub(super) fn end_session(
    connection: &mut AnyConnection,
    id: Uuid,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(sessions::table.find(Key(id)).filter(sessions::ended_at.is_null()))
        .set(sessions::ended_at.eq(Some(now)))
        .execute(connection)?;
    Ok(())
}

/// The person's name and login.
pub(crate) fn name_of(
    connection: &mut AnyConnection,
    user: UserId,
) -> QueryResult<(String, String)> {
    users::table.find(Key::from(user)).select((users::login, users::display_name)).first(connection)
}

fn expiry(device: Option<DeviceId>, now: Timestamp) -> Timestamp {
    now.plus_seconds(if device.is_some() {
        limits::DEVICE_SESSION_LIFETIME
    } else {
        limits::PERSON_SESSION_LIFETIME
    })
}
