//! One listener, many hosts: the installation's own (API and callbacks), the agencies' (pages), and those that nobody claimed.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

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
use tracing::Instrument;

use super::{
    request_line::RequestLine,
    room::{Budgets, refusal},
    run::Capacity,
};
use crate::{
    agency_api,
    connect::{self, Asked},
    operations::Room,
    pages::UNCLAIMED_HOST,
    problem::Kind,
    state::Server,
};

/// Where the agency API begins.
const API_PATHS: [&str; 2] = ["/api/", "/openapi.json"];

/// Longer than the slowest provider may take.
const LONGEST_REQUEST: Duration = Duration::from_secs(100);
const CLOSE: HeaderValue = HeaderValue::from_static("close");
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The installation's own hosts.
#[derive(Clone)]
pub struct Hosts {
    /// The host that providers send people back to.
    pub callback: HostName,
    /// Further hosts, names or addresses, on which the agency API answers.
    pub api: BTreeSet<String>,
}

struct Rooms {
    hosts: Hosts,
    server: Server,
    budgets: Budgets,
    pages: Router,
    callbacks: Router,
    api: Router,
}

/// Everything that is served, by host.
pub(super) fn router(server: Server, hosts: Hosts, capacity: Capacity) -> Router {
    let rooms = Rooms {
        hosts,
        budgets: Budgets::new(capacity.public_requests, capacity.api_requests, server.measures.clone()),
        pages: connect::pages(server.clone()),
        callbacks: connect::callbacks(server.clone()),
        api: agency_api::router(server.clone()),
        server,
    };
    Router::new().fallback(dispatch).with_state(Arc::new(rooms))
}

/// Who is asked for what.
struct Asking {
    host: String,
    is_own: bool,
    is_callback: bool,
    room: Room,
}

impl Rooms {
    fn asking(&self, request: &Request) -> Option<Asking> {
        let host = asked_host(request)?;
        let path = request.uri().path();
        let is_callback_host = host == self.hosts.callback.as_str();
        let is_callback = is_callback_host && self.server.app.catalogue.by_callback_path(path).is_some();
        let is_own = is_callback_host || self.hosts.api.contains(&host);
        let is_api = is_own && !is_callback && API_PATHS.iter().any(|start| path.starts_with(start));
        Some(Asking {
            host,
            is_own,
            is_callback,
            room: if is_api { Room::Api } else { Room::Public },
        })
    }
}

/// Whatever is not the API leaves under the strict headers, error or not.
async fn dispatch(State(rooms): State<Arc<Rooms>>, mut request: Request) -> Response {
    let Server {
        app, measures, drain, ..
    } = &rooms.server;
    let asking = rooms.asking(&request);
    let room = asking.as_ref().map_or(Room::Public, |asking| asking.room);
    let line = RequestLine::begin(app, measures.clone(), room, &mut request);
    let id = line.id();
    let answered = tokio::time::timeout(LONGEST_REQUEST, enter(&rooms, asking, request))
        .instrument(line.step())
        .await;
    let mut response = answered.unwrap_or_else(|_| refusal(room, Kind::RequestTimeout, Some(id)));
    if app.addresses.scheme == "https" {
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
    if drain.is_announced() {
        // The next request on this connection would find nobody.
        response.headers_mut().insert(header::CONNECTION, CLOSE);
    }
    line.end(&response);
    response
}

async fn enter(rooms: &Rooms, asking: Option<Asking>, request: Request) -> Response {
    let Some(asking) = asking else {
        return connect::strict(StatusCode::BAD_REQUEST.into_response());
    };
    let (mut request, place) = match rooms.budgets.enter(asking.room, request).await {
        Ok(entered) => entered,
        Err(refused) => return refused,
    };
    match asking.room {
        Room::Api => {
            let response = into(&rooms.api, request).await;
            drop(place);
            response
        }
        Room::Public => {
            request.extensions_mut().insert(place); // goes into the page's own task
            open(rooms, asking, request).await
        }
    }
}

async fn open(rooms: &Rooms, asking: Asking, mut request: Request) -> Response {
    if asking.is_callback {
        return into(&rooms.callbacks, request).await;
    }
    let Ok(host) = HostName::parse(&asking.host) else {
        return unclaimed(asking.is_own, rooms, request).await;
    };
    match owner_of(&rooms.server, &host).await {
        Ok(Some((agency, at))) => {
            request.extensions_mut().insert(Asked { host, agency, at });
            connect::strict(into(&rooms.pages, request).await)
        }
        Ok(None) => unclaimed(asking.is_own, rooms, request).await,
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
async fn unclaimed(is_own: bool, rooms: &Rooms, request: Request) -> Response {
    if is_own {
        return into(&rooms.api, request).await;
    }
    connect::strict((StatusCode::NOT_FOUND, UNCLAIMED_HOST).into_response())
}

async fn into(router: &Router, request: Request<Body>) -> Response {
    match router.clone().oneshot(request).await {
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
