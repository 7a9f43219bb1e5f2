//! What a provider gave: kept sealed as the attempt's until a connection stands on it, and dropped by one rule.

use secrecy::ExposeSecret;

use crate::{
    app::App,
    error::CommandError,
    integrations::TO_KEEP,
    ports::{
        StoreError,
        attempts::Attempt,
        cipher::HashPurpose,
        provider::Credential,
        vault::{Place, Record, SecretRow},
    },
};

/// The keyed hash of the provider account behind a credential: the same for all tenants of the installation.
pub(super) fn account_key(app: &App, attempt: &Attempt, credential: &Credential) -> [u8; 32] {
    let parts = [attempt.app.client_id.as_bytes(), credential.account.subject.as_bytes()];
    app.cipher.keyed_hash(HashPurpose::Account, &parts)
}

impl App {
    /// Seals a credential as the attempt's own. From here on it is found again, and dropped if nothing comes of it.
    ///
    /// In the account's turn: from here on it counts when somebody asks whether anything stands on the account. If the account's
    /// access was taken back just before, this credential went with it, and the listings cannot be read with it any more.
    pub(super) async fn keep_pending(&self, attempt: &Attempt, credential: &Credential) -> Result<(), CommandError> {
        let place = pending(attempt);
        let json = serialized(credential)?;
        let sealed = self.cipher.seal(&place, &json);
        let account_key = account_key(self, attempt, credential);
        let turn = self.turn_at(&account_key, TO_KEEP).await?;
        let row = SecretRow {
            place,
            sealed,
            account_key: Some(account_key),
            created_at: self.clock.now(),
        };
        self.vault.put(row).await?;
        if self.end_turn(&turn).await? {
            return Ok(());
        }
        Err(CommandError::Contended) // too slow: it may have been taken back since
    }

    /// The attempt's credential; [`CommandError::AttemptOver`] when it was used or dropped.
    pub(super) async fn pending_credential(&self, attempt: &Attempt) -> Result<Credential, CommandError> {
        let row = self
            .vault
            .get(&pending(attempt))
            .await?
            .ok_or(CommandError::AttemptOver)?;
        self.open_credential(&row)
    }

    pub(crate) fn open_credential(&self, row: &SecretRow) -> Result<Credential, CommandError> {
        let broken = || StoreError::Broken("a sealed credential".into());
        let json = self.cipher.open(&row.place, &row.sealed).map_err(|_| broken())?;
        serde_json::from_slice(json.expose_secret()).map_err(|_| broken().into())
    }

    /// Drops an attempt's credential, if it still has one.
    pub(crate) async fn drop_pending(&self, attempt: &Attempt) -> Result<(), CommandError> {
        let Some(row) = self.vault.get(&pending(attempt)).await? else {
            return Ok(());
        };
        let connector = self.connector_of(attempt).await?;
        self.take_back(connector.as_ref(), &row).await.map(|_| ())
    }
}

pub(crate) fn serialized(credential: &Credential) -> Result<Vec<u8>, CommandError> {
    serde_json::to_vec(credential).map_err(|_| StoreError::Broken("a credential".into()).into())
}

pub(super) fn pending(attempt: &Attempt) -> Place {
    Place {
        tenant: attempt.tenant,
        record: Record::PendingCredential(attempt.id),
    }
}
