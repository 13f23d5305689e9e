//! Who calls, and what they may do: rights as types in a handler's signature.

use std::collections::BTreeSet;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use sync_protocol::{DeviceId, ScopeId, UserId};
use uuid::Uuid;

use super::problem::{Kind, Problem};
use crate::accounts::{self, Grant, Role};
use crate::app::App;
use crate::areas::AreaPath;
use crate::db::Timestamp;
use crate::devices::{self, DeviceState};

/// Something that some roles may do.
pub trait Action: 'static {
    /// The roles that may, within the areas they are granted for.
    const ROLES: &[Role];
    /// Whether it takes a second factor where the server asks for one.
    const NEEDS_FACTOR: bool = true;
    /// Whether a tablet's token is enough.
    const FROM_TABLETS: bool = true;
}

/// Anything a signed-in person may do about themselves; setting up a second factor is among it.
pub struct UseAccount;

impl Action for UseAccount {
    const ROLES: &[Role] = &[Role::Cadre, Role::Supervisor, Role::Admin, Role::Auditor];
    const NEEDS_FACTOR: bool = false;
}

/// What changes how a person signs in, or is theirs in a browser: who has found a tablet has neither.
pub struct ChangeAccount;

impl Action for ChangeAccount {
    const ROLES: &[Role] = UseAccount::ROLES;
    const NEEDS_FACTOR: bool = false;
    const FROM_TABLETS: bool = false;
}

macro_rules! actions {
    ($($(#[$meta:meta])* $name:ident: $($role:ident)|+;)*) => {$(
        $(#[$meta])*
        pub struct $name;

        impl Action for $name {
            const ROLES: &[Role] = &[$(Role::$role),+];
        }
    )*};
}

actions! {
    /// See the tree of areas.
    ReadAreas: Cadre | Supervisor | Admin | Auditor;
    /// See records and their history.
    ReadRecords: Supervisor | Admin | Auditor;
    /// See the sensitive values of records, with a reason that is kept.
    RevealRecords: Supervisor | Admin;
    /// See who looked at what is masked otherwise, and how long things are kept.
    ReadAccesses: Admin | Auditor;
    /// Give out everything that is held on a household, when it asks.
    ServeHouseholds: Admin;
    /// Set how long things are kept, and erase what a household wants erased.
    ManageRetention: Admin;
    /// See what waits for a person or was refused.
    ReadQuarantine: Supervisor | Admin;
    /// Decide about what waits for a person.
    SettleQuarantine: Supervisor | Admin;
    /// Settle conflicts in a browser.
    SettleConflicts: Supervisor | Admin;
    /// Say what explains a finding, or that an explanation is not enough.
    AnswerFindings: Supervisor | Admin;
    /// See what exchanges of a tablet came to.
    ReadSyncLog: Supervisor | Admin;
    /// Pass visits, or send them back.
    ReviewVisits: Supervisor | Admin;
    /// Set what makes visits urgent, and what needs two people.
    SetReviewPolicy: Admin;
    /// Set tasks for households, move and end them.
    AssignTasks: Supervisor | Admin;
    /// Draw samples, and note what calls came to.
    DrawSamples: Supervisor | Admin;
    /// See ledgers.
    ReadLedgers: Supervisor | Admin | Auditor;
    /// See ledgers without hiding counts that are so small that they point at people.
    ReadSmallCounts: Supervisor | Admin;
    /// Take tables in as records.
    ImportRecords: Admin;
    /// Compare the members on record with what departments send.
    CompareRosters: Admin;
    /// See what rosters differ in, and what was said of it.
    ReadRosters: Supervisor | Admin;
    /// See definitions.
    ReadDefinitions: Cadre | Supervisor | Admin | Auditor;
    /// See forms, their versions and where they are filled in.
    ReadForms: Supervisor | Admin | Auditor;
    /// Upload, try, publish and retire forms.
    ManageForms: Admin;
    /// Add people, and grant them roles.
    ManagePeople: Admin;
    /// Add areas.
    ManageAreas: Admin;
    /// Enrol, block and wipe tablets.
    ManageDevices: Admin;
    /// See and requeue work that has failed too often.
    ManageJobs: Admin;
    /// See receipts of notifications, with what was shown and answered.
    ReadReceipts: Cadre | Supervisor | Admin;
    /// Have notifications printed.
    PrintNotices: Supervisor | Admin;
    /// See which households were told of what, and which were not.
    ReadDeliveries: Supervisor | Admin | Auditor;
    /// See photos and documents.
    ReadMedia: Cadre | Supervisor | Admin;
    /// See copies of photos that say nothing but what they show.
    ReadThumbnails: Cadre | Supervisor | Admin | Auditor;
}

/// A person with a valid token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The person.
    pub user: UserId,
    /// The tablet they call from, if the token is a tablet's.
    pub device: Option<DeviceId>,
    /// The session the token came from.
    pub session: uuid::Uuid,
    /// What they are granted today.
    pub grants: Vec<Grant>,
    /// Whether they have yet to set up a second factor that the server asks of them.
    pub lacks_factor: bool,
    /// Whether their password was issued by somebody else, and nothing else is open to them in a
    /// browser before they change it.
    pub must_change_password: bool,
    /// Whether they proved lately who they are, as what gives power asks for.
    pub is_confirmed: bool,
}

impl Caller {
    /// Where they may do something.
    pub fn areas_to<A: Action>(&self) -> Vec<AreaPath> {
        let may = |grant: &&Grant| A::ROLES.contains(&grant.role);
        self.grants.iter().filter(may).map(|grant| grant.area.clone()).collect()
    }
}

/// A caller who may do `A`, and where.
pub struct Permitted<A> {
    /// Who calls.
    pub caller: Caller,
    /// Where they may do it: these areas and all below.
    pub areas: Vec<AreaPath>,
    action: PhantomData<A>,
}

impl<A> Permitted<A> {
    /// The same, if the caller proved lately who they are: what gives power takes more than a
    /// browser that somebody left open.
    ///
    /// # Errors
    /// [`Kind::CONFIRMATION_NEEDED`]
    pub fn confirmed(self) -> Result<Self, Problem> {
        if self.caller.is_confirmed {
            return Ok(self);
        }
        Err(Problem::new(&Kind::CONFIRMATION_NEEDED))
    }
}

impl<A: Action> FromRequest for Permitted<A> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let caller = authenticate(&request).await?;
            if !A::FROM_TABLETS && caller.device.is_some() {
                return Err(Problem::new(&Kind::FORBIDDEN));
            }
            if A::NEEDS_FACTOR && caller.must_change_password {
                return Err(Problem::new(&Kind::PASSWORD_CHANGE_NEEDED));
            }
            if A::NEEDS_FACTOR && caller.lacks_factor {
                return Err(Problem::new(&Kind::SECOND_FACTOR_NEEDED));
            }
            let areas = caller.areas_to::<A>();
            if areas.is_empty() {
                return Err(Problem::new(&Kind::FORBIDDEN));
            }
            Ok(Self { caller, areas, action: PhantomData })
        })
    }
}

