//! One listener, many hosts: the installation's own (API and callbacks), the agencies' (pages), and those that nobody claimed.

use std::collections::BTreeSet;

use application::{CommandError, agencies::AgencyFace, states::Moment};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::host::HostName;
use tower::ServiceExt;

use crate::{
    agency_api,
    connect::{self, Asked},
    pages::UNCLAIMED_HOST,
    state::Server,
};

/// Where the agency API begins.
const API_PATHS: [&str; 2] = ["/api/", "/openapi.json"];

const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The installation's own hosts.
#[derive(Clone)]
pub struct Hosts {
    /// The host that providers send people back to.
    pub callback: HostName,
    /// Further hosts, names or addresses, on which the agency API answers.
    pub api: BTreeSet<String>,
}

#[derive(Clone)]
struct Rooms {
    hosts: Hosts,
    server: Server,
    pages: Router,
    callbacks: Router,
    api: Router,
}

/// Everything that is served, by host.
pub(super) fn router(server: Server, hosts: Hosts) -> Router {
    let rooms = Rooms {
        hosts,
        pages: connect::pages(server.clone()),
        callbacks: connect::callbacks(server.clone()),
        api: agency_api::router(server.clone()),
        server,
    };
    Router::new().fallback(dispatch).with_state(rooms)
}

/// Whatever is not the API leaves under the strict headers, error or not.
async fn dispatch(State(rooms): State<Rooms>, request: Request) -> Response {
    let https = rooms.server.app.addresses.scheme == "https";
    let mut response = route(rooms, request).await;
    if https {
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
    response
}

async fn route(rooms: Rooms, mut request: Request) -> Response {
    let Some(asked) = asked_host(&request) else {
        return connect::strict(StatusCode::BAD_REQUEST.into_response());
    };
    let path = request.uri().path();
    let is_callback_host = asked == rooms.hosts.callback.as_str();
    if is_callback_host && rooms.server.app.catalogue.by_callback_path(path).is_some() {
        return into(rooms.callbacks, request).await;
    }
    let is_own = is_callback_host || rooms.hosts.api.contains(&asked);
    if is_own && API_PATHS.iter().any(|start| path.starts_with(start)) {
        return into(rooms.api, request).await;
    }
    let Ok(host) = HostName::parse(&asked) else {
        return unclaimed(is_own, rooms, request).await;
    };
    match owner_of(&rooms.server, &host).await {
        Ok(Some((agency, at))) => {
            request.extensions_mut().insert(Asked { host, agency, at });
            connect::strict(into(rooms.pages, request).await)
        }
        Ok(None) => unclaimed(is_own, rooms, request).await,
        Err(error) => {
            tracing::error!(%error, "a host could not be looked up");
            connect::strict(StatusCode::SERVICE_UNAVAILABLE.into_response())
        }
    }
}

/// The agency whose host it is, as of now.
async fn owner_of(server: &Server, host: &HostName) -> Result<Option<(AgencyFace, Moment)>, CommandError> {
    let at = server.app.look().await?;
    let agency = server.app.agency_of_host(host, at).await?;
    Ok(agency.map(|agency| (agency, at)))
}

/// On the installation's own hosts the API says what is wrong; a stranger's host learns nothing.
async fn unclaimed(is_own: bool, rooms: Rooms, request: Request) -> Response {
    if is_own {
        return into(rooms.api, request).await;
    }
    connect::strict((StatusCode::NOT_FOUND, UNCLAIMED_HOST).into_response())
}

async fn into(router: Router, request: Request<Body>) -> Response {
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The host that was asked, without its port, in lower case.
fn asked_host(request: &Request) -> Option<String> {
    let authority = match request.uri().authority() {
        Some(authority) => authority.as_str().to_owned(),
        None => request.headers().get(header::HOST)?.to_str().ok()?.to_owned(),
    };
    let authority: axum::http::uri::Authority = authority.parse().ok()?;
    Some(authority.host().trim_end_matches('.').to_ascii_lowercase())
}
