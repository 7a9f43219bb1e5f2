//! What an account manages, kept for the minutes that a customer needs to pick: searching must not ask the provider each time.

use std::{collections::HashMap, sync::Arc};

use chrono::TimeDelta;
use domain::{Timestamp, ids::AttemptId};
use tokio::sync::{Mutex, OnceCell};

use crate::{
    app::App,
    error::CommandError,
    ports::{
        attempts::Attempt,
        provider::{Credential, Listing},
    },
};

const LIFE: TimeDelta = TimeDelta::minutes(5);
const MOST_ATTEMPTS: usize = 500;

type Listings = Arc<OnceCell<Arc<Vec<Listing>>>>;

/// The listings of the attempts that pick right now. A miss costs a question to the provider, and only one at a time: whoever
/// comes while it is asked waits for its answer. A failure is not kept.
#[derive(Default)]
pub struct ListingCache(Mutex<HashMap<AttemptId, (Timestamp, Listings)>>);

impl ListingCache {
    async fn of(&self, attempt: AttemptId, now: Timestamp) -> Listings {
        let mut kept = self.0.lock().await;
        kept.retain(|_, (at, _)| now - *at < LIFE);
        if kept.len() >= MOST_ATTEMPTS && !kept.contains_key(&attempt) {
            return Listings::default();
        }
        Arc::clone(&kept.entry(attempt).or_insert_with(|| (now, Listings::default())).1)
    }

    pub(crate) async fn forget(&self, attempt: AttemptId) {
        self.0.lock().await.remove(&attempt);
    }
}

impl App {
    pub(super) async fn listings_of(
        &self,
        attempt: &Attempt,
        credential: &Credential,
    ) -> Result<Arc<Vec<Listing>>, CommandError> {
        let connector = self.connector_of(attempt).await?;
        let kept = self.listings.of(attempt.id, self.clock.now()).await;
        let ask = || async {
            let listings = self.listings_at(&*connector, attempt.tenant, credential).await;
            listings.map(Arc::new)
        };
        Ok(Arc::clone(kept.get_or_try_init(ask).await?))
    }
}
