//! Who looked at what is masked otherwise, and why.

use diesel::prelude::*;
use mobile_schema::Hash;
use uuid::Uuid;

use crate::app::App;
use crate::db::AnyConnection;
use crate::db::schema::accesses;
use crate::db::types::{Key, Timestamp};
use crate::http::Problem;
use crate::http::caller::Caller;

/// What was looked at.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// A photo with everything its file says.
    Photo(Hash),
    /// A record's sensitive fields.
    Record(Uuid),
    /// A signed notification's text.
    Notice(Uuid),
    /// Everything that is held on a household.
    Household(Uuid),
    /// The records with a value in a field: the field, not the value.
    Search(String),
}

/// Somebody looks.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    user: Key,
    kind: &'static str,
    subject: String,
    reason: String,
}

impl Access {
    /// A caller looks, and says why.
    pub(crate) fn new(caller: &Caller, what: What, reason: String) -> Self {
        let (kind, subject) = match what {
            What::Photo(hash) => ("photo", hash.to_string()),
            What::Record(id) => ("record", id.to_string()),
            What::Notice(id) => ("notice", id.to_string()),
            What::Household(id) => ("household", id.to_string()),
            What::Search(field) => ("search", field),
        };
        Self { user: caller.user.into(), kind, subject, reason }
    }

    /// Keeps it.
    pub(crate) fn note(&self, connection: &mut AnyConnection, now: Timestamp) -> QueryResult<()> {
        diesel::insert_into(accesses::table)
            .values((
                accesses::id.eq(Key(Uuid::now_v7())),
                accesses::user_id.eq(self.user),
                accesses::kind.eq(self.kind),
                accesses::subject.eq(&self.subject),
                accesses::reason.eq(&self.reason),
                accesses::at.eq(now),
            ))
            .execute(connection)?;
        Ok(())
    }
}

/// Keeps that somebody looks, before they do.
pub(crate) async fn note(app: &App, access: Access) -> Result<(), Problem> {
    let now = app.now();
    app.write(move |connection| access.note(connection, now)).await
}
