//! Opening and sealing the personal part of events, under the key of the subject that it is about.

use std::sync::Arc;

use domain::{
    Timestamp,
    event::Event,
    ids::{EventId, TenantId},
    log::{DecodeError, Recorded, SealedPersonal},
    personal::{Personal, Subject},
};
use secrecy::{ExposeSecret, SecretSlice};

use crate::ports::{
    StoreError,
    cipher::Cipher,
    vault::{Place, Record, SecretChange, SecretRow, Vault},
};

/// The keys of the subjects, and what they seal.
#[derive(Clone)]
pub struct PersonalData {
    vault: Arc<dyn Vault>,
    cipher: Arc<dyn Cipher>,
}

/// A subject's key, and the vault row that must be committed with its first use.
pub struct SubjectKey {
    key: SecretSlice<u8>,
    /// Set when the key is new: it exists only once this change is committed.
    pub created: Option<SecretChange>,
}

/// Why a recorded event cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its stored text cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PersonalData {
    /// Over the vault's rows and the installation's cipher.
    pub fn new(vault: Arc<dyn Vault>, cipher: Arc<dyn Cipher>) -> Self {
        Self { vault, cipher }
    }

    /// The event with its personal part, which is missing where the subject was erased.
    ///
    /// # Errors
    /// When the event cannot be decoded, or the vault fails.
    pub async fn event(&self, recorded: &Recorded) -> Result<Event, ReadError> {
        let mut event = recorded.event()?;
        if let Some(personal) = self.open(recorded).await? {
            event.restore_personal(personal);
        }
        Ok(event)
    }

    /// The personal part of an event; none where it has none or its subject was erased.
    ///
    /// # Errors
    /// When the vault fails, or a seal that its key should open does not open: that is damage, not erasure.
    pub async fn open(&self, recorded: &Recorded) -> Result<Option<Personal>, StoreError> {
        let Some(sealed) = recorded
            .personal
            .as_ref()
            .filter(|personal| !personal.sealed.is_empty())
        else {
            return Ok(None);
        };
        let Some(key) = self.key(recorded.tenant_id, sealed.subject).await? else {
            return Ok(None);
        };
        let broken = |what: &dyn std::fmt::Display| {
            StoreError::Broken(format!("personal data at position {}: {what}", recorded.position.0))
        };
        let json = self
            .cipher
            .open_personal(&key, recorded.event_id, sealed)
            .map_err(|error| broken(&error))?;
        let facts = serde_json::from_slice(&json).map_err(|_| broken(&"not the facts that were sealed"))?;
        Ok(Some(Personal {
            subject: sealed.subject,
            facts,
        }))
    }

    /// The subject's key, or a new one for a subject that has none.
    ///
    /// # Errors
    /// When the vault fails.
    pub async fn key_for_writing(
        &self,
        tenant: TenantId,
        subject: Subject,
        now: Timestamp,
    ) -> Result<SubjectKey, StoreError> {
        if let Some(key) = self.key(tenant, subject).await? {
            return Ok(SubjectKey { key, created: None });
        }
        let key = self.cipher.new_key();
        let place = place(tenant, subject);
        let sealed = self.cipher.seal(&place, key.expose_secret());
        let row = SecretRow {
            place,
            sealed,
            account_key: None,
            created_at: now,
        };
        Ok(SubjectKey {
            key,
            created: Some(SecretChange::Put(row)),
        })
    }

    /// The subject's key among changes that are not committed yet.
    pub(crate) fn key_among(
        &self,
        changes: &[SecretChange],
        tenant: TenantId,
        subject: Subject,
    ) -> Result<Option<SubjectKey>, StoreError> {
        let place = place(tenant, subject);
        let sealed = changes.iter().find_map(|change| match change {
            SecretChange::Put(row) if row.place == place => Some(&row.sealed),
            _ => None,
        });
        sealed
            .map(|sealed| {
                Ok(SubjectKey {
                    key: self.open_key(&place, sealed)?,
                    created: None,
                })
            })
            .transpose()
    }

    /// Seals the personal part of an event.
    pub fn seal(&self, key: &SubjectKey, event: EventId, personal: &Personal) -> SealedPersonal {
        let json = serde_json::to_vec(&personal.facts).unwrap_or_default(); // a map of texts always becomes JSON
        self.cipher.seal_personal(&key.key, event, personal.subject, &json)
    }

    async fn key(&self, tenant: TenantId, subject: Subject) -> Result<Option<SecretSlice<u8>>, StoreError> {
        let place = place(tenant, subject);
        let Some(row) = self.vault.get(&place).await? else {
            return Ok(None);
        };
        self.open_key(&place, &row.sealed).map(Some)
    }

    fn open_key(&self, place: &Place, sealed: &[u8]) -> Result<SecretSlice<u8>, StoreError> {
        self.cipher
            .open(place, sealed)
            .map_err(|error| StoreError::Broken(format!("a subject's key: {error}")))
    }
}

fn place(tenant: TenantId, subject: Subject) -> Place {
    Place {
        tenant,
        record: Record::SubjectKey(subject),
    }
}
