//! AES-256-GCM with its random nonce in front: the one file that calls the cipher.

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, AeadInOut, KeyInit, Payload},
};
use application::ports::{cipher::CipherError, clock::Entropy};
use secrecy::{SecretBox, SecretSlice};
use zeroize::Zeroizing;

use crate::entropy::OsEntropy;

/// A key; it cannot be printed and is wiped when it is dropped.
pub(super) type Key = SecretBox<[u8; 32]>;

const NONCE: usize = 12;
const TAG: usize = 16;

/// By how much a seal is longer than what it seals.
pub(super) const OVERHEAD: usize = NONCE + TAG;

/// A new key.
pub(super) fn random_key() -> Key {
    SecretBox::init_with_mut(|key: &mut [u8; 32]| OsEntropy.fill(key))
}

/// Nonce, ciphertext and tag.
pub(super) fn seal(key: &[u8; 32], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    OsEntropy.fill(&mut nonce);
    let sealed = Aes256Gcm::new(key.into()).encrypt(&nonce.into(), Payload { msg: plain, aad });
    let Ok(sealed) = sealed else {
        unreachable!("AES-GCM refuses nothing shorter than 64 GiB")
    };
    [nonce.as_slice(), &sealed].concat()
}

/// What was sealed under this key and bound to the same bytes.
pub(super) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<SecretSlice<u8>, CipherError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(CipherError::Malformed)?;
    if sealed.len() < TAG {
        return Err(CipherError::Malformed);
    }
    let mut buffer = Zeroizing::new(sealed.to_vec());
    Aes256Gcm::new(key.into())
        .decrypt_in_place(&(*nonce).into(), aad, &mut *buffer)
        .map_err(|_| CipherError::Refused)?;
    Ok(buffer.to_vec().into()) // an exact copy: shrinking the buffer could leave a second one behind
}
