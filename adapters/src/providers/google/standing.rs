//! Why Google does not take somebody for the owner of a listing yet.

use application::ports::provider::{Listing, Unpickable};
use futures_util::{StreamExt, stream};
use secrecy::SecretString;
use serde::{Deserialize, de::IgnoredAny};

use super::api::{Api, ApiError};

/// How many listings' standing is looked up; the others are shown as unverified, which is true as well.
const MAX_LOOKUPS: usize = 50;

/// How many of these questions are asked at a time.
const AT_ONCE: usize = 4;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VoiceOfMerchantState {
    has_voice_of_merchant: bool,
    comply_with_guidelines: Option<IgnoredAny>,
}

impl VoiceOfMerchantState {
    /// Whether the provider takes the account's people for the owners.
    pub(super) fn is_verified(&self) -> bool {
        self.has_voice_of_merchant
    }
}

impl Api {
    /// Finds the better reason for those that are unverified. It is worth an attempt, not a failure: the API that knows it is
    /// a third one, which an operator may not have enabled.
    pub(super) async fn explain(&self, listings: &mut [Listing], token: &SecretString) {
        let unverified = listings
            .iter_mut()
            .filter(|listing| listing.unpickable == Some(Unpickable::Unverified))
            .take(MAX_LOOKUPS);
        let lookups: Vec<_> = unverified
            .map(|listing| async move {
                listing.unpickable = self.standing(&listing.reference.id, token).await?;
                Ok(())
            })
            .collect();
        let answers: Vec<Result<(), ApiError>> = stream::iter(lookups).buffer_unordered(AT_ONCE).collect().await;
        let failed = answers.iter().filter(|answer| answer.is_err()).count();
        if let Some(Err(error)) = answers.into_iter().find(Result::is_err) {
            tracing::warn!(failed, ?error, "why some listings are unverified is unknown");
        }
    }

    async fn standing(&self, location: &str, token: &SecretString) -> Result<Option<Unpickable>, ApiError> {
        let path = format!("v1/{location}/VoiceOfMerchantState");
        let state: VoiceOfMerchantState = self.get((&self.verifications, &path), &[], token).await?;
        Ok(if state.comply_with_guidelines.is_some() {
            Some(Unpickable::Suspended)
        } else if state.has_voice_of_merchant {
            None
        } else {
            Some(Unpickable::Unverified)
        })
    }
}
