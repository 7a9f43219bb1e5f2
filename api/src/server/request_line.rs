//! One line in the log and one count for every request, whatever becomes of it: its route, never its path, which may hold a token.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use adapters::traces::{Parent, is_kept};
use application::{App, step::STEP};
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, Method},
    response::Response,
};
use domain::ids::{AgencyId, RequestId};
use tokio::time::Instant;
use tracing::{Span, field::Empty};
use uuid::Uuid;

use super::room::Shed;
use crate::{
    operations::{Measures, Room},
    problem::Problem,
};

/// The call's id: the caller's own, where it is a UUID.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Which trace the caller wants it to belong to.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Noted for a request that nobody waits for any more, as other servers do.
const LEFT: u16 = 499;
/// The route of what has none.
const NO_ROUTE: &str = "-";

/// What the rooms learn about a request on its way, for its line.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Learned>);

#[derive(Default)]
struct Learned {
    route: OnceLock<Arc<str>>,
    agency: OnceLock<AgencyId>,
    key: OnceLock<u32>,
}

impl Notes {
    /// Those of a request.
    pub(crate) fn of(extensions: &axum::http::Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Which route it took.
    pub(crate) fn route(&self, route: &MatchedPath) {
        self.0.route.set(Arc::from(route.as_str())).ok(); // the first one counts
    }

    /// Whose pages or data it is about.
    pub(crate) fn agency(&self, agency: AgencyId) {
        self.0.agency.set(agency).ok();
    }

    /// Which of the agency's keys it came with.
    pub(crate) fn key(&self, number: u32) {
        self.0.key.set(number).ok();
    }
}

/// A request, from its arrival to its line.
pub(super) struct RequestLine {
    id: RequestId,
    room: Room,
    method: Method,
    notes: Notes,
    began: Instant,
    measures: Measures,
    step: Span,
    trace: Option<String>,
    is_written: bool,
}

impl RequestLine {
    /// Gives the request its id, and the rooms a place for what they learn.
    pub(super) fn begin(app: &App, measures: Measures, room: Room, request: &mut Request) -> Self {
        let given = match room {
            Room::Api => given_id(request.headers()),
            Room::Public => None, // strangers name nothing
        };
        let id = given.unwrap_or_else(|| RequestId(app.entropy.id(app.clock.now())));
        let (step, trace) = step(id, room, request);
        let notes = Notes::default();
        let extensions = request.extensions_mut();
        extensions.insert(id);
        extensions.insert(notes.clone());
        Self {
            id,
            room,
            method: request.method().clone(),
            notes,
            began: Instant::now(),
            measures,
            step,
            trace,
            is_written: false,
        }
    }

    /// The id that it was given.
    pub(super) fn id(&self) -> RequestId {
        self.id
    }

    /// What is done for it, as a step of a trace.
    pub(super) fn step(&self) -> Span {
        self.step.clone()
    }

    /// Writes the line, unless it is one of those that are told together.
    pub(super) fn end(mut self, response: &Response) {
        if response.extensions().get::<Shed>().is_some() {
            self.is_written = true;
            self.count(response.status().as_u16(), Arc::from(NO_ROUTE), self.began.elapsed());
            return;
        }
        let cause = response.extensions().get::<Problem>().and_then(Problem::logged_cause);
        self.write(response.status().as_u16(), cause);
    }

    fn write(&mut self, status: u16, cause: Option<&str>) {
        self.is_written = true;
        let took = self.began.elapsed();
        let learned = &self.notes.0;
        let route = learned.route.get().cloned().unwrap_or_else(|| Arc::from(NO_ROUTE));
        let (method, request_id) = (self.method.as_str(), tracing::field::display(self.id));
        let agency = learned.agency.get().map(tracing::field::display);
        let key = learned.key.get().copied();
        let trace_id = self.trace.as_deref();
        let took_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
        macro_rules! line {
            ($level:ident, $said:literal) => {
                tracing::$level!(
                    method,
                    route = &*route,
                    status,
                    took_ms,
                    request_id,
                    trace_id,
                    agency,
                    key,
                    cause,
                    $said
                )
            };
        }
        match (status, self.room) {
            (503, _) => line!(warn, "could not serve the request now"),
            (500.., _) => line!(error, "could not serve the request"),
            (LEFT, _) => line!(info, "the request was left"),
            (_, Room::Public) => line!(info, "served the page"),
            (_, Room::Api) => line!(info, "served the call"),
        }
        self.count(status, route, took);
    }

    fn count(&self, status: u16, route: Arc<str>, took: Duration) {
        self.end_step(&route, status);
        self.measures.served(self.room, &self.method, route, status, took);
    }

    fn end_step(&self, route: &str, status: u16) {
        let (step, learned) = (&self.step, &self.notes.0);
        if let Some(agency) = learned.agency.get() {
            step.record("grantlink.agency", tracing::field::display(agency));
        }
        if let Some(key) = learned.key.get() {
            step.record("grantlink.key", *key);
        }
        step.record("name", format!("{} {route}", self.method.as_str()));
        step.record("http.route", route);
        step.record("http.response.status_code", status);
        step.record("failed", status >= 500);
        step.record("ended", true); // what it set going may take longer
    }
}

/// A request whose client left before it was answered.
impl Drop for RequestLine {
    fn drop(&mut self) {
        if !self.is_written {
            self.write(LEFT, None);
        }
    }
}

/// The id of a request: the one it was given on its arrival, or one of its own.
pub(crate) fn request_id(app: &App, request: &Request) -> RequestId {
    let known = request.extensions().get::<RequestId>().copied();
    known
        .or_else(|| given_id(request.headers()))
        .unwrap_or_else(|| RequestId(app.entropy.id(app.clock.now())))
}

/// The request as a step, and the trace that it belongs to. Software that calls the API may name its own trace; strangers on the
/// pages may not. Otherwise the trace's id is the request's, so that one leads to the other.
fn step(id: RequestId, room: Room, request: &Request) -> (Span, Option<String>) {
    const SERVER: u64 = 2;
    let named: Option<Parent> = match room {
        Room::Api => request
            .headers()
            .get(TRACEPARENT)
            .and_then(|text| text.to_str().ok()?.parse().ok()),
        Room::Public => None,
    };
    let trace = named.map_or(id.0.as_u128(), |parent| parent.trace).max(1); // 0 is no trace's id
    let span = tracing::info_span!(
        target: STEP,
        parent: None,
        "request",
        kind = SERVER,
        trace,
        parent = named.map(|parent| parent.step),
        sampled = named.map(|parent| parent.is_sampled),
        grantlink.request_id = %id,
        http.request.method = request.method().as_str(),
        name = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
        grantlink.agency = Empty,
        grantlink.key = Empty,
        failed = Empty,
        ended = Empty,
    );
    let trace = is_kept(&span).then(|| format!("{trace:032x}"));
    (span, trace)
}

fn given_id(headers: &HeaderMap) -> Option<RequestId> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    Uuid::try_parse(text).ok().map(RequestId)
}
