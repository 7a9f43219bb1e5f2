//! A connection leaves its account, within a commit.

use domain::{
    grant::{Grant, GrantCommand},
    ids::{GrantId, IntegrationId},
};

use crate::{
    error::CommandError,
    flow::serialized,
    ports::vault::Record,
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

    /// Marks a generation's credential as one that nothing stands on any more, to be taken back after the commit.
    async fn set_credential_aside(&mut self, grant: GrantId, generation: u32) -> Result<(), CommandError> {
        let place = self.place(Record::Credential(grant, generation));
        let Some(row) = self.app().vault.get(&place).await? else {
            return Ok(());
        };
        let credential = serialized(&self.app().open_credential(&row)?)?;
        self.delete_secret(place.record);
        self.put_secret(Record::Replaced(grant, generation), &credential, row.account_key);
        Ok(())
    }
}
