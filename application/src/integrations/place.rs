//! Where a connection is.

use domain::{
    customer::Customer,
    ids::{AgencyId, IntegrationId, TenantId},
    integration::{Integration, Slot},
    log::StreamId,
};

use crate::{app::App, error::CommandError};

impl App {
    /// The place that an integration fills; none before its first link, after its end, and for another tenant's.
    async fn slot_of(&self, tenant: TenantId, integration: IntegrationId) -> Result<Option<Slot>, CommandError> {
        let stream = StreamId::of::<Integration>(integration);
        let found = self.replay::<Integration>(&stream).await?;
        let found = found.filter(|found| found.owner == tenant);
        Ok(found.and_then(|found| found.state.slot().cloned()))
    }

    /// The place that a tenant's integration fills.
    ///
    /// # Errors
    /// [`CommandError::IntegrationNotFound`] where it fills none, or is another tenant's; when a store fails.
    pub async fn slot_in(&self, tenant: TenantId, integration: IntegrationId) -> Result<Slot, CommandError> {
        let slot = self.slot_of(tenant, integration).await?;
        slot.ok_or(CommandError::IntegrationNotFound)
    }

    /// Whose an integration is, whatever the tenant: for operators. None after its end.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn whose(&self, integration: IntegrationId) -> Result<Option<(TenantId, AgencyId)>, CommandError> {
        let found = self
            .replay::<Integration>(&StreamId::of::<Integration>(integration))
            .await?;
        let Some(found) = found else { return Ok(None) };
        let place = self.place_of(found.owner, integration).await?;
        Ok(place.map(|(_, agency)| (found.owner, agency)))
    }

    /// The place that an integration fills, and the agency that it serves; none after its end.
    pub(crate) async fn place_of(
        &self,
        tenant: TenantId,
        integration: IntegrationId,
    ) -> Result<Option<(Slot, AgencyId)>, CommandError> {
        let Some(slot) = self.slot_of(tenant, integration).await? else {
            return Ok(None);
        };
        let customer = StreamId::of::<Customer>(slot.customer);
        let customer = self.replay::<Customer>(&customer).await?;
        let agency = customer.and_then(|customer| customer.state.agency());
        Ok(agency.map(|agency| (slot, agency)))
    }
}
