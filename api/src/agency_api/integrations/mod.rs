//! Integrations with their badges.

mod body;
pub(super) mod commands;
pub(super) mod health;

use axum::{Json, extract::State};
use domain::ids::{CustomerId, IntegrationId, LocationId};
use projections::{
    integration::{Badge, HealthStatus, IntegrationView},
    read::{Entry, Filter, Stale},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(super) use body::Integration;
pub(super) use health::Knowledge;

use super::{
    as_of::{self, AsOf},
    asked::{Asked, Id, provider},
    authenticated::IntegrationsRead,
    document::{self, ReadRefusals},
    pages::{self, List},
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
    /// As well as that.
    #[param(schema_with = document::health_statuses, required = false)]
    health: Option<HealthStatus>,
    /// With this provider.
    provider: Option<String>,
    /// As they were then: an RFC 3339 time, or the `Grantlink-Position` of an earlier answer.
    as_of: Option<String>,
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
    /// How many integrations of this page are left out, because what is kept of them cannot be read until it is mended.
    unreadable: usize,
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
    list: List,
    Asked(wanted): Asked<IntegrationsWanted>,
) -> Result<Json<Integrations>, Problem> {
    let page = pages::asked(
        &server,
        list.reader(reading.tenant()),
        wanted.limit,
        wanted.cursor.as_deref(),
    )?;
    let filter = Filter {
        customer: wanted.customer_id,
        location: wanted.location_id,
        provider: provider(wanted.provider)?,
        status: wanted.status,
        health: wanted.health,
    };
    reading.shown_by(&server, &[IntegrationView::VIEW]).await?;
    let until = as_of::moment(&server, &reading, wanted.as_of.as_deref()).await?;
    let now = until.map_or(reading.caller.context.now, |until| until.at);
    let mut stale = Stale::new();
    let rows = if let Some(until) = until {
        let past = as_of::indexed(&server, &reading, until).await?;
        let rows = past.integrations(&filter, page.with_one_more()).await?;
        rows.into_iter().map(Entry::Readable).collect()
    } else {
        let views = &server.views;
        stale = views.stale(&IntegrationView::VIEW).await?; // first, so that no old row goes without the word
        let rows = views.integrations(reading.tenant(), &filter, page.with_one_more(), now);
        rows.await?
    };
    let (rows, next_cursor) = page.cut(&server, rows, Entry::place);
    let length = rows.len();
    let rows: Vec<_> = rows.into_iter().filter_map(Entry::readable).collect();
    let known = match until {
        Some(_) => Knowledge::of_the_past(&server.app),
        None => Knowledge::of_now(&server, reading.tenant(), rows.iter()).await?,
    };
    let rows = rows.into_iter();
    let data: Vec<_> = rows
        .map(|row| Integration::of(row, &known, now).among(&stale))
        .collect();
    Ok(Json(Integrations {
        unreadable: length - data.len(),
        data,
        next_cursor,
    }))
}

/// Reads an integration
///
/// With its badge, what the customer picked, and the link that is on its way.
#[utoipa::path(
    get, path = "/integrations/{id}", tag = "Integrations", operation_id = "read_integration",
    security(("api_key" = ["integrations:read"])),
    params(("id" = Uuid, Path, description = "The integration"), AsOf, MinPosition),
    responses((status = 200, description = "The integration", body = Integration), ReadRefusals),
)]
pub(super) async fn read(
    State(server): State<Server>,
    reading: Reading<IntegrationsRead>,
    Id(id): Id<IntegrationId>,
    Asked(AsOf { as_of }): Asked<AsOf>,
) -> Result<Json<Integration>, Problem> {
    let until = as_of::moment(&server, &reading, as_of.as_deref()).await?;
    let mut stale = Stale::new();
    let row = if let Some(until) = until {
        as_of::past(&server, &reading, until).integration(id).await?
    } else {
        reading.shown_by(&server, &[IntegrationView::VIEW]).await?;
        stale = server.views.stale(&IntegrationView::VIEW).await?;
        server.views.integration(reading.tenant(), id).await?
    };
    let row = row.ok_or_else(|| Problem::new(Kind::IntegrationNotFound).detail("there is no such integration"))?;
    let now = until.map_or(reading.caller.context.now, |until| until.at);
    let known = match until {
        Some(_) => Knowledge::of_the_past(&server.app),
        None => Knowledge::of_now(&server, reading.tenant(), std::iter::once(&row)).await?,
    };
    Ok(Json(Integration::of(row, &known, now).among(&stale)))
}
