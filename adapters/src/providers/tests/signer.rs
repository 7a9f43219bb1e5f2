//! A key that signs id tokens, as a provider has one.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};

/// One key pair under an id.
pub(crate) struct Signer {
    private: EncodingKey,
    id: String,
}

impl Signer {
    pub(crate) fn new(id: &str) -> Self {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self {
            private: EncodingKey::from_ec_der(made.as_ref()),
            id: id.to_owned(),
        }
    }

    /// A token of these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(Some(&self.id), claims)
    }

    /// A token that names that key, or none.
    pub(crate) fn sign_as(&self, id: Option<&str>, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = id.map(str::to_owned);
        jsonwebtoken::encode(&header, claims, &self.private).unwrap()
    }

    /// What the provider publishes of it.
    pub(crate) fn public(&self) -> Value {
        let mut public = Jwk::from_encoding_key(&self.private, Algorithm::ES256).unwrap();
        public.common.key_id = Some(self.id.clone());
        serde_json::to_value(public).unwrap()
    }
}

/// A set of keys as it is published.
pub(crate) fn published(signers: &[&Signer]) -> Value {
    json!({ "keys": signers.iter().map(|signer| signer.public()).collect::<Vec<_>>() })
}
