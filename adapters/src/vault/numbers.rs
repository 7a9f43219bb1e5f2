//! Numbers that go out and come back: opaque, and of no use to another tenant.

use application::ports::cipher::CipherError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::ids::TenantId;
use secrecy::ExposeSecret;

use super::{
    aad,
    aead::{self, Key},
    hashes::derive,
};

const VERSION: u8 = 1;

/// `version | nonce, ciphertext, tag`, as base64url.
pub(super) fn seal(key: &Key, tenant: TenantId, number: u64) -> String {
    let aad = aad::of_number(VERSION, tenant);
    let sealed = aead::seal(tenant_key(key, tenant).expose_secret(), &aad, &number.to_be_bytes());
    URL_SAFE_NO_PAD.encode([&[VERSION], sealed.as_slice()].concat())
}

/// The number, when this tenant hands back what was made for it.
pub(super) fn open(key: &Key, tenant: TenantId, text: &str) -> Result<u64, CipherError> {
    let token = URL_SAFE_NO_PAD.decode(text).map_err(|_| CipherError::Malformed)?;
    let sealed = token.strip_prefix(&[VERSION]).ok_or(CipherError::Malformed)?;
    let aad = aad::of_number(VERSION, tenant);
    let number = aead::open(tenant_key(key, tenant).expose_secret(), &aad, sealed)?;
    let number = number.expose_secret().try_into().map_err(|_| CipherError::Malformed)?;
    Ok(u64::from_be_bytes(number))
}

/// A token goes out with every answer to a command: one key for all tenants would outlive its random nonces (2^32 of them).
fn tenant_key(key: &Key, tenant: TenantId) -> Key {
    derive(key.expose_secret(), &[tenant.0.as_bytes()])
}
