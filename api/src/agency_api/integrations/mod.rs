//! Integrations with their badges.

mod body;

use axum::{Json, extract::State};
use domain::ids::{CustomerId, IntegrationId, LocationId};
use projections::{
    integration::{Badge, IntegrationView},
    read::{Cursor, Filter},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use body::Integration;

use super::{
    asked::{Asked, Id, provider},
    authenticated::IntegrationsRead,
    document::{self, ReadRefusals},
    pages,
    reading::{MinPosition, Reading},
};
use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// Which integrations are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct IntegrationsWanted {
    /// Of this customer.
    #[param(value_type = Option<Uuid>)]
    customer_id: Option<CustomerId>,
    /// Of this place of business.
    #[param(value_type = Option<Uuid>)]
    location_id: Option<LocationId>,
    /// With this badge, by the clock.
    #[param(schema_with = document::badges, required = false)]
    status: Option<Badge>,
    /// With this provider.
    provider: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of integrations, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Integrations {
    /// The integrations.
    data: Vec<Integration>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
}

/// Lists integrations
///
/// Newest first. Pages stay as they are while others are added meanwhile.
#[utoipa::path(
    get, path = "/integrations", tag = "Integrations", operation_id = "list_integrations",
    security(("api_key" = ["integrations:read"])), params(IntegrationsWanted, MinPosition),
    responses((status = 200, description = "The integrations", body = Integrations), ReadRefusals),
)]
pub(super) async fn list(
    State(server): State<Server>,
    reading: Reading<IntegrationsRead>,
    Asked(wanted): Asked<IntegrationsWanted>,
) -> Result<Json<Integrations>, Problem> {
    let page = pages::asked(&server, reading.tenant(), wanted.limit, wanted.cursor.as_deref())?;
    let filter = Filter {
        customer: wanted.customer_id,
        location: wanted.location_id,
        provider: provider(wanted.provider)?,
        status: wanted.status,
    };
    reading.shown_by(&server, &[IntegrationView::VIEW]).await?;
    let now = reading.caller.context.now;
    let rows = server
        .views
        .integrations(reading.tenant(), &filter, page.with_one_more(), now)
        .await?;
    let (rows, next_cursor) = page.cut(&server, reading.tenant(), rows, |row| Cursor::from(row));
    let data = rows.into_iter().map(|row| Integration::of(row, now)).collect();
    Ok(Json(Integrations { data, next_cursor }))
}

/// Reads an integration
///
/// With its badge, what the customer picked, and the link that is on its way.
#[utoipa::path(
    get, path = "/integrations/{id}", tag = "Integrations", operation_id = "read_integration",
    security(("api_key" = ["integrations:read"])),
    params(("id" = Uuid, Path, description = "The integration"), MinPosition),
    responses((status = 200, description = "The integration", body = Integration), ReadRefusals),
)]
pub(super) async fn read(
    State(server): State<Server>,
    reading: Reading<IntegrationsRead>,
    Id(id): Id<IntegrationId>,
) -> Result<Json<Integration>, Problem> {
    reading.shown_by(&server, &[IntegrationView::VIEW]).await?;
    let row = server.views.integration(reading.tenant(), id).await?;
    let row = row.ok_or_else(|| Problem::new(Kind::IntegrationNotFound).detail("there is no such integration"))?;
    Ok(Json(Integration::of(row, reading.caller.context.now)))
}
