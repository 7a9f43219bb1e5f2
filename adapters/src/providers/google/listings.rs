//! Everything that an account manages.
//!
//! A location can be reached through several accounts (one's own, location groups, organizations), and the personal account
//! shows only what it owns directly: so every account is asked, and each location kept once.

use std::{collections::HashSet, time::Duration};

use application::ports::provider::{Listing, ProviderError};
use futures_util::{StreamExt, stream};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    api::{Api, ApiError},
    location::{Location, READ_MASK, is_resource},
};
use crate::providers::oauth::errors::unavailable;

/// The provider's own maxima for a page.
const ACCOUNTS_PER_PAGE: &str = "20";
const LOCATIONS_PER_PAGE: &str = "100";

/// Where a list ends, so that no account, and no provider that repeats itself, keeps a customer waiting for ever: beyond
/// 200 accounts, 50 pages of one account or 5,000 listings, what was found so far is shown.
const MAX_ACCOUNT_PAGES: usize = 10;
const MAX_LOCATION_PAGES: usize = 50;
const MAX_LISTINGS: usize = 5_000;

/// How many accounts are asked at a time.
const AT_ONCE: usize = 4;

/// How long somebody waits for the list, all pages together.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AccountsPage {
    accounts: Vec<BusinessAccount>,
    next_page_token: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BusinessAccount {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LocationsPage {
    locations: Vec<Location>,
    next_page_token: String,
}

impl Api {
    /// Each listing once, by title; pickable or not.
    pub(super) async fn listings(&self, token: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        let everything = tokio::time::timeout(PATIENCE, self.everything(token)).await;
        let mut listings = everything.map_err(|_| unavailable("its list takes too long"))??;
        listings.sort_by_cached_key(|listing| listing.title.to_lowercase());
        Ok(listings)
    }

    async fn everything(&self, token: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        let accounts = self.account_names(token).await?;
        let questions: Vec<_> = accounts
            .iter()
            .map(|account| self.listings_of(account, token))
            .collect();
        let mut answers = stream::iter(questions).buffered(AT_ONCE);
        let (mut listings, mut seen) = (Vec::new(), HashSet::new());
        while let Some(found) = answers.next().await {
            listings.extend(
                found?
                    .into_iter()
                    .filter(|listing| seen.insert(listing.reference.id.clone())),
            );
            if listings.len() >= MAX_LISTINGS {
                tracing::warn!(
                    kept = MAX_LISTINGS,
                    "an account manages more listings than can be shown"
                );
                listings.truncate(MAX_LISTINGS);
                break;
            }
        }
        drop(answers);
        self.explain(&mut listings, token).await;
        Ok(listings)
    }

    async fn account_names(&self, token: &SecretString) -> Result<Vec<String>, ProviderError> {
        let (mut names, mut page_token) = (Vec::new(), String::new());
        for _ in 0..MAX_ACCOUNT_PAGES {
            let mut query = vec![("pageSize", ACCOUNTS_PER_PAGE)];
            if !page_token.is_empty() {
                query.push(("pageToken", &page_token));
            }
            let page: AccountsPage = self.get((&self.accounts, "v1/accounts"), &query, token).await?;
            let accounts = page.accounts.into_iter().map(|account| account.name);
            let accounts = accounts.filter(|name| is_resource(name, "accounts") && !names.contains(name));
            names.extend(accounts.collect::<Vec<_>>());
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(names);
            }
        }
        tracing::warn!(
            kept = names.len(),
            "somebody has more accounts than are asked for listings"
        );
        Ok(names)
    }

    /// An account that may not be read (an invitation, a role that was taken away) does not hide the others' listings.
    async fn listings_of(&self, account: &str, token: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        let path = format!("v1/{account}/locations");
        let (mut listings, mut page_token) = (Vec::new(), String::new());
        for _ in 0..MAX_LOCATION_PAGES {
            let mut query = vec![("readMask", READ_MASK), ("pageSize", LOCATIONS_PER_PAGE)];
            if !page_token.is_empty() {
                query.push(("pageToken", &page_token));
            }
            let page: LocationsPage = match self.get((&self.business_information, &path), &query, token).await {
                Ok(page) => page,
                Err(ApiError::NoAccess) => break,
                Err(ApiError::Failed(error)) => return Err(error),
            };
            let locations = page.locations.into_iter();
            listings.extend(
                locations
                    .filter(|location| is_resource(&location.name, "locations"))
                    .map(|location| location.into_listing(account)),
            );
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        Ok(listings)
    }
}
