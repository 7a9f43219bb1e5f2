//! Sealing, opening and keyed hashing. Keys never leave the adapter, but for a subject's own, which is opaque here.

use domain::{
    ids::{EventId, TenantId},
    log::SealedPersonal,
    personal::Subject,
};
use secrecy::SecretSlice;

use super::vault::Place;

/// Why a sealed record does not open. It says nothing about the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// The record has no form that is known.
    #[error("the sealed record is malformed")]
    Malformed,
    /// The key that it names is not in the keyring.
    #[error("the sealed record names a key that is not in the keyring")]
    UnknownKey,
    /// It was altered, or it belongs to another place.
    #[error("the sealed record was altered or belongs elsewhere")]
    Refused,
}

/// What keyed hashes are for: one purpose's hashes say nothing about another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashPurpose {
    /// A grant's id: tenant, provider app, account.
    Grant,
    /// The account behind credentials: client id and account, across tenants.
    Account,
    /// The token in a page's forms, bound to the browser.
    FormToken,
}

/// The installation's cryptography.
pub trait Cipher: Send + Sync {
    /// Seals a record into its place.
    fn seal(&self, place: &Place, plain: &[u8]) -> Vec<u8>;

    /// Opens a record from its place.
    ///
    /// # Errors
    /// When it is malformed, altered, moved, or sealed under a key that is gone.
    fn open(&self, place: &Place, sealed: &[u8]) -> Result<SecretSlice<u8>, CipherError>;

    /// A new key for a subject's personal data, or for a month's networks.
    fn new_key(&self) -> SecretSlice<u8>;

    /// Seals the personal part of an event under its subject's key, with a fresh salt.
    fn seal_personal(&self, key: &SecretSlice<u8>, event: EventId, subject: Subject, json: &[u8]) -> SealedPersonal;

    /// Opens the personal part of an event: the JSON.
    ///
    /// # Errors
    /// When it is malformed, altered, or belongs to another event or subject.
    fn open_personal(
        &self,
        key: &SecretSlice<u8>,
        event: EventId,
        personal: &SealedPersonal,
    ) -> Result<Vec<u8>, CipherError>;

    /// A keyed hash under the installation's key; the parts cannot run into each other.
    fn keyed_hash(&self, purpose: HashPurpose, parts: &[&[u8]]) -> [u8; 32];

    /// A keyed hash under a given key (a month's network key).
    fn hash_under(&self, key: &SecretSlice<u8>, data: &[u8]) -> [u8; 32];

    /// Seals a number into an opaque text that only this tenant can hand back (positions, cursors).
    fn seal_number(&self, tenant: TenantId, number: u64) -> String;

    /// # Errors
    /// When the text was not made for this tenant, or was altered.
    fn open_number(&self, tenant: TenantId, text: &str) -> Result<u64, CipherError>;
}
