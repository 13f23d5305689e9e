//! People and what they are granted, for admins.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpResponse, delete, get, post, web};
use data_encoding::BASE32_NOPAD;
use diesel::prelude::*;
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::UserId;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{NewUser, Role, check_login, check_name, queries, second_factor};
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::audit::{self, Did};
use crate::db::schema::{areas as area_table, grants, second_factors, sessions, users};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, Failed};
use crate::devices;
use crate::http::caller::ManagePeople;
use crate::http::page::{self, Page, PageQuery};
use crate::http::{Body, Kind, Permitted, Problem, Query};

/// A person.
#[derive(Serialize, ToSchema)]
struct PersonView {
    id: Uuid,
    login: String,
    display_name: String,
    #[schema(value_type = Option<String>)]
    disabled_at: Option<Timestamp>,
    /// Whether they sign in with a code of an authenticator app, too.
    second_factor: bool,
    /// What they are and were granted in the caller's areas.
    grants: Vec<GrantView>,
    /// Whether the caller may disable them, or give them a new password: all that they are granted
    /// lies in the caller's areas.
    manageable: bool,
}

/// A role in an area, from a day to a day.
#[derive(Serialize, ToSchema)]
struct GrantView {
    id: Uuid,
    role: Role,
    area: String,
    area_name: String,
    /// The codes from the root of the tree down to the area, each followed by a slash.
    path: String,
    #[schema(value_type = String)]
    valid_from: Timestamp,
    #[schema(value_type = Option<String>)]
    valid_until: Option<Timestamp>,
}

/// A role to grant.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGrant {
    #[schema(inline)]
    role: Role,
    /// The area's code.
    area: String,
    /// The first day (`2026-12-01`); from now on where absent.
    from: Option<String>,
    /// The last day; until it is ended where absent.
    until: Option<String>,
}

/// A person to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    /// What they sign in with: 2 to 50 of `a–z`, `0–9`, `-`, `.` and `_`.
    login: String,
    /// What others read.
    display_name: String,
    /// The first thing they are granted: nobody is without.
    grant: NewGrant,
}

/// A password that is shown once.
#[derive(Serialize, ToSchema)]
struct Issued {
    id: Uuid,
    /// To be told to the person, who changes it.
    password: String,
}

/// A grant as the audit trail has it.
fn told(grant: &NewGrant) -> serde_json::Value {
    json!({
        "role": grant.role, "area": grant.area, "from": grant.from, "until": grant.until,
    })
}

fn malformed(what: &str) -> Problem {
    Problem::new(&Kind::MALFORMED).detail(what.to_owned())
}

/// A day as people in China have it, as a moment.
fn day(text: &str) -> Option<Timestamp> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    let date = time::Date::parse(text, format).ok()?;
    let midnight = date.midnight().assume_offset(time::macros::offset!(+8));
    i64::try_from(midnight.unix_timestamp_nanos() / 1_000).ok().map(Timestamp)
}

/// From when and until when a grant counts.
fn span(grant: &NewGrant, now: Timestamp) -> Result<(Timestamp, Option<Timestamp>), Problem> {
    const DAY: i64 = 24 * 3600;
    let read = |name: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => match day(text) {
            Some(at) => Ok(Some(at)),
            None => Err(malformed(&format!("{name}: a day such as 2026-12-01"))),
        },
    };
    let from = read("from", &grant.from)?.unwrap_or(now);
    let until = read("until", &grant.until)?.map(|day| day.plus_seconds(DAY));
    if until.is_some_and(|until| until <= from) {
        return Err(malformed("until: a day after the first one"));
    }
    Ok((from, until))
}

/// A password of 80 random bits, easy to read aloud.
fn new_password() -> String {
    let mut bytes = [0_u8; 10];
    rand::rng().fill_bytes(&mut bytes);
    let text = BASE32_NOPAD.encode(&bytes).to_lowercase();
    let part = |from: usize| text.get(from..from + 4).unwrap_or_default();
    [part(0), part(4), part(8), part(12)].join("-")
}

async fn issue(app: &App) -> Result<(String, String), Problem> {
    let password = new_password();
    let hash = app.passwords.hash(password.clone()).await?;
    Ok((password, hash))
}

/// The path of an area that lies in one of these.
fn path_in(
    connection: &mut AnyConnection,
    within: &[AreaPath],
    code: &str,
) -> QueryResult<Option<AreaPath>> {
    let found = areas::paths_of(connection, &[code.to_owned()])?.pop();
    Ok(found.filter(|path| within.iter().any(|area| path.is_in(area))))
}