/// An enrolled tablet, even one that is blocked: it may always hand over its outbox.
pub struct Tablet {
    /// Whose tablet it is.
    pub user: UserId,
    /// The tablet.
    pub device: DeviceId,
    /// Whether it may work.
    pub state: DeviceState,
    /// The scopes it has now; none while it is blocked.
    pub scopes: BTreeSet<ScopeId>,
    /// Its session, and when the token it shows was signed; none if it shows none.
    pub token: Option<(Uuid, Timestamp)>,
}

impl FromRequest for Tablet {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = app(&request)?;
            let claims = accounts::verify(&app, bearer(&request)?).await?;
            let device = claims.device.ok_or_else(|| Problem::new(&Kind::TABLET_ONLY))?;
            app.throttle.tablet(device)?;
            let (user, session, now) = (claims.user, claims.session, app.now());
            let found = app.read(move |connection| {
                if accounts::is_ended(connection, session)? {
                    return Ok(None);
                }
                devices::tablet(connection, device, user, now)
            });
            let found = found.await?;
            let (state, scopes) = found.ok_or_else(|| Problem::new(&Kind::SESSION_ENDED))?;
            let token = Some((claims.session, claims.signed_at()));
            Ok(Self { user: claims.user, device, state, scopes, token })
        })
    }
}

async fn authenticate(request: &HttpRequest) -> Result<Caller, Problem> {
    let app = app(request)?;
    let claims = accounts::verify(&app, bearer(request)?).await?;
    let (now, is_strict) = (app.now(), app.require_second_factor);
    let found = app.read(move |connection| {
        let Some(caller) = accounts::standing(connection, &claims, now)? else { return Ok(None) };
        // A tablet has a key of its own, and a cadre signs in on it.
        let is_asked = is_strict
            && caller.device.is_none()
            && caller.grants.iter().any(|grant| grant.role != Role::Cadre);
        let lacks_factor = is_asked && !accounts::has_second_factor(connection, caller.user)?;
        Ok(Some(Caller { lacks_factor, ..caller }))
    });
    found.await?.ok_or_else(|| Problem::new(&Kind::SESSION_ENDED))
}

fn app(request: &HttpRequest) -> Result<web::Data<App>, Problem> {
    let app = request.app_data::<web::Data<App>>();
    app.cloned().ok_or_else(|| Problem::new(&Kind::INTERNAL))
}

fn bearer(request: &HttpRequest) -> Result<&str, Problem> {
    request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(|| Problem::new(&Kind::UNAUTHENTICATED))
}
