//! When a provider last answered what a connection is good for. Changes are events; that it said the same again is a row.

use async_trait::async_trait;
use domain::{
    Timestamp,
    ids::{IntegrationId, TenantId},
    integration::Capability,
};

use super::{StoreError, provider::Answer};

/// What a provider last said about something that a connection is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastAnswer {
    /// The connection.
    pub integration: IntegrationId,
    /// The number of its life: what was said about an earlier one says nothing about it.
    pub life: u32,
    /// What was asked for.
    pub capability: Capability,
    /// What was answered.
    pub answer: Answer,
    /// When.
    pub at: Timestamp,
}

/// Keeps the last answer per connection and capability.
#[async_trait]
pub trait Answers: Send + Sync {
    /// Keeps answers in the place of earlier ones.
    async fn keep(&self, tenant: TenantId, answers: &[LastAnswer]) -> Result<(), StoreError>;

    /// What is kept about some connections of a tenant, in no order.
    async fn of(&self, tenant: TenantId, integrations: &[IntegrationId]) -> Result<Vec<LastAnswer>, StoreError>;
}
