//! The verifications API: whether a business has a say in its own listing, and if not, why.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::business_profile::access::caller;
use crate::business_profile::model::{Listing, Standing};
use crate::business_profile::status::{Method, Status};
use crate::state::App;

/// When everything verified here was.
const VERIFIED_AT: &str = "2024-03-14T09:26:53Z";
/// When everything pending here was begun.
const BEGUN_AT: &str = "2026-10-05T08:00:00Z";

pub(crate) async fn voice_of_merchant(
    State(app): State<App>,
    headers: HeaderMap,
    Path(location): Path<String>,
) -> Result<Json<Value>, Status> {
    let caller = caller(&app, &headers, Method::VOICE_OF_MERCHANT).await?;
    Ok(Json(state_of(caller.listing(&app, &location)?)))
}

pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    Path(location): Path<String>,
) -> Result<Json<Value>, Status> {
    let caller = caller(&app, &headers, Method::LIST_VERIFICATIONS).await?;
    Ok(Json(verifications_of(caller.listing(&app, &location)?)))
}

/// What is false is left out; of the reasons there is exactly one.
fn state_of(listing: &Listing) -> Value {
    let guidelines =
        |reason: &str| json!({"hasBusinessAuthority": true, "complyWithGuidelines": {"recommendationReason": reason}});
    match &listing.standing {
        Standing::Verified => json!({"hasVoiceOfMerchant": true, "hasBusinessAuthority": true}),
        Standing::Unverified { pending: true } => {
            json!({"verify": {"hasPendingVerification": true}})
        }
        Standing::Unverified { pending: false } => json!({"verify": {}}),
        Standing::Suspended => guidelines("BUSINESS_LOCATION_SUSPENDED"),
        Standing::Disabled => guidelines("BUSINESS_LOCATION_DISABLED"),
        Standing::DuplicateOf(_) => json!({"resolveOwnershipConflict": {}}),
    }
}

fn verifications_of(listing: &Listing) -> Value {
    let (state, created) = match &listing.standing {
        Standing::Verified | Standing::Suspended | Standing::Disabled => ("COMPLETED", VERIFIED_AT),
        Standing::Unverified { pending: true } => ("PENDING", BEGUN_AT),
        Standing::Unverified { pending: false } | Standing::DuplicateOf(_) => return json!({}),
    };
    let name = format!("{}/verifications/1", listing.resource_name());
    json!({"verifications": [{"name": name, "method": "PHONE_CALL", "state": state, "createTime": created}]})
}
