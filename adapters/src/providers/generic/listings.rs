//! What an account can connect, read by JSON pointers, page by page.

use std::{collections::HashSet, time::Duration};

use application::ports::provider::{Listing, ProviderError};
use domain::provider::ListingRef;
use reqwest::{StatusCode, Url};
use secrecy::SecretString;
use serde_json::Value;

use super::Out;
use crate::providers::{
    config::ListingApi,
    fields::text_at,
    oauth::errors::{of_status, refused, unavailable},
    validate::{InvalidProviders, provider_url},
};

/// Where a list ends, so that no account, and no provider that repeats itself, keeps a customer waiting for ever.
const MAX_PAGES: usize = 50;
const MAX_LISTINGS: usize = 5_000;
/// How long somebody waits for the list, all pages together.
const PATIENCE: Duration = Duration::from_mins(1);
/// No provider's ids are longer.
const MAX_ID: usize = 255;

/// Where the list is, and how it is read.
pub(super) struct Listings {
    first: Url,
    api: ListingApi,
}

impl Listings {
    /// None where the configuration names no list.
    pub(super) fn of(api: &ListingApi) -> Result<Option<Self>, InvalidProviders> {
        if api.url.is_empty() {
            return Ok(None);
        }
        let first = provider_url("listing_api.url", &api.url).map_err(|text| InvalidProviders(vec![text]))?;
        let api = api.clone();
        Ok(Some(Self { first, api }))
    }

    /// Each listing once, by title.
    pub(super) async fn all(&self, out: &Out, token: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        let everything = tokio::time::timeout(PATIENCE, self.everything(out, token)).await;
        let mut listings = everything.map_err(|_| unavailable("its list takes too long"))??;
        listings.sort_by_cached_key(|listing| listing.title.to_lowercase());
        Ok(listings)
    }

    async fn everything(&self, out: &Out, token: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        let (mut listings, mut seen) = (Vec::new(), HashSet::new());
        let mut next = Some(self.first.clone());
        for _ in 0..MAX_PAGES {
            let Some(url) = next.take() else {
                return Ok(listings);
            };
            let answer = out.get(url.clone(), token).await?;
            match answer.status {
                status if status.is_success() => {}
                StatusCode::UNAUTHORIZED => return Err(refused("the access token does not work")),
                StatusCode::FORBIDDEN => return Err(refused("a permission was not granted")),
                status => return Err(of_status(status)),
            }
            let malformed = || unavailable("its listings are malformed");
            let page: Value = serde_json::from_slice(&answer.body).map_err(|_| malformed())?;
            let items = page.pointer(&self.api.items).ok_or_else(malformed)?;
            let items = match items {
                Value::Null => &[],
                items => items.as_array().ok_or_else(malformed)?.as_slice(),
            };
            let found = items.iter().filter_map(|item| self.listing(item));
            listings.extend(found.filter(|listing| seen.insert(listing.reference.id.clone())));
            if listings.len() >= MAX_LISTINGS {
                break;
            }
            next = self.next(&url, &page)?;
        }
        if next.is_some() || listings.len() >= MAX_LISTINGS {
            listings.truncate(MAX_LISTINGS);
            tracing::warn!(
                kept = listings.len(),
                "an account has more to connect than can be shown"
            );
        }
        Ok(listings)
    }

    /// An item without an id cannot be found again, so nobody can pick it.
    fn listing(&self, item: &Value) -> Option<Listing> {
        let id = text_at(item, &self.api.id).filter(|id| id.len() <= MAX_ID)?;
        Some(Listing {
            title: text_at(item, &self.api.title).unwrap_or_else(|| id.clone()),
            address: text_at(item, &self.api.address),
            reference: ListingRef { id, account: None },
            unpickable: None,
        })
    }

    /// Where the next page is; none after the last one.
    ///
    /// # Errors
    /// When the answer leads to another host: nobody else may see the token.
    fn next(&self, here: &Url, page: &Value) -> Result<Option<Url>, ProviderError> {
        let Some(next) = text_at(page, &self.api.next) else {
            return Ok(None);
        };
        if !self.api.next_parameter.is_empty() {
            let mut url = self.first.clone();
            url.query_pairs_mut().append_pair(&self.api.next_parameter, &next);
            return Ok(Some(url));
        }
        let url = here.join(&next).ok().filter(|url| url.origin() == self.first.origin());
        url.map(Some)
            .ok_or_else(|| unavailable("the next page of its list is elsewhere"))
    }
}