fn insert_grant(
    connection: &mut AnyConnection,
    user: UserId,
    grant: &NewGrant,
    (from, until): (Timestamp, Option<Timestamp>),
) -> QueryResult<Uuid> {
    let id = Uuid::now_v7();
    diesel::insert_into(grants::table)
        .values((
            grants::id.eq(Key(id)),
            grants::user_id.eq(Key::from(user)),
            grants::role.eq(grant.role.name()),
            grants::area_code.eq(&grant.area),
            grants::valid_from.eq(from),
            grants::valid_until.eq(until),
        ))
        .execute(connection)?;
    Ok(id)
}

/// The people who are or were granted something in the caller's areas, by when they were added.
#[utoipa::path(tag = "people", params(PageQuery), responses((status = 200, body = Page<PersonView>)))]
#[get("/api/v1/people")]
async fn list(
    permitted: Permitted<ManagePeople>,
    app: web::Data<App>,
    query: Query<PageQuery>,
) -> Result<web::Json<Page<PersonView>>, Problem> {
    let PageQuery { after, limit } = query.read()?;
    let (limit, within, now) = (page::limit(limit), permitted.areas, app.now());
    let found = app
        .read(move |connection| {
            let theirs = devices::people_in(connection, &within)?;
            let rows: Vec<(Key, String, String, Option<Timestamp>)> = users::table
                .filter(users::id.eq_any(theirs))
                .filter(users::id.gt(Key(after.unwrap_or(Uuid::nil()))))
                .order(users::id)
                .limit(limit)
                .select((users::id, users::login, users::display_name, users::disabled_at))
                .load(connection)?;
            views(connection, rows, &within, now)
        })
        .await?;
    Ok(web::Json(Page::of(found, limit, |person| person.id)))
}

type PersonRow = (Key, String, String, Option<Timestamp>);

/// People with what they are granted, in as many statements however many they are.
fn views(
    connection: &mut AnyConnection,
    people: Vec<PersonRow>,
    within: &[AreaPath],
    now: Timestamp,
) -> QueryResult<Vec<PersonView>> {
    type Row = (Key, Key, String, String, String, String, Timestamp, Option<Timestamp>);
    let ids: Vec<Key> = people.iter().map(|row| row.0).collect();
    let rows: Vec<Row> = grants::table
        .inner_join(area_table::table.on(area_table::code.eq(grants::area_code)))
        .filter(grants::user_id.eq_any(&ids))
        .order((grants::valid_from, grants::id))
        .select((
            grants::user_id,
            grants::id,
            grants::role,
            grants::area_code,
            area_table::name,
            area_table::path,
            grants::valid_from,
            grants::valid_until,
        ))
        .load(connection)?;
    let mut granted: BTreeMap<Key, Vec<Row>> = BTreeMap::new();
    for row in rows {
        granted.entry(row.0).or_default().push(row);
    }
    let with_code: BTreeSet<Key> = second_factors::table
        .filter(second_factors::user_id.eq_any(&ids))
        .filter(second_factors::confirmed_at.is_not_null())
        .select(second_factors::user_id)
        .load::<Key>(connection)?
        .into_iter()
        .collect();
    let is_in = |path: &str| within.iter().any(|area| AreaPath(path.to_owned()).is_in(area));
    let grant = |(_, id, role, area, area_name, path, valid_from, valid_until): Row| {
        let role = Role::from_name(&role)?;
        let id = id.0;
        let is_theirs = is_in(&path);
        is_theirs.then_some(GrantView { id, role, area, area_name, path, valid_from, valid_until })
    };
    let view = |(id, login, display_name, disabled_at): PersonRow| {
        let rows = granted.remove(&id).unwrap_or_default();
        let mut valid = rows.iter().filter(|row| row.7.is_none_or(|until| until > now));
        let manageable = valid.all(|row| is_in(&row.5));
        PersonView {
            id: id.0,
            login,
            display_name,
            disabled_at,
            second_factor: with_code.contains(&id),
            grants: rows.into_iter().filter_map(&grant).collect(),
            manageable,
        }
    };
    Ok(people.into_iter().map(view).collect())
}

