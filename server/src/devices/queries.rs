//! Tablets in the database.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE32_NOPAD;
use diesel::prelude::*;
use ed25519_dalek::{Signature, VerifyingKey};
use rand::Rng as _;
use sync_protocol::{DeviceId, ScopeId, UserId};
use uuid::Uuid;

use super::DeviceState;
use crate::accounts::{self, Role, SecretToken, Session, hash_token};
use crate::app::Seen;
use crate::areas::{self, AreaPath};
use crate::db::schema::{
    areas as area_table, device_revocations, device_unsent, devices, enrolment_codes, grants,
    sessions, users,
};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, RowLocked};
use crate::limits::ENROLMENT_LIFETIME;

/// A tablet that was just enrolled.
pub struct Enrolled {
    /// The tablet's session.
    pub session: Session,
    /// Its first refresh token.
    pub token: SecretToken,
}

/// Makes a one-time code to enrol a tablet for `user`: 26 characters for a QR code.
pub fn make_code(
    connection: &mut AnyConnection,
    user: UserId,
    made_by: Option<UserId>,
    now: Timestamp,
) -> QueryResult<String> {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    let code = BASE32_NOPAD.encode(&bytes);
    diesel::insert_into(enrolment_codes::table)
        .values((
            enrolment_codes::code_hash.eq(hash_token(&code).as_bytes().to_vec()),
            enrolment_codes::user_id.eq(Key::from(user)),
            enrolment_codes::made_by.eq(made_by.map(Key::from)),
            enrolment_codes::expires_at.eq(now.plus_seconds(ENROLMENT_LIFETIME)),
        ))
        .execute(connection)?;
    Ok(code)
}

/// Enrols a tablet with a code. The same tablet may use the same code again, since the answer
/// may have been lost on the way; another tablet may not.
pub(super) fn enrol(
    connection: &mut AnyConnection,
    code: &str,
    public_key: &[u8; 32],
    label: &str,
    now: Timestamp,
) -> QueryResult<Option<Enrolled>> {
    let hash = hash_token(code).as_bytes().to_vec();
    let query = enrolment_codes::table.find(hash.clone()).select((
        enrolment_codes::user_id,
        enrolment_codes::expires_at,
        enrolment_codes::device_id,
        enrolment_codes::made_by,
    ));
    type Row = (Key, Timestamp, Option<Key>, Option<Key>);
    let found: Option<Row> = RowLocked(query).get_result(connection).optional()?;
    let found = found.filter(|(_, expires_at, ..)| now < *expires_at);
    let Some((user, _, used_by, made_by)) = found else { return Ok(None) };
    // Whoever made the code answers for the person still, who may be more by now.
    if let Some(made_by) = made_by {
        let granted = accounts::grants_of(connection, made_by.into(), now)?;
        let admin = granted.into_iter().filter(|grant| grant.role == Role::Admin);
        let within: Vec<AreaPath> = admin.map(|grant| grant.area).collect();
        if !answers_for(connection, &within, user.into(), now)? {
            return Ok(None);
        }
    }
    let device = match used_by {
        Some(device) => {
            let key: Vec<u8> =
                devices::table.find(device).select(devices::public_key).first(connection)?;
            // The answer to the first time may have been lost. A session that somebody ended has
            // its end, and a lost tablet stays out.
            if key != public_key
                || has_ended(connection, device)?
                || is_revoked(connection, device.into())?
            {
                return Ok(None);
            }
            device
        }
        None => {
            // A tablet enrols once, and afterwards only refreshes.
            if key_is_taken(connection, public_key)? {
                return Ok(None);
            }
            let state = DeviceState::Active;
            let device =
                Key::from(register(connection, user.into(), public_key, label, state, now)?);
            diesel::update(enrolment_codes::table.find(hash))
                .set(enrolment_codes::device_id.eq(Some(device)))
                .execute(connection)?;
            device
        }
    };
    let (session, token) =
        accounts::start_session(connection, user.into(), Some(device.into()), now)?;
    Ok(Some(Enrolled { session, token }))
}

fn has_ended(connection: &mut AnyConnection, device: Key) -> QueryResult<bool> {
    let ended = sessions::table
        .filter(sessions::device_id.eq(device).and(sessions::ended_at.is_not_null()));
    Ok(ended.count().get_result::<i64>(connection)? > 0)
}

/// Adds a device with a key that no other has.
pub fn register(
    connection: &mut AnyConnection,
    user: UserId,
    public_key: &[u8; 32],
    label: &str,
    state: DeviceState,
    now: Timestamp,
) -> QueryResult<DeviceId> {
    let device = DeviceId(Uuid::now_v7());
    diesel::insert_into(devices::table)
        .values((
            devices::id.eq(Key::from(device)),
            devices::user_id.eq(Key::from(user)),
            devices::public_key.eq(public_key.to_vec()),
            devices::label.eq(label),
            devices::state.eq(state.name()),
            devices::enrolled_at.eq(now),
        ))
        .execute(connection)?;
    Ok(device)
}

