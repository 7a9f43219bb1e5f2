//! Google, as far as Business Profiles are concerned.

use std::{collections::BTreeSet, sync::Arc};

use application::ports::{
    clock::Clock,
    provider::{
        About, Account, CodeExchange, Connector, Credential, Listing, Probed, ProviderError, RefreshError, Revokes,
        SignIn,
    },
};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::provider::{ListingRef, ProviderApp, ProviderId};
use secrecy::SecretString;

use self::api::Api;
use super::{
    config::ProviderConfig,
    oauth::{OAuth, scopes},
    validate::InvalidProviders,
};
use crate::http::HttpClient;

mod api;
mod listings;
mod location;
mod probe;
mod standing;

/// Signing in at Google, or at what is configured in its place, and the Business Profiles of who signed in.
pub(super) struct GoogleBusiness {
    about: About,
    app: ProviderApp,
    issuer: String,
    redirect_uri: String,
    required_scopes: BTreeSet<String>,
    revokes: Revokes,
    keep_alive: Option<TimeDelta>,
    oauth: OAuth,
    api: Api,
    clock: Arc<dyn Clock>,
}

impl GoogleBusiness {
    /// Takes what it needs from a configuration; `owner` registered the app there.
    pub(super) fn new(
        config: ProviderConfig,
        owner: &str,
        redirect_uri: String,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidProviders> {
        let id = ProviderId::parse(config.id.clone());
        let id = id.map_err(|error| InvalidProviders(vec![format!("change id: {error}")]))?;
        Ok(Self {
            oauth: OAuth::new(&config, &redirect_uri, http.clone(), Arc::clone(&clock))?,
            api: Api::new(&config, http)?,
            clock,
            app: ProviderApp {
                owner: owner.to_owned(),
                client_id: config.client_id,
            },
            issuer: config.issuer,
            redirect_uri,
            required_scopes: scopes::canonical(&config.required_scopes),
            revokes: config.revokes,
            keep_alive: (config.keep_alive_days > 0).then(|| TimeDelta::days(config.keep_alive_days.into())),
            about: About {
                id,
                name: config.name,
                product: config.product,
                listing: config.listing,
                listings: config.listings,
                permissions: config.permissions,
                icon: config.icon,
                withdraw_at: Some(config.withdraw_at).filter(|place| !place.is_empty()),
                access_guide: Some(config.access_guide_url).filter(|address| !address.is_empty()),
            },
        })
    }
}

#[async_trait]
impl Connector for GoogleBusiness {
    fn about(&self) -> &About {
        &self.about
    }

    fn app(&self) -> &ProviderApp {
        &self.app
    }

    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    fn required_scopes(&self) -> &BTreeSet<String> {
        &self.required_scopes
    }

    fn authorize_url(&self, sign_in: &SignIn<'_>) -> Result<String, ProviderError> {
        self.oauth.authorize_url(sign_in)
    }

    async fn exchange(&self, exchange: &CodeExchange<'_>) -> Result<Credential, ProviderError> {
        self.oauth.exchange(exchange).await
    }

    async fn refresh(&self, credential: &Credential) -> Result<Credential, RefreshError> {
        self.oauth.refresh(credential).await
    }

    async fn identify(&self, access_token: &SecretString) -> Result<Account, ProviderError> {
        self.oauth.identify(access_token).await
    }

    fn keep_alive(&self) -> Option<TimeDelta> {
        self.keep_alive
    }

    fn has_testing(&self) -> bool {
        true
    }

    async fn listings(&self, access_token: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        self.api.listings(access_token).await
    }

    async fn check_app(&self) -> Result<(), ProviderError> {
        self.oauth.check_app().await
    }

    async fn probe(&self, credential: &Credential, listing: &ListingRef) -> Vec<Probed> {
        self.api
            .probe(listing, &credential.access_token, self.clock.now())
            .await
    }

    fn revokes(&self) -> Revokes {
        self.revokes
    }

    async fn revoke(&self, credential: &Credential) -> Result<(), ProviderError> {
        self.oauth.revoke(credential).await
    }
}