/// Adds a person. The password is told once.
#[utoipa::path(
    tag = "people",
    request_body = NewPerson,
    responses((status = 201, body = Issued), (status = 409, description = "login-taken")),
)]
#[post("/api/v1/people")]
async fn add(
    permitted: Permitted<ManagePeople>,
    app: web::Data<App>,
    body: Body<NewPerson>,
) -> Result<HttpResponse, Problem> {
    let permitted = permitted.confirmed()?;
    let (person, now, by) = (body.read().await?, app.now(), permitted.caller.user);
    check_login(&person.login)?;
    let display_name = check_name(&person.display_name)?;
    let span = span(&person.grant, now)?;
    let (password, password_hash) = issue(&app).await?;
    let added: Result<UserId, Failed<Problem>> = app
        .database
        .write(move |connection| {
            let wrong = |kind| Failed::Rule(Problem::new(kind));
            if path_in(connection, &permitted.areas, &person.grant.area)?.is_none() {
                return Err(wrong(&Kind::NOT_FOUND));
            }
            let taken: i64 = users::table
                .filter(users::login.eq(&person.login))
                .count()
                .get_result(connection)?;
            if taken > 0 {
                return Err(wrong(&Kind::LOGIN_TAKEN));
            }
            let new = NewUser {
                login: person.login.clone(),
                display_name: display_name.clone(),
                password_hash: password_hash.clone(),
            };
            let user = queries::add_user(connection, &new, now)?;
            queries::mark_issued(connection, user)?;
            insert_grant(connection, user, &person.grant, span)?;
            let detail = json!({ "login": person.login, "grant": told(&person.grant) });
            audit::note(connection, by, Did::AddPerson, user, detail, now)?;
            Ok(user)
        })
        .await;
    let id = added.map_err(Problem::from)?.0;
    Ok(HttpResponse::Created().json(Issued { id, password }))
}

/// Grants a person of the caller's areas one more thing there.
#[utoipa::path(tag = "people", request_body = NewGrant, responses((status = 204)))]
#[post("/api/v1/people/{id}/grants")]
async fn add_grant(
    permitted: Permitted<ManagePeople>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: Body<NewGrant>,
) -> Result<HttpResponse, Problem> {
    let permitted = permitted.confirmed()?;
    let (user, new, now) = (UserId(id.into_inner()), body.read().await?, app.now());
    let by = permitted.caller.user;
    let span = span(&new, now)?;
    let granted = app
        .write(move |connection| {
            let within = &permitted.areas;
            let is_theirs = devices::people_in(connection, within)?.contains(&Key::from(user));
            if !is_theirs || path_in(connection, within, &new.area)?.is_none() {
                return Ok(false);
            }
            insert_grant(connection, user, &new, span)?;
            audit::note(connection, by, Did::Grant, user, told(&new), now)?;
            Ok(true)
        })
        .await?;
    done(granted)
}

/// Ends what a person is granted; that it was stays on record.
#[utoipa::path(tag = "people", responses((status = 204)))]
#[delete("/api/v1/people/{id}/grants/{grant}")]
async fn end_grant(
    permitted: Permitted<ManagePeople>,
    app: web::Data<App>,
    path: web::Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, Problem> {
    let ((user, grant), now) = (path.into_inner(), app.now());
    let by = permitted.caller.user;
    // Whoever ends their own last right over people can't take it back.
    if user == permitted.caller.user.0 {
        return Err(Problem::new(&Kind::NOT_ONESELF));
    }
    let ended = app
        .write(move |connection| {
            let granted: Option<String> = grants::table
                .filter(grants::id.eq(Key(grant)).and(grants::user_id.eq(Key(user))))
                .select(grants::area_code)
                .first(connection)
                .optional()?;
            let Some(area) = granted else { return Ok(false) };
            if path_in(connection, &permitted.areas, &area)?.is_none() {
                return Ok(false);
            }
            let open = grants::valid_until.is_null().or(grants::valid_until.gt(now));
            diesel::update(grants::table.filter(grants::id.eq(Key(grant))).filter(open))
                .set(grants::valid_until.eq(Some(now)))
                .execute(connection)?;
            let detail = json!({ "grant": grant, "area": area });
            let subject = UserId(user).to_string();
            audit::note(connection, by, Did::EndGrant, subject, detail, now)?;
            Ok(true)
        })
        .await?;
    done(ended)
}

fn done(is_theirs: bool) -> Result<HttpResponse, Problem> {
    match is_theirs {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::new(&Kind::NOT_FOUND)),
    }
}

/// Does something to a person whom the caller's areas answer for.
async fn manage<F>(
    permitted: Permitted<ManagePeople>,
    app: &App,
    (user, did): (Uuid, Did),
    mut act: F,
) -> Result<HttpResponse, Problem>
where
    F: FnMut(&mut AnyConnection, UserId) -> QueryResult<()> + Send + 'static,
{
    if user == permitted.caller.user.0 {
        return Err(Problem::new(&Kind::NOT_ONESELF));
    }
    let (now, by) = (app.now(), permitted.caller.user);
    let managed = app
        .write(move |connection| {
            let within = &permitted.areas;
            if !devices::answers_for(connection, within, UserId(user), now)? {
                return Ok(false);
            }
            act(connection, UserId(user))?;
            let subject = UserId(user).to_string();
            audit::note(connection, by, did, subject, json!({}), now)?;
            Ok(true)
        })
        .await?;
    done(managed)
}

