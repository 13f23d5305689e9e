//! The keys that sign access tokens. They live in the database, so that every replica has them.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use actix_web::web;
use data_encoding::BASE64URL_NOPAD;
use diesel::prelude::*;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{DecodingKey, EncodingKey};
use mobile_schema::Hash;
use serde_json::{Value, json};

use crate::app::App;
use crate::db::schema::token_keys;
use crate::db::{AnyConnection, Timestamp};
use crate::limits;
use crate::seal::{self, SeedOf};

/// A key pair by its name.
#[derive(Clone)]
pub(super) struct TokenKey {
    pub(super) kid: String,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    /// Since when it signs nothing any more.
    pub(super) retired_at: Option<Timestamp>,
    public: [u8; 32],
}

/// The keys this replica knows. Keys that another replica made are fetched when first seen.
pub struct TokenKeys(RwLock<Arc<Known>>);

#[derive(Default)]
struct Known {
    current: Option<TokenKey>,
    by_kid: BTreeMap<String, TokenKey>,
}

impl TokenKeys {
    /// The keys in the database; makes the first one.
    pub fn load(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<Self> {
        let keys = Self(RwLock::default());
        keys.reload(connection)?;
        if keys.current().is_none() {
            rotate(connection, now)?;
            keys.reload(connection)?;
        }
        Ok(keys)
    }

    /// Reads the keys again.
    pub(super) fn reload(&self, connection: &mut AnyConnection) -> QueryResult<()> {
        let rows: Vec<(String, Vec<u8>, Option<Timestamp>)> = token_keys::table
            .order(token_keys::created_at)
            .select((token_keys::kid, token_keys::seed, token_keys::retired_at))
            .load(connection)?;
        let mut known = Known::default();
        for (kid, stored, retired) in rows {
            let seed = seal::open_seed(SeedOf::Tokens, &kid, &stored)?;
            let Some(key) = TokenKey::from_seed(kid, &seed, retired) else { continue };
            if retired.is_none() {
                known.current = Some(key.clone());
            }
            known.by_kid.insert(key.kid.clone(), key);
        }
        *self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }

    pub(super) fn current(&self) -> Option<TokenKey> {
        self.known().current.clone()
    }

    pub(super) fn get(&self, kid: &str) -> Option<TokenKey> {
        self.known().by_kid.get(kid).cloned()
    }

    fn known(&self) -> Arc<Known> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl TokenKey {
    fn from_seed(kid: String, seed: &[u8], retired_at: Option<Timestamp>) -> Option<Self> {
        let signing = SigningKey::from_bytes(seed.try_into().ok()?);
        let public = signing.verifying_key().to_bytes();
        let der = signing.to_pkcs8_der().ok()?;
        Some(Self {
            kid,
            encoding: EncodingKey::from_ed_der(der.as_bytes()),
            decoding: DecodingKey::from_ed_components(&BASE64URL_NOPAD.encode(&public)).ok()?,
            retired_at,
            public,
        })
    }
}

/// Reads the keys again, now and then: `ruhu keys rotate` is another process.
pub async fn keep_fresh(app: web::Data<App>) {
    let mut every = tokio::time::interval(limits::KEYS_REREAD);
    loop {
        every.tick().await;
        let keys = app.keys.clone();
        if let Err(problem) = app.read(move |connection| keys.reload(connection)).await {
            tracing::warn!(%problem, "the keys of access tokens could not be read again");
        }
    }
}

/// Forgets all keys that sign nothing any more: tokens they signed are void. Whoever held one signs
/// in again by a refresh token, without noticing.
pub fn forget_retired(connection: &mut AnyConnection) -> QueryResult<usize> {
    diesel::delete(token_keys::table.filter(token_keys::retired_at.is_not_null()))
        .execute(connection)
}

/// Seals the seeds that stand in the clear: they were stored before seeds were sealed.
pub(crate) fn seal_seeds(connection: &mut AnyConnection) -> QueryResult<()> {
    let rows: Vec<(String, Vec<u8>)> =
        token_keys::table.select((token_keys::kid, token_keys::seed)).load(connection)?;
    for (kid, stored) in rows {
        if let Some(sealed) = seal::sealed_seed(SeedOf::Tokens, &kid, &stored) {
            diesel::update(token_keys::table.find(&kid))
                .set(token_keys::seed.eq(sealed))
                .execute(connection)?;
        }
    }
    Ok(())
}

/// Makes a new key and retires the others; tokens they signed stay valid until they expire. Keys
/// that nothing valid can be signed with any more are forgotten.
pub fn rotate(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<String> {
    let over = now.plus_seconds(-24 * 3600);
    diesel::delete(token_keys::table.filter(token_keys::retired_at.lt(over)))
        .execute(connection)?;
    let seed: [u8; 32] = rand::random();
    let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let kid = Hash::of(&public).to_string()[..16].to_owned();
    diesel::update(token_keys::table.filter(token_keys::retired_at.is_null()))
        .set(token_keys::retired_at.eq(Some(now)))
        .execute(connection)?;
    diesel::insert_into(token_keys::table)
        .values((
            token_keys::kid.eq(&kid),
            token_keys::seed.eq(seal::seed(SeedOf::Tokens, &kid, &seed)),
            token_keys::created_at.eq(now),
        ))
        .execute(connection)?;
    Ok(kid)
}

/// The public keys as a JSON Web Key Set (RFC 7517, RFC 8037).
pub fn public_keys(keys: &TokenKeys) -> Value {
    let known = keys.known();
    let key = |key: &TokenKey| {
        json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": key.kid, "x": BASE64URL_NOPAD.encode(&key.public),
        })
    };
    json!({ "keys": known.by_kid.values().map(key).collect::<Vec<_>>() })
}
