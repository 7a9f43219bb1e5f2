//! The listener for probes and figures.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use projections::checkpoints::Health;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;

use super::{
    drain::Drain,
    health::Readiness,
    measures::Measures,
    sample::{Limits, Sample, Sampler, ViewSample},
};
use crate::server::{Line, accept};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// What probes are answered from.
#[derive(Clone)]
pub struct Operations {
    /// What this node counts.
    pub measures: Measures,
    /// Whether it is stopping.
    pub drain: Drain,
    /// What must hold for it to be ready.
    pub limits: Limits,
}

#[derive(Clone)]
struct Asked {
    operations: Operations,
    found: watch::Receiver<Option<Sample>>,
}

/// Answers probes, and looks at what they are about, until it is told to stop; later than the public listener, so that the end is seen.
pub async fn serve(listener: TcpListener, operations: Operations, sampler: Sampler, stop: CancellationToken) {
    let (tell, found) = watch::channel(None);
    let sampling = sampler.keep(tell, operations.measures.clone(), stop.clone());
    let measures = operations.measures.clone();
    let app = router(operations, found);
    tokio::join!(sampling, accept(listener, app, Line::default(), measures, stop));
}

fn router(operations: Operations, found: watch::Receiver<Option<Sample>>) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(figures))
        .route("/views", get(views))
        .with_state(Arc::new(Asked { operations, found }))
}

/// The process turns. The database is not asked: an outage there is no reason to restart here.
async fn alive() -> Response {
    ([NO_STORE], "alive\n").into_response()
}

async fn ready(State(asked): State<Arc<Asked>>) -> Response {
    let Operations { drain, limits, .. } = &asked.operations;
    let readiness = Readiness::of(asked.found.borrow().as_ref(), drain, limits);
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [NO_STORE], Json(readiness)).into_response()
}

/// How far each view is, and which of its rows stand still, since when and why. Keys are ids; no row is shown.
async fn views(State(asked): State<Arc<Asked>>) -> Response {
    match asked.found.borrow().as_ref() {
        Some(Sample {
            database: Ok(_), views, ..
        }) => {
            let views: Vec<_> = views.iter().map(told).collect();
            ([NO_STORE], Json(json!({ "views": views }))).into_response()
        }
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            [NO_STORE],
            "the database does not answer\n",
        )
            .into_response(),
    }
}

fn told(view: &ViewSample) -> Value {
    let (health, reason) = match &view.health {
        Health::Following => ("following", None),
        Health::Failing(reason) => ("failing", Some(reason)),
        Health::StoodDown(reason) => ("stood_down", Some(reason)),
    };
    let parked = view.first_parked.iter();
    let parked: Vec<_> = parked
        .map(|at| json!({ "key": at.key, "position": at.position.0, "reason": at.reason }))
        .collect();
    json!({
        "view": view.name, "version": view.version, "position": view.position.0, "lag_events": view.behind_events,
        "lag_seconds": view.behind.as_secs(), "here": health, "because": reason, "parked_rows": view.parked,
        "parked": parked,
    })
}

async fn figures(State(asked): State<Arc<Asked>>) -> Response {
    match asked.operations.measures.text() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