/// Whether a key is already some tablet's.
fn key_is_taken(connection: &mut AnyConnection, public_key: &[u8; 32]) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        devices::table.filter(devices::public_key.eq(public_key.to_vec())),
    ))
    .get_result(connection)
}

/// Whether the tablet's own key made this signature (base64url, RFC 8032).
pub fn has_signed(
    connection: &mut AnyConnection,
    device: DeviceId,
    message: &[u8],
    signature: Option<&str>,
) -> QueryResult<bool> {
    let key: Vec<u8> =
        devices::table.find(Key::from(device)).select(devices::public_key).first(connection)?;
    let verified = (|| {
        let key = VerifyingKey::from_bytes(key.as_slice().try_into().ok()?).ok()?;
        let signature = Signature::from_slice(&accounts::base64(signature?)?).ok()?;
        key.verify_strict(message, &signature).ok()
    })();
    Ok(verified.is_some())
}

/// The state of a person's tablet and the scopes it has now. A person who is disabled or has no
/// grants has a tablet without scopes: it may hand over its outbox, and gets nothing.
pub fn tablet(
    connection: &mut AnyConnection,
    device: DeviceId,
    user: UserId,
    now: Timestamp,
) -> QueryResult<Option<(DeviceState, BTreeSet<ScopeId>)>> {
    let found: Option<(String, Option<Timestamp>)> = devices::table
        .inner_join(users::table.on(users::id.eq(devices::user_id)))
        .filter(devices::id.eq(Key::from(device)).and(devices::user_id.eq(Key::from(user))))
        .select((devices::state, users::disabled_at))
        .first(connection)
        .optional()?;
    let Some((state, disabled)) = found else { return Ok(None) };
    let state = DeviceState::from_name(&state);
    if state != DeviceState::Active || disabled.is_some() {
        return Ok(Some((state, BTreeSet::new())));
    }
    let places: Vec<_> = accounts::grants_of(connection, user, now)?
        .into_iter()
        .filter(|grant| grant.role.may_visit())
        .map(|grant| grant.area)
        .collect();
    let mut scopes = areas::scopes_under(connection, &places)?;
    scopes.insert(ScopeId::user(user));
    Ok(Some((state, scopes)))
}

/// Whether a tablet may work.
pub fn is_active(connection: &mut AnyConnection, device: DeviceId) -> QueryResult<bool> {
    let state: Option<String> = devices::table
        .find(Key::from(device))
        .select(devices::state)
        .first(connection)
        .optional()?;
    Ok(state.is_some_and(|state| DeviceState::from_name(&state) == DeviceState::Active))
}

/// Notes that a tablet was here, how far its clock is off, and what it has not handed over.
pub fn seen(
    connection: &mut AnyConnection,
    device: DeviceId,
    seen: Seen,
    now: Timestamp,
) -> QueryResult<()> {
    let key = Key::from(device);
    diesel::update(devices::table.find(key))
        .set((devices::last_seen_at.eq(Some(now)), devices::clock_skew_ms.eq(Some(seen.skew_ms))))
        .execute(connection)?;
    let Some(unsent) = seen.unsent else { return Ok(()) };
    // Numbers from outside; nobody has that many.
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let told = || {
        (
            device_unsent::ops.eq(count(unsent.ops)),
            device_unsent::files.eq(count(unsent.files)),
            device_unsent::told_at.eq(now),
        )
    };
    let known = diesel::update(device_unsent::table.find(key)).set(told()).execute(connection)?;
    if known == 0 {
        diesel::insert_into(device_unsent::table)
            .values((device_unsent::device_id.eq(key), told()))
            .execute(connection)?;
    }
    Ok(())
}

/// A tablet as an admin sees it.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct DeviceRow {
    id: Uuid,
    label: String,
    user: String,
    state: DeviceState,
    #[schema(value_type = String)]
    enrolled_at: Timestamp,
    #[schema(value_type = Option<String>)]
    last_seen_at: Option<Timestamp>,
    clock_skew_ms: Option<i64>,
    /// Operations that it had not handed over when it was here last; none where it never said.
    unsent_ops: Option<i64>,
    /// Files that it had not handed over then.
    unsent_files: Option<i64>,
    /// From when its signatures count for nothing, because it was lost or stolen.
    #[schema(value_type = Option<String>)]
    revoked_from: Option<Timestamp>,
}

impl DeviceRow {
    pub(super) fn id(&self) -> Uuid {
        self.id
    }
}

/// The people who have a grant in one of these areas or below.
pub fn people_in(connection: &mut AnyConnection, within: &[AreaPath]) -> QueryResult<Vec<Key>> {
    let rows: Vec<(Key, String)> = grants::table
        .inner_join(area_table::table.on(area_table::code.eq(grants::area_code)))
        .select((grants::user_id, area_table::path))
        .distinct()
        .load(connection)?;
    let inside = |path: &str| within.iter().any(|area| AreaPath(path.to_owned()).is_in(area));
    Ok(rows.into_iter().filter(|(_, path)| inside(path)).map(|(user, _)| user).collect())
}

