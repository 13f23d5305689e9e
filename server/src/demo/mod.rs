//! The demo county: invented people in invented villages, to try the system with.
//!
//! It is loaded as a tablet would bring it, through the merge, so that it has history, versions
//! and digests like everything else.

mod county;
mod evidence;
mod names;

use std::collections::BTreeSet;
use std::fmt;

use ed25519_dalek::SigningKey;
use mobile_schema::pack::PackProblem;
use mobile_schema::register::Capacity;
use sync_protocol::clock::ClockReading;
use sync_protocol::message::SyncRequest;
use sync_protocol::{DeviceId, IncarnationId, Op, Outcome, ScopeId, UserId};
use uuid::Uuid;

use crate::accounts::{self, NewUser, Role};
use crate::app::App;
use crate::areas;
use crate::checks;
use crate::db::{AnyConnection, Failed, Timestamp};
use crate::devices::{self, DeviceState};
use crate::forms;
use crate::http::Problem;
use crate::packs::{self, InstallProblem};
use crate::sync::{Desk, Owner, Pushed, Pusher, RawOp, push};

pub use county::{COUNTY, VILLAGES};
pub use evidence::{VISITS, load_evidence};

/// The password of every demo login.
pub const PASSWORD: &str = "ruhu-demo-2026";

/// Login, name, role, area.
const PEOPLE: [(&str, &str, Role, &str); 6] = [
    ("admin", "县管理员（虚构）", Role::Admin, COUNTY),
    ("supervisor", "乡镇审核员（虚构）", Role::Supervisor, "529901100000"),
    ("auditor", "审计员（虚构）", Role::Auditor, COUNTY),
    ("cadre", "村干部甲（虚构）", Role::Cadre, VILLAGES[0].0),
    ("cadre2", "村干部乙（虚构）", Role::Cadre, VILLAGES[0].0),
    ("cadre3", "村干部丙（虚构）", Role::Cadre, VILLAGES[1].0),
];

/// What was loaded.
#[derive(Debug)]
pub enum Loaded {
    /// It was there.
    Already,
    /// It is there now.
    Now {
        /// Households.
        households: usize,
        /// Their members.
        members: usize,
    },
}

impl fmt::Display for Loaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Already => writeln!(formatter, "the demo county is loaded")?,
            Self::Now { households, members } => writeln!(
                formatter,
                "the demo county is loaded: 2 townships, {} villages, {households} households, \
                 {members} people, all invented",
                VILLAGES.len(),
            )?,
        }
        writeln!(formatter, "\n  {:<12}{:<18}who", "login", "password")?;
        for (login, name, _, area) in PEOPLE {
            writeln!(formatter, "  {login:<12}{PASSWORD:<18}{name} {area}")?;
        }
        Ok(())
    }
}

