//! Access tokens: short JWTs (RFC 7519) signed with EdDSA.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use sync_protocol::{DeviceId, UserId};

use super::{Session, keys::TokenKeys};
use crate::app::App;
use crate::db::Timestamp;
use crate::http::{Kind, Problem};
use crate::limits::ACCESS_LIFETIME;

const ISSUER: &str = "ruhu";

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    /// The person.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// The tablet, if it is a tablet's token.
    #[serde(rename = "dev", skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The session.
    #[serde(rename = "sid")]
    pub session: uuid::Uuid,
    iat: i64,
    exp: i64,
}

/// An access token for a session.
pub fn issue(keys: &TokenKeys, session: &Session, now: Timestamp) -> Result<String, Problem> {
    let key = keys.current().ok_or_else(|| Problem::new(&Kind::INTERNAL))?;
    let claims = Claims {
        iss: ISSUER.to_owned(),
        user: session.user,
        device: session.device,
        session: session.id,
        iat: now.seconds(),
        exp: now.seconds() + ACCESS_LIFETIME,
    };
    let header = Header { kid: Some(key.kid), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, &claims, &key.encoding).map_err(|error| {
        tracing::error!(%error, "a token could not be signed");
        Problem::new(&Kind::INTERNAL)
    })
}

/// Reads an access token; only its signature and time are checked here.
pub async fn verify(app: &App, token: &str) -> Result<Claims, Problem> {
    let refused = || Problem::new(&Kind::UNAUTHENTICATED);
    let header = jsonwebtoken::decode_header(token).map_err(|_| refused())?;
    let kid = header.kid.ok_or_else(refused)?;
    let key = match app.keys.get(&kid) {
        Some(key) => key,
        None => {
            // Another replica may have made it.
            let keys = app.keys.clone();
            app.read(move |connection| keys.reload(connection)).await?;
            app.keys.get(&kid).ok_or_else(refused)?
        }
    };
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.leeway = 5;
    let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation);
    decoded.map(|token| token.claims).map_err(|error| match error.kind() {
        ErrorKind::ExpiredSignature => Problem::new(&Kind::TOKEN_EXPIRED),
        _ => refused(),
    })
}
