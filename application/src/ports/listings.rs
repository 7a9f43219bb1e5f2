//! Which listings are connected already.

use async_trait::async_trait;
use domain::{
    ids::{IntegrationId, TenantId},
    provider::ProviderId,
};

use super::StoreError;

/// Looks listings up among a tenant's integrations. May be a moment behind: it guards against slips, not against races.
#[async_trait]
pub trait ListingsInUse: Send + Sync {
    /// The provider's names of the listings that other integrations of the tenant stand on.
    async fn by_others(
        &self,
        tenant: TenantId,
        provider: &ProviderId,
        integration: IntegrationId,
    ) -> Result<Vec<String>, StoreError>;
}
