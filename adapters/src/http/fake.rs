//! A server on loopback that says what a test wants, and remembers what it heard.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Response, StatusCode, header},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Mutex,
    task::JoinHandle,
};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) body: String,
}

impl Heard {
    /// A parameter of the query, as it is written there.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// What to answer.
pub(crate) enum Say {
    Json(u16, Value),
    Text(u16, String),
    /// As JSON, with a `Retry-After` of so much.
    Later(u16, Value, &'static str),
    /// As text, but without saying how long it is.
    Unannounced(String),
    Redirect(u16, String),
    /// Never anything.
    Silence,
}

type Script = dyn Fn(&Heard) -> Say + Send + Sync;

struct Shared {
    script: Box<Script>,
    heard: Mutex<Vec<Heard>>,
}

pub(crate) struct Fake {
    pub(crate) base: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Fake {
    pub(crate) async fn start(script: impl Fn(&Heard) -> Say + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            script: Box::new(script),
            heard: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, shared, task }
    }

    /// What came in at a path.
    pub(crate) async fn heard(&self, path: &str) -> Vec<Heard> {
        let heard = self.shared.heard.lock().await;
        heard.iter().filter(|heard| heard.path == path).cloned().collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let header = |name| Some(parts.headers.get(name)?.to_str().unwrap().to_owned());
    let heard = Heard {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authorization: header(header::AUTHORIZATION),
        user_agent: header(header::USER_AGENT),
        body: String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap(),
    };
    let say = (shared.script)(&heard);
    shared.heard.lock().await.push(heard);
    let (status, name, value, body) = match say {
        Say::Json(status, value) => (
            status,
            header::CONTENT_TYPE,
            "application/json".to_owned(),
            value.to_string().into(),
        ),
        Say::Text(status, text) => (status, header::CONTENT_TYPE, "text/html".to_owned(), text.into()),
        Say::Later(status, value, after) => (status, header::RETRY_AFTER, after.to_owned(), value.to_string().into()),
        Say::Unannounced(text) => {
            let chunks = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(text)]);
            (
                200,
                header::CONTENT_TYPE,
                "application/json".to_owned(),
                Body::from_stream(chunks),
            )
        }
        Say::Redirect(status, to) => (status, header::LOCATION, to, Body::empty()),
        Say::Silence => std::future::pending().await,
    };
    let status = StatusCode::from_u16(status).unwrap();
    Response::builder()
        .status(status)
        .header(name, value)
        .body(body)
        .unwrap()
}

/// An address where everybody gets the same bytes, and then the connection ends.
pub(crate) async fn raw(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    base
}
