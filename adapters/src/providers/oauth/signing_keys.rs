//! The keys that a provider signs its id tokens with: fetched when they are needed, kept as long as it says, and fetched again when
//! a token names one that is not among them, because keys change at any time (`OpenID` Connect Core 10.1.1).

use std::{sync::Arc, time::Duration};

use application::ports::{clock::Clock, provider::ProviderError};
use domain::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use reqwest::{Method, Url, header::CACHE_CONTROL};
use tokio::sync::Mutex;

use super::errors::{is_no_answer, of_status, refused, unavailable};
use crate::http::{HttpAnswer, HttpClient};

/// More than any provider's set of keys has ever needed.
const MAX_ANSWER: usize = 256 * 1024;
/// How long a set is kept whose age the provider does not tell, and the least and the most where it does.
const USUAL_LIFE: Duration = Duration::from_hours(1);
const SHORTEST_LIFE: Duration = Duration::from_mins(5);
const LONGEST_LIFE: Duration = Duration::from_hours(24);
/// A key that is not known makes nobody ask more often than this.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(5);

/// A provider's keys.
pub(super) struct SigningKeys {
    url: Url,
    http: HttpClient,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    /// Held while they are fetched, so that sign-ins that come at once ask once.
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    keys: JwkSet,
    fetched: Timestamp,
    life: Duration,
}

impl SigningKeys {
    pub(super) fn new(url: Url, http: HttpClient, timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            url,
            http,
            timeout,
            clock,
            kept: Mutex::new(None),
        }
    }

    /// The key of that id; without an id, the only one there is.
    ///
    /// # Errors
    /// When there is none, or they cannot be fetched.
    pub(super) async fn key(&self, id: Option<&str>) -> Result<Jwk, ProviderError> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some(key) = kept
            .as_ref()
            .filter(|kept| kept.is_fresh(now))
            .and_then(|kept| kept.key(id))
        {
            return Ok(key.clone());
        }
        let was_just_asked = kept.as_ref().is_some_and(|kept| kept.age(now) < BETWEEN_QUESTIONS);
        if !was_just_asked {
            *kept = Some(self.fetch(now).await?);
        }
        let key = kept.as_ref().and_then(|kept| kept.key(id));
        key.cloned()
            .ok_or_else(|| refused("its id token is signed by a key that it does not publish"))
    }

    async fn fetch(&self, now: Timestamp) -> Result<Kept, ProviderError> {
        let request = self.http.request(Method::GET, self.url.clone()).timeout(self.timeout);
        let answer = self.http.send(request, MAX_ANSWER).await?;
        if is_no_answer(answer.status) || !answer.status.is_success() {
            return Err(of_status(answer.status));
        }
        let keys = serde_json::from_slice(&answer.body).map_err(|_| unavailable("its keys are malformed"))?;
        Ok(Kept {
            keys,
            fetched: now,
            life: life(&answer),
        })
    }
}

impl Kept {
    fn age(&self, now: Timestamp) -> Duration {
        (now - self.fetched).to_std().unwrap_or_default()
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.age(now) < self.life
    }

    fn key(&self, id: Option<&str>) -> Option<&Jwk> {
        let signs = |key: &&Jwk| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
        let mut keys = self.keys.keys.iter().filter(signs);
        let Some(id) = id else {
            return keys.next().filter(|_| keys.next().is_none());
        };
        keys.find(|key| key.common.key_id.as_deref() == Some(id))
    }
}

fn life(answer: &HttpAnswer) -> Duration {
    let told = answer.headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let directives = told.unwrap_or_default().split(',');
    let mut ages = directives.filter_map(|directive| directive.trim().strip_prefix("max-age=")?.parse().ok());
    let told = ages.next().map_or(USUAL_LIFE, Duration::from_secs);
    told.clamp(SHORTEST_LIFE, LONGEST_LIFE)
}

#[cfg(test)]
mod tests;
