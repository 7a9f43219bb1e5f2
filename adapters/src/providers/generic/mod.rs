//! Any other app, as far as its configuration says how it lists what can be connected, and where it is asked whether that works.

use std::time::Duration;

use application::ports::provider::{Answer, Listing, Probed, ProviderError};
use async_trait::async_trait;
use domain::{integration::Capability, provider::ListingRef};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};

use self::listings::Listings;
use super::{config::ProviderConfig, connector::Interfaces, validate::InvalidProviders};
use crate::http::{HttpAnswer, HttpClient, HttpError};

mod listings;
pub(super) mod probe;

/// A page of a list is less than that.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// The interfaces of an app.
pub(super) struct Generic {
    listings: Option<Listings>,
    /// Where it is asked whether a connection works; may hold [`probe::LISTING`].
    probe_url: String,
    out: Out,
}

/// The way to it.
struct Out {
    http: HttpClient,
    timeout: Duration,
}

impl Out {
    /// Asks with a token, whatever is answered.
    async fn get(&self, url: Url, token: &SecretString) -> Result<HttpAnswer, HttpError> {
        let request = self.http.request(Method::GET, url);
        let request = request.bearer_auth(token.expose_secret()).timeout(self.timeout);
        self.http.send(request, MAX_ANSWER).await
    }
}

impl Generic {
    /// Takes what it needs from a configuration.
    pub(super) fn new(config: &ProviderConfig, http: HttpClient) -> Result<Self, InvalidProviders> {
        Ok(Self {
            listings: Listings::of(&config.listing_api)?,
            probe_url: config.probe_url.clone(),
            out: Out {
                http,
                timeout: Duration::from_secs(config.timeout_seconds.into()),
            },
        })
    }
}

#[async_trait]
impl Interfaces for Generic {
    fn capabilities(&self) -> &'static [Capability] {
        if self.probe_url.is_empty() {
            &[]
        } else {
            &[Capability::Access]
        }
    }

    fn connects_account(&self) -> bool {
        self.listings.is_none()
    }

    async fn listings(&self, token: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        match &self.listings {
            Some(listings) => listings.all(&self.out, token).await,
            None => Ok(vec![]),
        }
    }

    async fn probe(&self, token: &SecretString, listing: &ListingRef) -> Vec<Probed> {
        if self.probe_url.is_empty() {
            return vec![];
        }
        let answer = match probe::address(&self.probe_url, &listing.id) {
            Some(url) => probe::meaning(self.out.get(url, token).await),
            None => Answer::Unavailable,
        };
        vec![Probed {
            capability: Capability::Access,
            answer,
        }]
    }
}
