//! What a provider gave: kept sealed as the attempt's until a connection stands on it, and dropped by one rule.

use domain::ids::GrantId;
use secrecy::ExposeSecret;

use crate::{
    app::App,
    error::CommandError,
    ports::{
        StoreError,
        attempts::Attempt,
        cipher::HashPurpose,
        provider::{Connector, Credential, Revokes},
        vault::{Place, Record, SecretRow},
    },
    work::Work,
};

/// The keyed hash of the provider account behind a credential: the same for all tenants of the installation.
pub(super) fn account_key(app: &App, attempt: &Attempt, credential: &Credential) -> [u8; 32] {
    let parts = [attempt.app.client_id.as_bytes(), credential.account.subject.as_bytes()];
    app.cipher.keyed_hash(HashPurpose::Account, &parts)
}

impl App {
    /// Seals a credential as the attempt's own. From here on it is found again, and dropped if nothing comes of it.
    pub(super) async fn keep_pending(&self, attempt: &Attempt, credential: &Credential) -> Result<(), CommandError> {
        let place = pending(attempt);
        let json = serialized(credential)?;
        let sealed = self.cipher.seal(&place, &json);
        let account_key = Some(account_key(self, attempt, credential));
        self.vault
            .put(SecretRow {
                place,
                sealed,
                account_key,
                created_at: self.clock.now(),
            })
            .await?;
        Ok(())
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
        match self.vault.get(&pending(attempt)).await? {
            Some(row) => self.take_back(self.connector_of(attempt)?, &row).await,
            None => Ok(()),
        }
    }

    /// Takes a credential back at the provider and deletes its row, unless anything else of the installation stands on the same
    /// account: a provider that revokes the account's whole consent would cut that off too, so there the row is only deleted.
    /// A row whose credential could not be taken back stays, to be found and tried again.
    pub(crate) async fn take_back(&self, connector: &dyn Connector, row: &SecretRow) -> Result<(), CommandError> {
        if connector.revokes() == Revokes::Token || self.stands_alone(row).await? {
            let credential = self.open_credential(row)?;
            if let Err(error) = connector.revoke(&credential).await {
                tracing::warn!(%error, "a dropped credential could not be taken back at the provider");
                return Ok(());
            }
        }
        Ok(self.vault.delete(&row.place).await?)
    }

    /// Whether a row is the only one of its account.
    async fn stands_alone(&self, row: &SecretRow) -> Result<bool, CommandError> {
        match &row.account_key {
            Some(account_key) => Ok(self.vault.rows_of_account(account_key).await? <= 1),
            None => Ok(false),
        }
    }
}

impl Work<'_> {
    /// Marks a generation's credential as one that nothing stands on any more, to be taken back after the commit. None where
    /// there is no such credential.
    pub(crate) async fn set_credential_aside(
        &mut self,
        grant: GrantId,
        generation: u32,
    ) -> Result<Option<Place>, CommandError> {
        let place = self.place(Record::Credential(grant, generation));
        let Some(row) = self.app().vault.get(&place).await? else {
            return Ok(None);
        };
        let credential = serialized(&self.app().open_credential(&row)?)?;
        self.delete_secret(place.record);
        let replaced = Record::Replaced(grant, generation);
        self.put_secret(replaced.clone(), &credential, row.account_key);
        Ok(Some(self.place(replaced)))
    }
}

pub(super) fn serialized(credential: &Credential) -> Result<Vec<u8>, CommandError> {
    serde_json::to_vec(credential).map_err(|_| StoreError::Broken("a credential".into()).into())
}

pub(super) fn pending(attempt: &Attempt) -> Place {
    Place {
        tenant: attempt.tenant,
        record: Record::PendingCredential(attempt.id),
    }
}
