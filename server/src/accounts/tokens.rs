//! Access tokens: short JWTs (RFC 7519) signed with EdDSA.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use sync_protocol::{DeviceId, UserId};

use super::{Session, keys::TokenKeys};
use crate::app::App;
use crate::db::Timestamp;
use crate::http::{Kind, Problem};
use crate::limits::{ACCESS_LIFETIME, CLOCKS_DIFFER, KEYS_REREAD};

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

impl Claims {
    /// When the token was signed.
    pub fn signed_at(&self) -> Timestamp {
        Timestamp(0).plus_seconds(self.iat)
    }
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
    // Whoever has a session gets another one; only these words make tablets ask for it.
    let over = || Problem::new(&Kind::TOKEN_EXPIRED);
    let header = jsonwebtoken::decode_header(token).map_err(|_| refused())?;
    let kid = header.kid.ok_or_else(refused)?;
    let key = match app.keys.get(&kid) {
        Some(key) => key,
        None => {
            // Another replica may have made it.
            let keys = app.keys.clone();
            app.read(move |connection| keys.reload(connection)).await?;
            app.keys.get(&kid).ok_or_else(over)?
        }
    };
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.leeway = 5;
    let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation);
    let claims = decoded.map(|token| token.claims).map_err(|error| match error.kind() {
        ErrorKind::ExpiredSignature => over(),
        _ => refused(),
    })?;
    if is_ours(&claims, key.retired_at, app.now()) { Ok(claims) } else { Err(over()) }
}

/// Whether a server signed this: no longer than tokens last, not in times to come, and not with a
/// key that was retired by then. So a key that got lost is worth nothing once it is retired, but for
/// the last lifetime of a token.
fn is_ours(claims: &Claims, retired_at: Option<Timestamp>, now: Timestamp) -> bool {
    let unread = i64::try_from(KEYS_REREAD.as_secs()).unwrap_or(i64::MAX) + CLOCKS_DIFFER;
    claims.exp.saturating_sub(claims.iat) <= ACCESS_LIFETIME
        && claims.iat <= now.seconds() + CLOCKS_DIFFER
        && retired_at.is_none_or(|retired| claims.iat <= retired.seconds() + unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_count_as_long_as_servers_sign_them() {
        let now = Timestamp(1_800_000_000_000_000);
        let claims = |issued: i64, lasts: i64| {
            let iat = now.seconds() + issued;
            let (user, session) = (UserId(uuid::Uuid::nil()), uuid::Uuid::nil());
            Claims { iss: ISSUER.into(), user, device: None, session, iat, exp: iat + lasts }
        };
        let retired = Some(now.plus_seconds(-300));
        assert!(is_ours(&claims(-60, ACCESS_LIFETIME), None, now));
        assert!(!is_ours(&claims(-60, ACCESS_LIFETIME + 1), None, now), "it lasts too long");
        assert!(!is_ours(&claims(600, ACCESS_LIFETIME), None, now), "in times to come");
        assert!(is_ours(&claims(-400, ACCESS_LIFETIME), retired, now));
        assert!(is_ours(&claims(-299, ACCESS_LIFETIME), retired, now), "it did not know yet");
        assert!(!is_ours(&claims(-200, ACCESS_LIFETIME), retired, now), "it knew by then");
        let forged = Claims { iat: i64::MIN, ..claims(0, 10 * 365 * 86_400) };
        assert!(!is_ours(&forged, None, now));
    }
}
