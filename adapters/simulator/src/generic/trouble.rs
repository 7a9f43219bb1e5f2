//! What goes wrong between a server and its client: answers that come late, that break off, or that never come. Unlike a refusal it
//! leaves open whether the request was done; here it was, unless the trouble says `before`.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;

use super::server::{AUTHORIZE, KEYS, REVOKE, TOKEN, USERINFO};
use super::state::App;
use crate::params::Params;

const LARGEST_BODY: usize = 64 * 1024;

/// Something that goes wrong at one endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// Where: `exchange`, `refresh`, `userinfo`, `listings`, `workspace`, `introspect`, `revoke`, `keys` or
    /// `authorize`.
    pub at: String,
    /// It hits each such request, or each second, third ...
    #[serde(default = "one")]
    pub every: u32,
    /// How many are hit; all where it is not said.
    #[serde(default)]
    pub times: Option<u32>,
    /// The request is not done at all.
    #[serde(default)]
    pub before: bool,
    /// How late the answer is.
    #[serde(default)]
    pub delay_ms: u64,
    /// Where the answer breaks off.
    #[serde(default)]
    pub cut: Option<Cut>,
    /// What is answered instead.
    #[serde(default)]
    pub status: Option<u16>,
    /// With this body.
    #[serde(default)]
    pub body: Option<Value>,
}

/// Where an answer breaks off. The connection is closed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// After its head.
    Head,
    /// Half way through its body.
    Half,
}

fn one() -> u32 {
    1
}

impl Trouble {
    /// Nothing goes wrong yet at `at`: the other fields say what.
    pub fn at(at: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            every: 1,
            times: None,
            before: false,
            delay_ms: 0,
            cut: None,
            status: None,
            body: None,
        }
    }

    /// Only for that many requests.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// The request is done, and its answer breaks off.
    #[must_use]
    pub fn cut(self, cut: Cut) -> Self {
        Self { cut: Some(cut), ..self }
    }

    /// The request is done, and its answer comes late.
    #[must_use]
    pub fn late(self, delay_ms: u64) -> Self {
        Self { delay_ms, ..self }
    }
}

/// The troubles that are not over, each with the requests that it has seen.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<Vec<(Trouble, u32)>>);

impl Troubles {
    pub(super) async fn add(&self, trouble: Trouble) {
        self.0.lock().await.push((trouble, 0));
    }

    pub(super) async fn clear(&self) {
        self.0.lock().await.clear();
    }

    pub(super) async fn left(&self) -> usize {
        let troubles = self.0.lock().await;
        troubles.iter().filter(|(trouble, _)| trouble.times != Some(0)).count()
    }

    async fn take(&self, endpoint: &str) -> Option<Trouble> {
        let mut troubles = self.0.lock().await;
        troubles.retain(|(trouble, _)| trouble.times != Some(0));
        for (trouble, seen) in troubles.iter_mut().filter(|(trouble, _)| trouble.at == endpoint) {
            *seen += 1;
            if seen.is_multiple_of(trouble.every.max(1)) {
                trouble.times = trouble.times.map(|times| times - 1);
                return Some(trouble.clone());
            }
        }
        None
    }
}

/// Lets the next trouble of this endpoint happen, if there is one.
pub(super) async fn strike(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let endpoint = endpoint(parts.uri.path(), &body);
    let request = Request::from_parts(parts, Body::from(body));
    let Some(trouble) = app.troubles.take(endpoint).await else {
        return next.run(request).await;
    };
    if trouble.before {
        tokio::time::sleep(Duration::from_millis(trouble.delay_ms)).await;
        return cut(instead(&trouble, StatusCode::SERVICE_UNAVAILABLE), trouble.cut).await;
    }
    let done = next.run(request).await;
    tokio::time::sleep(Duration::from_millis(trouble.delay_ms)).await;
    let answer = match trouble.status {
        Some(_) => instead(&trouble, done.status()),
        None => done,
    };
    cut(answer, trouble.cut).await
}

fn endpoint(path: &str, body: &[u8]) -> &'static str {
    match path {
        TOKEN if Params::parse(body).get("grant_type") == Some("refresh_token") => "refresh",
        TOKEN => "exchange",
        USERINFO => "userinfo",
        REVOKE => "revoke",
        KEYS => "keys",
        AUTHORIZE => "authorize",
        "/introspect" => "introspect",
        "/api/workspaces" => "listings",
        path if path.starts_with("/api/workspaces/") => "workspace",
        path if path.starts_with("/v1/") => "listings",
        _ => "",
    }
}

fn instead(trouble: &Trouble, otherwise: StatusCode) -> Response {
    let status = trouble.status.and_then(|status| StatusCode::from_u16(status).ok());
    let body = trouble.body.clone().unwrap_or_default();
    (status.unwrap_or(otherwise), Json(body)).into_response()
}

/// The answer up to where it breaks off. Its length promises all of it.
async fn cut(answer: Response, cut: Option<Cut>) -> Response {
    let Some(cut) = cut else { return answer };
    let (mut parts, body) = answer.into_parts();
    let whole = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    // A body of nothing could not break off.
    let whole = if whole.is_empty() {
        Bytes::from_static(b"  ")
    } else {
        whole
    };
    parts.headers.insert(CONTENT_LENGTH, whole.len().into());
    let sent = match cut {
        Cut::Head => Bytes::new(),
        Cut::Half => whole.slice(..whole.len() / 2),
    };
    let sent = stream::once(async move { Ok::<_, Infallible>(sent) }).map(|part| part.map_err(|never| match never {}));
    let broken = stream::once(async {
        // Waiting makes the server write what it has before it hears that there is no more.
        tokio::time::sleep(Duration::from_millis(5)).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Response::from_parts(parts, Body::from_stream(sent.chain(broken)))
}
