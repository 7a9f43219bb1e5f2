//! The form of a sealed record. It is final: another form is another version, and this one stays readable.
//!
//! ```text
//! version (1) | algorithm (1) | length of the key's id (1) | key's id | wrapped data key (60) | record
//! ```
//! Both seals are nonce (12), ciphertext, tag (16). The record is sealed under a data key of its own. The data key is sealed
//! under a wrapping key that is derived from the key that the keyring names by that id, for this place alone: so no key ever
//! seals enough for a random nonce to repeat. Re-wrapping changes the data key's seal only.

use application::ports::{cipher::CipherError, vault::Place};
use secrecy::{ExposeSecret, SecretSlice};

use super::{
    aad,
    aead::{self, Key, OVERHEAD},
    hashes::derive,
    keyring::{Keyring, is_key_id},
};

/// Version 1, AES-256-GCM.
const FORMAT: [u8; 2] = [1, 1];
const WRAPPED: usize = 32 + OVERHEAD;

/// The parts of a sealed record.
struct Blob<'a> {
    key_id: &'a str,
    wrapped: &'a [u8],
    record: &'a [u8],
}

impl<'a> Blob<'a> {
    fn parse(sealed: &'a [u8]) -> Result<Self, CipherError> {
        Self::parts(sealed).ok_or(CipherError::Malformed)
    }

    fn parts(sealed: &'a [u8]) -> Option<Self> {
        let rest = sealed.strip_prefix(&FORMAT)?;
        let (length, rest) = rest.split_first()?;
        let (key_id, rest) = rest.split_at_checked(usize::from(*length))?;
        let key_id = std::str::from_utf8(key_id).ok().filter(|id| is_key_id(id))?;
        let (wrapped, record) = rest.split_at_checked(WRAPPED)?;
        (record.len() >= OVERHEAD).then_some(Self {
            key_id,
            wrapped,
            record,
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let length = u8::try_from(self.key_id.len()).unwrap_or(0); // the keyring knows no id that is longer than 32
        [
            &FORMAT,
            [length].as_slice(),
            self.key_id.as_bytes(),
            self.wrapped,
            self.record,
        ]
        .concat()
    }
}

/// The id of the key that a sealed record is wrapped under, to find those that still stand under an old one.
pub fn key_id(sealed: &[u8]) -> Option<&str> {
    Blob::parts(sealed).map(|blob| blob.key_id)
}

/// Seals a record into its place, under the active key.
pub(super) fn seal(keyring: &Keyring, place: &Place, plain: &[u8]) -> Vec<u8> {
    let (key_id, key) = keyring.active();
    let data_key = aead::random_key();
    let wrap_aad = aad::of_wrap(FORMAT, place, key_id);
    let wrapping = wrapping_key(key, &wrap_aad);
    Blob {
        key_id,
        wrapped: &aead::seal(wrapping.expose_secret(), &wrap_aad, data_key.expose_secret()),
        record: &aead::seal(data_key.expose_secret(), &aad::of_record(FORMAT, place), plain),
    }
    .to_bytes()
}

/// Opens a record from its place. The key is the one that the record names: no other is tried.
pub(super) fn open(keyring: &Keyring, place: &Place, sealed: &[u8]) -> Result<SecretSlice<u8>, CipherError> {
    let blob = Blob::parse(sealed)?;
    let key = keyring.key(blob.key_id).ok_or(CipherError::UnknownKey)?;
    let wrap_aad = aad::of_wrap(FORMAT, place, blob.key_id);
    let data_key = aead::open(wrapping_key(key, &wrap_aad).expose_secret(), &wrap_aad, blob.wrapped)?;
    let data_key = data_key
        .expose_secret()
        .try_into()
        .map_err(|_| CipherError::Malformed)?;
    aead::open(data_key, &aad::of_record(FORMAT, place), blob.record)
}

fn wrapping_key(key: &Key, wrap_aad: &[u8]) -> Key {
    derive(key.expose_secret(), &[b"wrap", wrap_aad])
}
