//! The id token: who signed it, and what it claims.

use application::ports::provider::ProviderError;
use domain::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::Jwk};
use serde::Deserialize;

use super::{
    errors::{misconfigured, refused, unavailable},
    signing_keys::SigningKeys,
};

/// What is believed: signatures that only the provider can make. With a shared secret, or none, anybody could be the signer.
const BELIEVED: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// How far the provider's clock and ours may be apart.
const SKEW_SECONDS: i64 = 300;

/// What an id token must agree with.
pub(super) struct Expected<'a> {
    /// The issuer, to the letter, and its accepted legacy forms.
    pub(super) issuers: &'a [String],
    /// Our client id.
    pub(super) client_id: &'a str,
    /// The attempt's nonce.
    pub(super) nonce: &'a str,
    /// Now.
    pub(super) now: Timestamp,
}

/// Who the token is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject(pub(super) String);

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: Option<i64>,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Checks a token's signature, and its claims against what is expected, by the rules of `OpenID` Connect Core 3.1.3.7.
///
/// # Errors
/// When it is not the provider's, not for us, not of this sign-in or not of now; and when the provider's keys cannot be had.
pub(super) async fn check(token: &str, keys: &SigningKeys, expected: &Expected<'_>) -> Result<Subject, ProviderError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| unavailable("its id token is malformed"))?;
    if !BELIEVED.contains(&header.alg) {
        return Err(refused("its id token is not signed in a way that proves who signed"));
    }
    let key = keys.key(header.kid.as_deref()).await?;
    agree(signed(token, &key, header.alg)?, expected)
}

/// The claims of a token that this key signed.
fn signed(token: &str, key: &Jwk, algorithm: Algorithm) -> Result<Claims, ProviderError> {
    let is_for_another = |named: &jsonwebtoken::jwk::KeyAlgorithm| named.to_string() != format!("{algorithm:?}");
    if key.common.key_algorithm.as_ref().is_some_and(is_for_another) {
        return Err(refused("its id token is signed in another way than its key is for"));
    }
    let public = DecodingKey::from_jwk(key).map_err(|_| unavailable("its key is malformed"))?;
    // The claims are compared below, to the letter; here it is the signature alone.
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let signed = jsonwebtoken::decode(token, &public, &validation);
    Ok(signed.map_err(of_jwt)?.claims)
}

/// The crate's own errors may quote the token.
#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
fn of_jwt(error: jsonwebtoken::errors::Error) -> ProviderError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => {
            refused("its id token is not signed by the key that it names")
        }
        _ => unavailable("its id token is malformed"),
    }
}

fn agree(claims: Claims, expected: &Expected<'_>) -> Result<Subject, ProviderError> {
    if !expected.issuers.contains(&claims.iss) {
        return Err(misconfigured(
            "the id token names another issuer than the configured one",
        ));
    }
    if !is_meant_for(&claims, expected.client_id) {
        return Err(misconfigured("the id token is meant for another client id"));
    }
    let now = expected.now.timestamp();
    if claims.exp.saturating_add(SKEW_SECONDS) <= now {
        return Err(refused("the id token is expired"));
    }
    if claims
        .iat
        .is_some_and(|issued| issued.saturating_sub(SKEW_SECONDS) > now)
    {
        return Err(refused("the id token is from the future: compare this machine's clock"));
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(refused("the id token belongs to another sign-in"));
    }
    Ok(Subject(claims.sub))
}

fn is_meant_for(claims: &Claims, client_id: &str) -> bool {
    match &claims.aud {
        Audience::One(audience) => audience == client_id,
        // With several audiences, the one that asked for the token is named besides (rules 4 and 5).
        Audience::Many(audiences) if audiences.len() > 1 => {
            audiences.iter().any(|audience| audience == client_id) && claims.azp.as_deref() == Some(client_id)
        }
        Audience::Many(audiences) => audiences.iter().any(|audience| audience == client_id),
    }
}

#[cfg(test)]
mod tests;
