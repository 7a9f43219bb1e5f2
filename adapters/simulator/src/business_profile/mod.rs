//! Business Profile: accounts, locations and how far they are verified, on Google's own paths.

mod access;
mod accounts;
mod locations;
pub(crate) mod model;
mod paging;
mod performance;
mod read_mask;
pub(crate) mod reviews;
pub(crate) mod status;
mod verifications;

use axum::Router;
use axum::routing::{get, put};

use crate::state::App;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/accounts", get(accounts::list))
        .route("/v1/accounts/{account}", get(accounts::one))
        .route("/v1/accounts/{account}/locations", get(locations::list))
        .route("/v1/locations/{location}", get(locations::one))
        .route(
            "/v1/locations/{location}/VoiceOfMerchantState",
            get(verifications::voice_of_merchant),
        )
        .route("/v1/locations/{location}/verifications", get(verifications::list))
        .route(
            "/v4/accounts/{account}/locations/{location}/reviews",
            get(reviews::list),
        )
        .route(
            "/v4/accounts/{account}/locations/{location}/reviews/{review}",
            get(reviews::one),
        )
        .route(
            "/v4/accounts/{account}/locations/{location}/reviews/{review}/reply",
            put(reviews::reply).delete(reviews::withdraw_reply),
        )
}
