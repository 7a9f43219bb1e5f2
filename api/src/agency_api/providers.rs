//! What can be connected here.

use axum::{Json, extract::State};
use domain::provider::ProviderId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    asked::{Asked, NoFilters},
    authenticated::{AnyKey, Authenticated},
    document::ReadRefusals,
};
use crate::state::Server;

/// A provider that is configured.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Provider {
    /// Its name in the catalogue: what a link's `provider` is.
    #[schema(value_type = String, example = "google")]
    id: ProviderId,
    /// What people call it.
    #[schema(example = "Google")]
    name: String,
    /// What is connected there.
    #[schema(example = "Business Profile")]
    product: String,
}

/// The configured providers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Providers {
    /// The providers.
    data: Vec<Provider>,
}

/// Lists providers
///
/// Those that links can be issued for.
#[utoipa::path(
    get, path = "/providers", tag = "Providers", operation_id = "list_providers", security(("api_key" = [])),
    responses((status = 200, description = "The providers", body = Providers), ReadRefusals),
)]
pub(super) async fn list(
    State(server): State<Server>,
    _: Authenticated<AnyKey>,
    _: Asked<NoFilters>,
) -> Json<Providers> {
    let connectors = server.app.catalogue.all();
    let data = connectors
        .iter()
        .map(|connector| connector.about())
        .map(|about| Provider {
            id: about.id.clone(),
            name: about.name.clone(),
            product: about.product.clone(),
        });
    Json(Providers { data: data.collect() })
}