/// Whether all that a person is or will be granted lies in these areas (what has ended no longer
/// counts, unless nothing else is left): who looks after them there may act on the person and on
/// their tablets, for nothing of it is anybody else's.
pub fn answers_for(
    connection: &mut AnyConnection,
    within: &[AreaPath],
    user: UserId,
    now: Timestamp,
) -> QueryResult<bool> {
    let rows: Vec<(String, Option<Timestamp>)> = grants::table
        .inner_join(area_table::table.on(area_table::code.eq(grants::area_code)))
        .filter(grants::user_id.eq(Key::from(user)))
        .select((area_table::path, grants::valid_until))
        .load(connection)?;
    let has_not_ended = |row: &&(String, Option<Timestamp>)| row.1.is_none_or(|until| now < until);
    let inside = |row: &(String, Option<Timestamp>)| {
        within.iter().any(|area| AreaPath(row.0.clone()).is_in(area))
    };
    let mut standing = rows.iter().filter(has_not_ended).peekable();
    Ok(match standing.peek() {
        Some(_) => standing.all(inside),
        None => rows.iter().any(inside),
    })
}

/// A page of the tablets of people in these areas.
pub(super) fn list(
    connection: &mut AnyConnection,
    within: &[AreaPath],
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<DeviceRow>> {
    type Row = (
        Key,
        String,
        String,
        String,
        Timestamp,
        Option<Timestamp>,
        Option<i64>,
        Option<(i64, i64)>,
    );
    let people = people_in(connection, within)?;
    let rows: Vec<Row> = devices::table
        .inner_join(users::table.on(users::id.eq(devices::user_id)))
        .left_join(device_unsent::table.on(device_unsent::device_id.eq(devices::id)))
        .filter(devices::user_id.eq_any(people))
        .filter(devices::id.gt(Key(after.unwrap_or(Uuid::nil()))))
        .order(devices::id)
        .limit(limit)
        .select((
            devices::id,
            devices::label,
            users::display_name,
            devices::state,
            devices::enrolled_at,
            devices::last_seen_at,
            devices::clock_skew_ms,
            (device_unsent::ops, device_unsent::files).nullable(),
        ))
        .load(connection)?;
    let ids: Vec<Key> = rows.iter().map(|row| row.0).collect();
    // The earliest comes last, and counts.
    let revoked: BTreeMap<Key, Timestamp> = device_revocations::table
        .filter(device_revocations::device_id.eq_any(ids))
        .order(device_revocations::from_at.desc())
        .select((device_revocations::device_id, device_revocations::from_at))
        .load::<(Key, Timestamp)>(connection)?
        .into_iter()
        .collect();
    let row = |(id, label, user, state, enrolled_at, last_seen_at, clock_skew_ms, unsent): Row| {
        DeviceRow {
            id: id.0,
            label,
            user,
            state: DeviceState::from_name(&state),
            enrolled_at,
            last_seen_at,
            clock_skew_ms,
            unsent_ops: unsent.map(|(ops, _)| ops),
            unsent_files: unsent.map(|(_, files)| files),
            revoked_from: revoked.get(&id).copied(),
        }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Whether a tablet belongs to somebody whom these areas [answer for](answers_for).
pub fn is_in(
    connection: &mut AnyConnection,
    within: &[AreaPath],
    device: DeviceId,
    now: Timestamp,
) -> QueryResult<bool> {
    let owner: Option<Key> = devices::table
        .find(Key::from(device))
        .select(devices::user_id)
        .first(connection)
        .optional()?;
    owner.map_or(Ok(false), |owner| answers_for(connection, within, owner.into(), now))
}

/// Changes a tablet's state.
pub(super) fn set_state(
    connection: &mut AnyConnection,
    device: DeviceId,
    state: DeviceState,
) -> QueryResult<()> {
    diesel::update(devices::table.find(Key::from(device)))
        .set(devices::state.eq(state.name()))
        .execute(connection)?;
    Ok(())
}

/// Whether somebody said that a tablet was lost, and its signatures count for nothing any more.
pub(crate) fn is_revoked(connection: &mut AnyConnection, device: DeviceId) -> QueryResult<bool> {
    let said =
        device_revocations::table.filter(device_revocations::device_id.eq(Key::from(device)));
    Ok(said.count().get_result::<i64>(connection)? > 0)
}

/// Blocks a tablet that is at work.
pub(crate) fn block(connection: &mut AnyConnection, device: DeviceId) -> QueryResult<()> {
    let at_work = devices::table
        .find(Key::from(device))
        .filter(devices::state.eq(DeviceState::Active.name()));
    diesel::update(at_work)
        .set(devices::state.eq(DeviceState::Blocked.name()))
        .execute(connection)?;
    Ok(())
}

/// A person by login, if these areas answer for them.
pub(super) fn person_in(
    connection: &mut AnyConnection,
    within: &[AreaPath],
    login: &str,
    now: Timestamp,
) -> QueryResult<Option<UserId>> {
    let found: Option<Key> = users::table
        .filter(users::login.eq(login))
        .select(users::id)
        .first(connection)
        .optional()?;
    let Some(user) = found.map(UserId::from) else { return Ok(None) };
    Ok(answers_for(connection, within, user, now)?.then_some(user))
}
