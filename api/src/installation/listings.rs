//! Which listings are connected already, as the integrations' view knows.

use std::sync::Arc;

use adapters::views::ViewDb;
use application::ports::{StoreError, listings::ListingsInUse};
use async_trait::async_trait;
use domain::{
    ids::{IntegrationId, TenantId},
    provider::ProviderId,
};
use projections::read::Views;

pub(super) struct FromViews(pub(super) Arc<ViewDb>);

#[async_trait]
impl ListingsInUse for FromViews {
    async fn by_others(
        &self,
        tenant: TenantId,
        provider: &ProviderId,
        integration: IntegrationId,
    ) -> Result<Vec<String>, StoreError> {
        self.0.listings_in_use(tenant, provider, integration).await
    }
}
