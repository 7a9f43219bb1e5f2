//! What was asked of the simulator, so that a test can prove what a caller did and, above all, what it did not do.
//!
//! The log never holds a secret: values are kept for a short list of harmless parameters, of the others only the names.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::params::Params;

const LARGEST_BODY: usize = 64 * 1024;

/// Parameters whose values say what was asked without giving anything away.
const SAFE_TO_SHOW: [&str; 17] = [
    "access_type",
    "account",
    "client_id",
    "code_challenge_method",
    "decision",
    "filter",
    "grant_type",
    "include_granted_scopes",
    "orderBy",
    "pageSize",
    "prompt",
    "readMask",
    "redirect_uri",
    "response_mode",
    "response_type",
    "scope",
    "token_type_hint",
];

/// One request as the simulator saw it.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedRequest {
    /// Counts up from 1 and is not reset when the log is cleared.
    pub number: u64,
    /// By the simulator's clock.
    pub at: DateTime<Utc>,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Query parameters; the value is there only where it is harmless.
    pub query: BTreeMap<String, Option<String>>,
    /// Form parameters, likewise.
    pub form: BTreeMap<String, Option<String>>,
    /// `Bearer` or `Basic`, never what follows it.
    pub authorization: Option<String>,
    /// The answer's status, once there is one.
    pub status: Option<u16>,
}

/// The log itself; readers see it at once and may wait for it to grow. Copies are of one log.
#[derive(Clone, Debug)]
pub(crate) struct RequestLog(watch::Sender<Entries>);

#[derive(Debug, Default)]
struct Entries {
    last_number: u64,
    requests: Vec<LoggedRequest>,
}

impl RequestLog {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Entries::default()))
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.0.borrow().requests.clone()
    }

    pub(crate) fn clear(&self) {
        self.0.send_modify(|entries| entries.requests.clear());
    }

    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        count(&self.0.borrow(), method, path)
    }

    /// Returns as soon as that many such requests have come in.
    pub(crate) async fn wait_for(&self, method: &str, path: &str, times: usize) {
        let mut reader = self.0.subscribe();
        // The sender lives in self, so waiting cannot end for any other reason.
        let _ = reader.wait_for(|entries| count(entries, method, path) >= times).await;
    }

    fn add(&self, mut request: LoggedRequest) -> u64 {
        let mut number = 0;
        self.0.send_modify(|entries| {
            entries.last_number += 1;
            number = entries.last_number;
            request.number = number;
            entries.requests.push(request);
        });
        number
    }

    fn answered(&self, number: u64, status: StatusCode) {
        self.0.send_modify(|entries| {
            if let Some(request) = entries.requests.iter_mut().find(|request| request.number == number) {
                request.status = Some(status.as_u16());
            }
        });
    }
}

fn count(entries: &Entries, method: &str, path: &str) -> usize {
    entries
        .requests
        .iter()
        .filter(|request| request.method == method && request.path == path)
        .count()
}

/// Writes a request down before anything else happens to it, so that a delayed or refused one counts as well.
pub(crate) async fn record(State((log, clock)): State<(RequestLog, Clock)>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/_simulator/") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let number = log.add(LoggedRequest {
        number: 0,
        at: clock.now(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: shown(&Params::of_query(parts.uri.query())),
        form: shown(&form(&parts.headers, &body)),
        authorization: scheme(&parts.headers),
        status: None,
    });
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    log.answered(number, response.status());
    response
}

fn form(headers: &HeaderMap, body: &Bytes) -> Params {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        Params::parse(body)
    } else {
        Params::default()
    }
}

fn shown(params: &Params) -> BTreeMap<String, Option<String>> {
    params
        .iter()
        .map(|(name, value)| (shown_name(name), SAFE_TO_SHOW.contains(&name).then(|| value.to_owned())))
        .collect()
}

/// A body that is not a form parses as one long name, which could be anything.
fn shown_name(name: &str) -> String {
    let ordinary = name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if ordinary {
        name.to_owned()
    } else {
        "(not a parameter name)".to_owned()
    }
}

fn scheme(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    // A header without a space may be a bare secret: then not even its beginning is shown.
    value.split_once(' ').map(|(scheme, _)| scheme.to_owned())
}
