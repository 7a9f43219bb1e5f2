//! Trouble on demand: a slow answer, an outage, a quota that is used up.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::business_profile::status::Status;
use crate::state::App;

/// What goes wrong with the next requests to one path.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The exact path, or the beginning of one when it ends in `*`.
    pub path: String,
    /// Answer with this status instead of doing anything; without it, the request is only delayed.
    #[serde(default)]
    pub status: Option<u16>,
    /// How many requests are hit.
    #[serde(default = "once")]
    pub times: u32,
    /// How long to wait first.
    #[serde(default)]
    pub delay_ms: u64,
    /// The body to answer with, in place of the one Google would send with that status.
    #[serde(default)]
    pub body: Option<Value>,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// The next request to `path` fails with `status`.
    pub fn status(path: impl Into<String>, status: u16) -> Self {
        Self {
            path: path.into(),
            status: Some(status),
            times: 1,
            delay_ms: 0,
            body: None,
        }
    }

    /// The next request to `path` is answered properly, but late.
    pub fn delay(path: impl Into<String>, delay_ms: u64) -> Self {
        Self {
            path: path.into(),
            status: None,
            times: 1,
            delay_ms,
            body: None,
        }
    }

    fn hits(&self, path: &str) -> bool {
        match self.path.strip_suffix('*') {
            Some(beginning) => path.starts_with(beginning),
            None => self.path == path,
        }
    }

    fn answer(&self, path: &str) -> Option<Response> {
        let status = StatusCode::from_u16(self.status?).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Some(match &self.body {
            Some(body) => (status, Json(body)).into_response(),
            None if path.starts_with("/v1/") || path.starts_with("/v4/") => {
                Status::of_an_outage(status, path).into_response()
            }
            None => (status, Json(json!({"error": "internal_failure"}))).into_response(),
        })
    }
}

/// The faults that have not been used up yet.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) async fn add(&self, fault: Fault) {
        self.0.lock().await.push(fault);
    }

    pub(crate) async fn clear(&self) {
        self.0.lock().await.clear();
    }

    async fn take(&self, path: &str) -> Option<Fault> {
        let mut faults = self.0.lock().await;
        faults.retain(|fault| fault.times > 0);
        let fault = faults.iter_mut().find(|fault| fault.hits(path))?;
        fault.times -= 1;
        Some(fault.clone())
    }
}

/// Lets the next fault for this path happen, if there is one.
pub(crate) async fn strike(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if path.starts_with("/_simulator/") {
        return next.run(request).await;
    }
    let Some(fault) = app.faults.take(&path).await else {
        return next.run(request).await;
    };
    tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    match fault.answer(&path) {
        Some(answer) => answer,
        None => next.run(request).await,
    }
}
