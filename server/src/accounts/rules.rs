//! Refresh tokens: what a presented token means for its session.

use data_encoding::BASE64URL_NOPAD;
use mobile_schema::Hash;
use rand::Rng as _;
use uuid::Uuid;

use crate::db::Timestamp;

/// A secret that is shown once; only its hash is kept. It names its session, so that a reused
/// one can end it.
#[derive(Clone)]
pub struct SecretToken {
    /// What the client gets.
    pub text: String,
    /// What is kept.
    pub hash: Hash,
}

impl SecretToken {
    /// A new secret of `session`.
    pub fn new(session: Uuid) -> Self {
        let mut bytes = [0_u8; 48];
        bytes[..16].copy_from_slice(session.as_bytes());
        rand::rng().fill_bytes(&mut bytes[16..]);
        let text = BASE64URL_NOPAD.encode(&bytes);
        let hash = hash_token(&text);
        Self { text, hash }
    }
}

/// What is kept of a secret.
pub fn hash_token(text: &str) -> Hash {
    Hash::of(text.as_bytes())
}

/// The session a refresh token names.
pub(super) fn session_of(token: &str) -> Option<Uuid> {
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
    (bytes.len() == 48).then(|| Uuid::from_slice(&bytes[..16]).ok()).flatten()
}

/// A session as it is stored.
#[derive(Clone, Debug)]
pub(super) struct StoredSession {
    pub(super) token_hash: Hash,
    pub(super) previous_hash: Option<Hash>,
    pub(super) rotated_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) ended: bool,
    pub(super) on_device: bool,
    /// The database was restored since: the tokens given in between are not known.
    pub(super) restored_since: bool,
}

/// What to do about a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Give a new pair. The hash is the one that counts as the previous from now on.
    Rotate(Hash),
    /// Say no.
    Refuse,
    /// Somebody uses an old token: end the session.
    End,
}

/// Judges a presented token.
///
/// The token before the current one still works for a while, since the answer that carried the
/// current one may have been lost on a bad network: for people a few seconds, for tablets (which
/// prove with their key that they are the same) until the current one is used.
pub(super) fn judge(
    session: &StoredSession,
    presented: Hash,
    now: Timestamp,
    grace: i64,
) -> Verdict {
    if session.ended || now >= session.expires_at {
        return Verdict::Refuse;
    }
    if presented == session.token_hash {
        return Verdict::Rotate(session.token_hash);
    }
    if session.previous_hash == Some(presented) {
        let in_time = now < session.rotated_at.plus_seconds(grace);
        if session.on_device || in_time {
            return Verdict::Rotate(presented);
        }
    }
    // The tablet has proved with its key that it is the same; the database has forgotten.
    if session.on_device && session.restored_since {
        return Verdict::Rotate(presented);
    }
    Verdict::End
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(on_device: bool) -> StoredSession {
        StoredSession {
            token_hash: Hash::of(b"current"),
            previous_hash: Some(Hash::of(b"previous")),
            rotated_at: Timestamp(0),
            expires_at: Timestamp(0).plus_seconds(1_000),
            ended: false,
            on_device,
            restored_since: false,
        }
    }

    fn verdict(session: &StoredSession, token: &[u8], seconds: i64) -> Verdict {
        judge(session, Hash::of(token), Timestamp(0).plus_seconds(seconds), 30)
    }

    #[test]
    fn a_lost_answer_does_not_lock_anybody_out() {
        let (person, tablet) = (session(false), session(true));
        let again = Verdict::Rotate(Hash::of(b"previous"));
        assert_eq!(verdict(&person, b"previous", 10), again);
        assert_eq!(verdict(&tablet, b"previous", 900), again);
    }

    #[test]
    fn a_stolen_old_token_ends_the_session() {
        assert_eq!(verdict(&session(false), b"previous", 31), Verdict::End);
        assert_eq!(verdict(&session(true), b"older", 1), Verdict::End);
    }

    #[test]
    fn a_restored_server_takes_the_tokens_of_tablets_that_it_has_forgotten() {
        let restored = |on_device| StoredSession { restored_since: true, ..session(on_device) };
        let newer = b"given after the backup";
        assert_eq!(verdict(&restored(true), newer, 1), Verdict::Rotate(Hash::of(newer)));
        assert_eq!(verdict(&restored(false), newer, 1), Verdict::End);
    }

    #[test]
    fn an_ended_or_expired_session_stays_so() {
        let ended = StoredSession { ended: true, ..session(false) };
        assert_eq!(verdict(&ended, b"current", 1), Verdict::Refuse);
        assert_eq!(verdict(&session(true), b"current", 1_000), Verdict::Refuse);
    }

    #[test]
    fn a_token_names_its_session() {
        let id = Uuid::now_v7();
        assert_eq!(session_of(&SecretToken::new(id).text), Some(id));
        assert_eq!(session_of("AAAA"), None);
    }
}
