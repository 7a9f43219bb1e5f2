//! Within a commit, a connection leaves its account, or a new sign-in takes over the older ones.

use domain::{
    grant::{Grant, GrantCommand},
    ids::{GrantId, IntegrationId},
};

use crate::{
    error::CommandError,
    flow::serialized,
    ports::{
        provider::{Credential, Revokes},
        vault::Record,
    },
    work::{Loaded, Work},
};

impl Work<'_> {
    /// Takes an integration off a grant. A credential that nothing stands on any more is set aside, to be taken back after the
    /// commit; one that another connection stands on stays with that.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn release(
        &mut self,
        id: GrantId,
        grant: &mut Loaded<Grant>,
        integration: IntegrationId,
    ) -> Result<(), CommandError> {
        let Some(generation) = grant.serving(integration) else {
            return Ok(());
        };
        self.execute(grant, GrantCommand::Release { integration }).await?;
        if grant.is_in_use(generation) {
            return Ok(());
        }
        self.set_credential_aside(id, generation).await
    }

    /// The credential to keep, in place of those of the generations that are over. Where a provider takes back one by one, they are
    /// set aside for that; elsewhere our copies alone go: at the provider they are the same account's, which the new one stands
    /// on. A provider that gives no refresh token to an account which has one means that the old one goes on: the newest is
    /// carried over, and only our copy of it goes.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn take_over(
        &mut self,
        grant: GrantId,
        over: impl DoubleEndedIterator<Item = u32>,
        mut credential: Credential,
        revokes: Revokes,
    ) -> Result<Vec<u8>, CommandError> {
        for generation in over.rev() {
            let record = Record::Credential(grant, generation);
            if credential.refresh_token.is_none()
                && let Some(row) = self.app().vault.get(&self.place(record.clone())).await?
                && let Some(token) = self.app().open_credential(&row)?.refresh_token
            {
                credential.refresh_token = Some(token);
                self.delete_as_read(row);
            } else if revokes == Revokes::Token {
                self.set_credential_aside(grant, generation).await?;
            } else {
                self.delete_secret(record);
            }
        }
        serialized(&credential)
    }

    /// Marks a generation's credential as one that nothing stands on any more, to be taken back after the commit. What is renewed
    /// before that is read once more: the old one may be worth nothing to whoever takes it back.
    async fn set_credential_aside(&mut self, grant: GrantId, generation: u32) -> Result<(), CommandError> {
        let place = self.place(Record::Credential(grant, generation));
        let Some(row) = self.app().vault.get(&place).await? else {
            return Ok(());
        };
        let credential = serialized(&self.app().open_credential(&row)?)?;
        let account_key = row.account_key;
        self.delete_as_read(row);
        self.put_secret(Record::Replaced(grant, generation), &credential, account_key);
        Ok(())
    }
}
