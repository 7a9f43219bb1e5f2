//! Reading links.

use axum::{Json, extract::State};
use domain::{
    connect_link::ConnectLinkError,
    ids::{CustomerId, LinkId, LocationId},
};
use projections::{
    link::{LinkStatus, LinkView},
    read::{Entry, Filter, Stale},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::Link;
use crate::{
    agency_api::{
        as_of::{self, AsOf},
        asked::{Asked, Id, provider},
        authenticated::LinksRead,
        document::{self, ReadRefusals},
        pages::{self, List},
        reading::{MinPosition, Reading},
    },
    problem::Problem,
    state::Server,
};

/// Which links are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct LinksWanted {
    /// Of this customer.
    #[param(value_type = Option<Uuid>)]
    customer_id: Option<CustomerId>,
    /// Of this place of business.
    #[param(value_type = Option<Uuid>)]
    location_id: Option<LocationId>,
    /// Standing so, by the clock.
    #[param(schema_with = document::link_statuses, required = false)]
    status: Option<LinkStatus>,
    /// For this provider.
    provider: Option<String>,
    /// As they were then: an RFC 3339 time, or the `Grantlink-Position` of an earlier answer.
    as_of: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of links, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Links {
    /// The links.
    data: Vec<Link>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
    /// How many links of this page are left out, because what is kept of them cannot be read until it is mended.
    unreadable: usize,
}

/// Lists links
///
/// Newest first. Pages stay as they are while links are issued meanwhile.
#[utoipa::path(
    get, path = "/links", tag = "Links", operation_id = "list_links",
    security(("api_key" = ["links:read"])), params(LinksWanted, MinPosition),
    responses((status = 200, description = "The links", body = Links), ReadRefusals),
)]
pub(in crate::agency_api) async fn list(
    State(server): State<Server>,
    reading: Reading<LinksRead>,
    list: List,
    Asked(wanted): Asked<LinksWanted>,
) -> Result<Json<Links>, Problem> {
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
        health: None,
    };
    reading.shown_by(&server, &[LinkView::VIEW]).await?;
    let until = as_of::moment(&server, &reading, wanted.as_of.as_deref()).await?;
    let now = until.map_or(reading.caller.context.now, |until| until.at);
    let mut stale = Stale::new();
    let rows = if let Some(until) = until {
        let past = as_of::indexed(&server, &reading, until).await?;
        let rows = past.links(&filter, page.with_one_more()).await?;
        rows.into_iter().map(Entry::Readable).collect()
    } else {
        let views = &server.views;
        stale = views.stale(&LinkView::VIEW).await?; // first, so that no old row goes without the word
        views
            .links(reading.tenant(), &filter, page.with_one_more(), now)
            .await?
    };
    let (rows, next_cursor) = page.cut(&server, rows, Entry::place);
    let length = rows.len();
    let rows = rows.into_iter().filter_map(Entry::readable);
    let data: Vec<_> = rows.map(|row| Link::of(row, now).among(&stale)).collect();
    Ok(Json(Links {
        unreadable: length - data.len(),
        data,
        next_cursor,
    }))
}

/// Reads a link
///
/// Where it stands, and of an ended one how and when it ended.
#[utoipa::path(
    get, path = "/links/{id}", tag = "Links", operation_id = "read_link",
    security(("api_key" = ["links:read"])),
    params(("id" = Uuid, Path, description = "The link"), AsOf, MinPosition),
    responses((status = 200, description = "The link", body = Link), ReadRefusals),
)]
pub(in crate::agency_api) async fn read(
    State(server): State<Server>,
    reading: Reading<LinksRead>,
    Id(id): Id<LinkId>,
    Asked(AsOf { as_of }): Asked<AsOf>,
) -> Result<Json<Link>, Problem> {
    let until = as_of::moment(&server, &reading, as_of.as_deref()).await?;
    let mut stale = Stale::new();
    let row = if let Some(until) = until {
        as_of::past(&server, &reading, until).link(id).await?
    } else {
        reading.shown_by(&server, &[LinkView::VIEW]).await?;
        stale = server.views.stale(&LinkView::VIEW).await?;
        server.views.link(reading.tenant(), id).await?
    };
    let row = row.ok_or(application::CommandError::from(ConnectLinkError::NotIssued))?;
    let now = until.map_or(reading.caller.context.now, |until| until.at);
    Ok(Json(Link::of(row, now).among(&stale)))
}
