//! The personal part of an event: `version | nonce, ciphertext, tag` over salt ‖ JSON, under the subject's own key.
//!
//! The salt makes the log's hash of it a commitment: it proves what was there and, once the key is gone, gives nothing away.

use application::ports::{cipher::CipherError, clock::Entropy};
use domain::{ids::EventId, log::SealedPersonal, personal::Subject};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{aad, aead};
use crate::entropy::OsEntropy;

const VERSION: u8 = 1;
const SALT: usize = 32;

pub(super) fn seal(key: &[u8; 32], event: EventId, subject: Subject, json: &[u8]) -> SealedPersonal {
    let mut plain = Zeroizing::new(vec![0; SALT + json.len()]);
    let (salt, text) = plain.split_at_mut(SALT);
    OsEntropy.fill(salt);
    text.copy_from_slice(json);
    let sealed = aead::seal(key, &aad::of_personal(VERSION, event, subject), &plain);
    SealedPersonal {
        subject,
        sealed: [&[VERSION], sealed.as_slice()].concat(),
        hash: Sha256::digest(&plain).into(),
    }
}

pub(super) fn open(key: &[u8; 32], event: EventId, personal: &SealedPersonal) -> Result<Vec<u8>, CipherError> {
    let sealed = personal.sealed.strip_prefix(&[VERSION]).ok_or(CipherError::Malformed)?;
    let plain = aead::open(key, &aad::of_personal(VERSION, event, personal.subject), sealed)?;
    let plain = plain.expose_secret();
    let hash: [u8; 32] = Sha256::digest(plain).into();
    if !bool::from(hash.ct_eq(&personal.hash)) {
        return Err(CipherError::Refused); // a seal of another event's column beside this one's hash, or the reverse
    }
    let json = plain.get(SALT..).ok_or(CipherError::Malformed)?;
    Ok(json.to_vec())
}
