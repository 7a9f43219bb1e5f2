//! Google's Business Profile APIs.

use std::sync::Arc;

use application::ports::{
    clock::Clock,
    provider::{Listing, Probed, ProviderError},
};
use async_trait::async_trait;
use domain::{integration::Capability, provider::ListingRef};
use secrecy::SecretString;

use self::api::Api;
use super::{config::ProviderConfig, connector::Interfaces, validate::InvalidProviders};
use crate::http::HttpClient;

mod api;
mod listings;
mod location;
mod probe;
mod standing;

/// The Business Profiles of who signed in at Google, or at what is configured in its place.
pub(super) struct BusinessProfile {
    api: Api,
    clock: Arc<dyn Clock>,
}

impl BusinessProfile {
    /// Takes what it needs from a configuration.
    pub(super) fn new(
        config: &ProviderConfig,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidProviders> {
        let api = Api::new(config, http)?;
        Ok(Self { api, clock })
    }
}

#[async_trait]
impl Interfaces for BusinessProfile {
    fn capabilities(&self) -> &'static [Capability] {
        &[Capability::ReviewsRead, Capability::ReviewsReply, Capability::Metrics]
    }

    async fn listings(&self, token: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        self.api.listings(token).await
    }

    async fn probe(&self, token: &SecretString, listing: &ListingRef) -> Vec<Probed> {
        self.api.probe(listing, token, self.clock.now()).await
    }
}