fn end_sessions(connection: &mut AnyConnection, user: UserId, now: Timestamp) -> QueryResult<()> {
    let theirs = sessions::table
        .filter(sessions::user_id.eq(Key::from(user)).and(sessions::ended_at.is_null()))
        // Tablets stay enrolled: they have to hand over what is on them.
        .filter(sessions::device_id.is_null());
    diesel::update(theirs).set(sessions::ended_at.eq(Some(now))).execute(connection)?;
    Ok(())
}

/// Gives a person another password, takes their second factor away, and signs them out of browsers.
pub(crate) fn reset(
    connection: &mut AnyConnection,
    user: UserId,
    password_hash: &str,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(users::table.find(Key::from(user)))
        .set((users::password_hash.eq(password_hash), users::password_issued.eq(true)))
        .execute(connection)?;
    second_factor::remove(connection, user)?;
    end_sessions(connection, user, now)
}

/// Keeps a person from signing in; their tablets may still hand over what is on them.
#[utoipa::path(tag = "people", responses((status = 204), (status = 409, description = "not-oneself")))]
#[post("/api/v1/people/{id}/disable")]
async fn disable(
    permitted: Permitted<ManagePeople>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let now = app.now();
    let act = move |connection: &mut AnyConnection, user| {
        let person = users::table.find(Key::from(user)).filter(users::disabled_at.is_null());
        diesel::update(person).set(users::disabled_at.eq(Some(now))).execute(connection)?;
        end_sessions(connection, user, now)
    };
    manage(permitted, &app, (id.into_inner(), Did::DisablePerson), act).await
}

/// Lets a person sign in again.
#[utoipa::path(tag = "people", responses((status = 204)))]
#[post("/api/v1/people/{id}/enable")]
async fn enable(
    permitted: Permitted<ManagePeople>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let permitted = permitted.confirmed()?;
    let act = move |connection: &mut AnyConnection, user| {
        diesel::update(users::table.find(Key::from(user)))
            .set(users::disabled_at.eq(None::<Timestamp>))
            .execute(connection)?;
        Ok(())
    };
    manage(permitted, &app, (id.into_inner(), Did::EnablePerson), act).await
}

/// Gives a person a new password, which is told once, and takes their second factor away: for who
/// has lost either. Whoever is signed in as them is signed out.
#[utoipa::path(tag = "people", responses((status = 201, body = Issued)))]
#[post("/api/v1/people/{id}/password")]
async fn reset_password(
    permitted: Permitted<ManagePeople>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let permitted = permitted.confirmed()?;
    let (id, now) = (id.into_inner(), app.now());
    let (password, hash) = issue(&app).await?;
    let act = move |connection: &mut AnyConnection, user| reset(connection, user, &hash, now);
    manage(permitted, &app, (id, Did::ResetPassword), act).await?;
    Ok(HttpResponse::Created().json(Issued { id, password }))
}

/// The routes of people.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(add).service(add_grant).service(end_grant);
    config.service(disable).service(enable).service(reset_password);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(from: Option<&str>, until: Option<&str>) -> NewGrant {
        let text = |text: Option<&str>| text.map(str::to_owned);
        NewGrant { role: Role::Cadre, area: "1".into(), from: text(from), until: text(until) }
    }

    #[test]
    fn a_grant_counts_through_its_last_day_in_china() {
        let (from, until) =
            span(&asked(Some("2026-12-01"), Some("2026-12-01")), Timestamp(0)).unwrap();
        assert_eq!(from.to_string(), "2026-11-30T16:00:00Z");
        assert_eq!(until.unwrap().to_string(), "2026-12-01T16:00:00Z");
    }

    #[test]
    fn days_that_make_no_sense_are_refused() {
        assert!(span(&asked(Some("2026-12-02"), Some("2026-12-01")), Timestamp(0)).is_err());
        assert!(span(&asked(Some("1.12.2026"), None), Timestamp(0)).is_err());
        assert!(span(&asked(None, Some("2026-02-30")), Timestamp(0)).is_err());
    }

    #[test]
    fn passwords_are_long_and_differ() {
        let (one, other) = (new_password(), new_password());
        assert_eq!(one.len(), 19);
        assert_ne!(one, other);
    }
}