/// Why the demo county was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum DemoProblem {
    /// A pack of this program is not sound.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Pack(Vec<PackProblem>),
    /// A pack could not be installed.
    #[error(transparent)]
    Install(#[from] Failed<InstallProblem>),
    /// The database said no.
    #[error(transparent)]
    Database(#[from] Failed<Problem>),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<Problem> for DemoProblem {
    fn from(problem: Problem) -> Self {
        Self::Other(problem.to_string())
    }
}

/// Whether the county is one in earnest: there are people or areas that are not the demo's, beside
/// which its logins would stand, whose password anybody knows.
pub async fn is_in_earnest(app: &App) -> Result<bool, DemoProblem> {
    let is_in_earnest = app.read(|connection| {
        let own = PEOPLE.map(|(login, ..)| login);
        let is_demo = is_there(connection)?;
        let others = accounts::count_others_than(connection, if is_demo { &own } else { &[] })?;
        Ok(others > 0 || (!is_demo && areas::count(connection)? > 0))
    });
    Ok(is_in_earnest.await?)
}

fn is_there(connection: &mut AnyConnection) -> diesel::QueryResult<bool> {
    Ok(!areas::paths_of(connection, &[COUNTY.to_owned()])?.is_empty())
}

/// Loads the demo county, its packs and its logins; does nothing if they are there.
pub async fn load(app: &App) -> Result<Loaded, DemoProblem> {
    let (is_there, taken) = app
        .read(|connection| {
            let mut taken = None;
            for (login, ..) in PEOPLE {
                let found = accounts::find_user(connection, login)?;
                taken = taken.or(found.map(|_| login));
            }
            Ok((is_there(connection)?, taken))
        })
        .await?;
    match (is_there, taken) {
        (true, _) => return Ok(Loaded::Already),
        (false, Some(login)) => {
            return Err(DemoProblem::Other(format!("somebody signs in as {login} already")));
        }
        (false, None) => {}
    }
    let packs = packs::embedded_packs().map_err(DemoProblem::Pack)?;
    let now = app.now();
    let installed: Result<(), Failed<InstallProblem>> = app
        .database
        .write(move |connection| {
            packs.values().try_for_each(|pack| packs::install(connection, pack, now))
        })
        .await;
    installed?;
    let catalogue = app.reload_definitions().await?;
    let password_hash = accounts::hash_password(PASSWORD).map_err(DemoProblem::Other)?;
    let lineage = app.lineage.clone();
    let pushed: Result<(usize, usize), Failed<Problem>> = app
        .database
        .write(move |connection| {
            for area in county::areas() {
                areas::add(connection, &area)?;
            }
            let admin = add_people(connection, &password_hash, now)?;
            forms::release_all(connection, COUNTY, admin, "演示数据", now)?;
            let ops = county::operations(&catalogue, admin, now);
            let of = |name: &str| ops.iter().filter(|op| op.collection == name).count();
            let counts = (of("household"), of("member"));
            let device = loader(connection, admin, now)?;
            let scopes: BTreeSet<ScopeId> = ops.iter().map(|op| op.scope.clone()).collect();
            let (catalogue, lineage) = (&*catalogue, &lineage);
            let owner = Owner::Tablet(device);
            let (scopes, capacity) = (&scopes, Capacity::Server);
            let pusher = Pusher { owner, user: admin, scopes, capacity, on_behalf: None };
            push_whole(connection, &Desk { catalogue, lineage, now }, &pusher, device, ops)?;
            // It is what the county begins with; what people change in it is checked.
            checks::forget_due(connection)?;
            Ok(counts)
        })
        .await;
    let (households, members) = pushed?;
    Ok(Loaded::Now { households, members })
}

fn add_people(
    connection: &mut AnyConnection,
    password_hash: &str,
    now: Timestamp,
) -> Result<UserId, Failed<Problem>> {
    let mut first = None;
    for (login, name, role, area) in PEOPLE {
        let new = NewUser {
            login: login.to_owned(),
            display_name: name.to_owned(),
            password_hash: password_hash.to_owned(),
        };
        let user = accounts::add_user(connection, &new, now)?;
        accounts::add_grant(connection, user, role, area, now)?;
        first.get_or_insert(user);
        if login == "cadre" {
            // One cadre looks after two villages.
            accounts::add_grant(connection, user, role, VILLAGES[1].0, now)?;
        }
    }
    first.ok_or_else(|| Failed::Unavailable("the demo has no people".to_owned()))
}

/// The device that the demo data is said to come from; it can't be used for anything else.
fn loader(
    connection: &mut AnyConnection,
    admin: UserId,
    now: Timestamp,
) -> Result<sync_protocol::DeviceId, Failed<Problem>> {
    let key = SigningKey::from_bytes(&rand::random()).verifying_key().to_bytes();
    let label = "演示数据";
    Ok(devices::register(connection, admin, &key, label, DeviceState::Blocked, now)?)
}

fn push_whole(
    connection: &mut AnyConnection,
    desk: &Desk<'_>,
    pusher: &Pusher<'_>,
    device: DeviceId,
    ops: Vec<Op>,
) -> Result<(), Failed<Problem>> {
    let wrong = |what: String| Failed::Unavailable(format!("the demo data: {what}"));
    let incarnation = IncarnationId(Uuid::now_v7());
    let mut first_seq = 1;
    for chunk in county::whole_groups(&ops, 900) {
        let ops = chunk.iter().map(RawOp::of).collect();
        let wall = desk.now.milliseconds();
        let clock = ClockReading { wall, monotonic: 0, boot: String::new() };
        let request = SyncRequest::pushing(device, incarnation, first_seq, ops, clock);
        match push(connection, desk, pusher, &request)? {
            Pushed::Stored { outcomes, .. } => {
                let refused = outcomes.iter().find(|one| !matches!(one, Outcome::Applied { .. }));
                if let Some(refused) = refused {
                    return Err(wrong(format!("{refused:?}")));
                }
            }
            other => return Err(wrong(format!("{other:?}"))),
        }
        first_seq += chunk.len() as u64;
    }
    Ok(())
}
