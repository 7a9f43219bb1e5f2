//! A collector of traces, as OpenTelemetry describes one: it keeps what it is sent, to be looked through.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::Context;
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};

const LONGEST: Duration = Duration::from_secs(30);

/// One request that it got.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// A collector that listens until it is dropped.
pub struct Collector {
    /// Where it listens.
    pub endpoint: String,
    received: watch::Receiver<Vec<Received>>,
    task: JoinHandle<()>,
}

type Keep = watch::Sender<Vec<Received>>;

impl Collector {
    /// Listens on a port of its own.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (keep, received) = watch::channel(vec![]);
        let app = Router::new().route("/v1/traces", post(take)).with_state(keep);
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await; // it ends with the story
        });
        Ok(Self {
            endpoint,
            received,
            task,
        })
    }

    /// Everything that it got so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// Every span that it got so far.
    pub fn spans(&self) -> Vec<Value> {
        let received = self.received();
        let bodies = received
            .iter()
            .filter_map(|received| serde_json::from_slice::<Value>(&received.body).ok());
        let spans = bodies.filter_map(|body| body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned());
        spans.flatten().collect()
    }

    /// Waits until what it got shows something.
    ///
    /// # Errors
    /// When it does not, in half a minute.
    pub async fn until<T>(&self, mut found: impl FnMut(&[Value]) -> Option<T>) -> anyhow::Result<T> {
        let mut news = self.received.clone();
        let looking = async {
            loop {
                news.borrow_and_update();
                if let Some(found) = found(&self.spans()) {
                    return Ok(found);
                }
                news.changed().await.context("the collector has ended")?;
            }
        };
        let looked = timeout(LONGEST, looking).await;
        looked.with_context(|| format!("not traced: {:#?}", self.spans()))?
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(keep): State<Keep>, headers: HeaderMap, body: Bytes) -> StatusCode {
    keep.send_modify(|received| received.push(Received { headers, body }));
    StatusCode::OK
}
