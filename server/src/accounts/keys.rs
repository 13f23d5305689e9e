//! The keys that sign access tokens. They live in the database, so that every replica has them.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use data_encoding::BASE64URL_NOPAD;
use diesel::prelude::*;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{DecodingKey, EncodingKey};
use mobile_schema::Hash;
use serde_json::{Value, json};

use crate::db::schema::token_keys;
use crate::db::{AnyConnection, Timestamp};

/// A key pair by its name.
#[derive(Clone)]
pub(super) struct TokenKey {
    pub(super) kid: String,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
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
        for (kid, seed, retired) in rows {
            let Some(key) = TokenKey::from_seed(kid, &seed) else { continue };
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
    fn from_seed(kid: String, seed: &[u8]) -> Option<Self> {
        let signing = SigningKey::from_bytes(seed.try_into().ok()?);
        let public = signing.verifying_key().to_bytes();
        let der = signing.to_pkcs8_der().ok()?;
        Some(Self {
            kid,
            encoding: EncodingKey::from_ed_der(der.as_bytes()),
            decoding: DecodingKey::from_ed_components(&BASE64URL_NOPAD.encode(&public)).ok()?,
            public,
        })
    }
}

/// Makes a new key and retires the others; tokens they signed stay valid until they expire.
pub fn rotate(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<String> {
    let seed: [u8; 32] = rand::random();
    let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let kid = Hash::of(&public).to_string()[..16].to_owned();
    diesel::update(token_keys::table.filter(token_keys::retired_at.is_null()))
        .set(token_keys::retired_at.eq(Some(now)))
        .execute(connection)?;
    diesel::insert_into(token_keys::table)
        .values((
            token_keys::kid.eq(&kid),
            token_keys::seed.eq(seed.to_vec()),
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
