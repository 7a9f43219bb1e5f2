//! The RSA keys that sign identity tokens, made afresh by every simulator.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde_json::Value;

use crate::random;

/// Google publishes the present key and the one before.
const PUBLISHED: usize = 2;

/// A key could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The cryptographic library made no key.
    #[error("no RSA key could be generated")]
    Generate(#[from] aws_lc_rs::error::Unspecified),
    /// The key made is not one that tokens can be signed with.
    #[error("the key cannot sign tokens")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

/// The keys in use, the newest first.
pub(crate) struct SigningKeys(Vec<SigningKey>);

struct SigningKey {
    private: EncodingKey,
    public: Jwk,
}

impl SigningKeys {
    pub(crate) fn generate() -> Result<Self, KeyError> {
        Ok(Self(vec![SigningKey::generate()?]))
    }

    pub(crate) fn rotate(&mut self) -> Result<(), KeyError> {
        self.0.insert(0, SigningKey::generate()?);
        self.0.truncate(PUBLISHED);
        Ok(())
    }

    pub(crate) fn published(&self) -> JwkSet {
        JwkSet {
            keys: self.0.iter().map(|key| key.public.clone()).collect(),
        }
    }

    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        // There is always a newest key: generate() makes one and rotate() keeps it.
        let Some(key) = self.0.first() else {
            return Err(KeyError::Generate(aws_lc_rs::error::Unspecified));
        };
        let mut header = Header::new(Algorithm::RS256);
        header.kid.clone_from(&key.public.common.key_id);
        Ok(jsonwebtoken::encode(&header, claims, &key.private)?)
    }

    /// The claims of a token that one of our keys signed; whether it has expired is for the caller to judge.
    pub(crate) fn read(&self, token: &str) -> Option<Value> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        let read = |key: &SigningKey| {
            let public = DecodingKey::from_jwk(&key.public).ok()?;
            jsonwebtoken::decode::<Value>(token, &public, &validation).ok()
        };
        self.0.iter().find_map(read).map(|data| data.claims)
    }
}

impl SigningKey {
    fn generate() -> Result<Self, KeyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048)?;
        let der = pair.as_der()?;
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            lines(der.as_ref())
        );
        let private = EncodingKey::from_rsa_pem(pem.as_bytes())?;
        let mut public = Jwk::from_encoding_key(&private, Algorithm::RS256)?;
        public.common.key_id = Some(random::key_id());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { private, public })
    }
}

fn lines(der: &[u8]) -> String {
    // 48 bytes make the 64 letters that a line of PEM has.
    der.chunks(48)
        .map(|chunk| STANDARD.encode(chunk))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The left half of a hash in base64url, as `at_hash` wants it.
pub(crate) fn half_hash(digest: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(&digest[..digest.len() / 2])
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKeys").field(&self.0.len()).finish()
    }
}
