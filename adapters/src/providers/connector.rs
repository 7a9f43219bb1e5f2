//! A configured provider: signing in is the same everywhere, and what there is beyond that, its interfaces know.

use std::{collections::BTreeSet, sync::Arc};

use application::ports::{
    clock::Clock,
    provider::{
        About, Account, CodeExchange, Connector, Credential, Granted, Listing, Probed, ProviderError, RefreshError,
        Revokes, SignIn,
    },
};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    integration::Capability,
    provider::{ListingRef, ProviderApp, ProviderId},
};
use secrecy::SecretString;

use super::{
    config::{ProviderConfig, ProviderKind},
    generic::Generic,
    google::BusinessProfile,
    oauth::{OAuth, scopes},
    validate::InvalidProviders,
};
use crate::http::HttpClient;

/// What a kind of provider offers once somebody is signed in.
#[async_trait]
pub(super) trait Interfaces: Send + Sync {
    /// What it can be asked about a connection.
    fn capabilities(&self) -> &'static [Capability];

    /// Whether there is nothing to pick: the account itself is connected.
    fn connects_account(&self) -> bool {
        false
    }

    /// Everything that an account can connect.
    async fn listings(&self, token: &SecretString) -> Result<Vec<Listing>, ProviderError>;

    /// Asks for everything that a connection is good for.
    async fn probe(&self, token: &SecretString, listing: &ListingRef) -> Vec<Probed>;
}

/// One app at one provider.
pub(super) struct Configured {
    about: About,
    app: ProviderApp,
    issuer: String,
    redirect_uri: String,
    required_scopes: BTreeSet<String>,
    revokes: Revokes,
    keep_alive: Option<TimeDelta>,
    has_testing: bool,
    oauth: OAuth,
    interfaces: Box<dyn Interfaces>,
}

impl Configured {
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
        let interfaces: Box<dyn Interfaces> = match config.kind {
            ProviderKind::GoogleBusiness => Box::new(BusinessProfile::new(&config, http.clone(), Arc::clone(&clock))?),
            ProviderKind::Oauth2 => Box::new(Generic::new(&config, http.clone())?),
        };
        Ok(Self {
            oauth: OAuth::new(&config, &redirect_uri, http, clock)?,
            interfaces,
            app: ProviderApp {
                owner: owner.to_owned(),
                client_id: config.client_id,
            },
            issuer: config.issuer,
            redirect_uri,
            required_scopes: scopes::canonical(&config.required_scopes),
            revokes: config.revokes,
            keep_alive: (config.keep_alive_days > 0).then(|| TimeDelta::days(config.keep_alive_days.into())),
            has_testing: config.kind == ProviderKind::GoogleBusiness,
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
impl Connector for Configured {
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

    async fn granted(&self, access_token: &SecretString) -> Result<Granted, ProviderError> {
        self.oauth.introspect(access_token).await
    }

    fn keep_alive(&self) -> Option<TimeDelta> {
        self.keep_alive
    }

    fn has_testing(&self) -> bool {
        self.has_testing
    }

    fn connects_account(&self) -> bool {
        self.interfaces.connects_account()
    }

    async fn listings(&self, access_token: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        self.interfaces.listings(access_token).await
    }

    async fn check_app(&self) -> Result<(), ProviderError> {
        self.oauth.check_app().await
    }

    fn capabilities(&self) -> &'static [Capability] {
        self.interfaces.capabilities()
    }

    async fn probe(&self, credential: &Credential, listing: &ListingRef) -> Vec<Probed> {
        self.interfaces.probe(&credential.access_token, listing).await
    }

    fn revokes(&self) -> Revokes {
        self.revokes
    }

    async fn revoke(&self, credential: &Credential) -> Result<(), ProviderError> {
        self.oauth.revoke(credential).await
    }
}
