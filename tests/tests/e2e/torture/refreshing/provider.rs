//! A provider that gives a new refresh token each time, and takes a whole family back when an old one is shown again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Form, Json, Router,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;
use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle, time::sleep};

/// Longer than anybody waits for it, and than any lease.
const HANGS: Duration = Duration::from_secs(20);
/// So long an answer takes.
const TAKES: Duration = Duration::from_millis(20);

/// What happened to the tokens of one account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Family {
    generation: u32,
    is_revoked: bool,
    /// How often it was asked for.
    pub(super) asked: u32,
    /// Whether an answer with new tokens got lost.
    pub(super) was_dropped: bool,
}

#[derive(Default)]
struct Shared {
    families: HashMap<u32, Family>,
    /// Old tokens that were shown although every answer arrived.
    reused: u32,
}

pub(super) struct Rotating {
    pub(super) address: String,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

impl Rotating {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let shared = Arc::<Mutex<Shared>>::default();
        let router = Router::new()
            .route("/token", post(token))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the provider ended: {error}");
            }
        });
        Ok(Self { address, shared, task })
    }

    pub(super) async fn family(&self, number: u32) -> Family {
        self.shared
            .lock()
            .await
            .families
            .get(&number)
            .copied()
            .unwrap_or_default()
    }

    pub(super) async fn reused(&self) -> u32 {
        self.shared.lock().await.reused
    }
}

impl Drop for Rotating {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The first refresh token of an account.
pub(super) fn first_token(number: u32) -> String {
    written(number, 0)
}

fn written(number: u32, generation: u32) -> String {
    format!("{number}.{generation}")
}

/// One account of a hundred hangs at its first call, and two of a hundred lose the answer to theirs.
pub(super) fn hangs(number: u32) -> bool {
    number % 100 == 13
}

pub(super) fn drops(number: u32) -> bool {
    number % 50 == 7
}

async fn token(State(shared): State<Arc<Mutex<Shared>>>, Form(form): Form<HashMap<String, String>>) -> Response {
    let shown = form.get("refresh_token").and_then(|token| token.split_once('.'));
    let shown = shown.and_then(|(number, generation)| Some((number.parse().ok()?, generation.parse().ok()?)));
    let Some((number, generation)): Option<(u32, u32)> = shown else {
        return refused();
    };
    sleep(TAKES).await;
    let mut world = shared.lock().await;
    let family = world.families.entry(number).or_default();
    family.asked += 1;
    let is_first = family.asked == 1;
    if family.is_revoked {
        return refused();
    }
    if generation != family.generation {
        family.is_revoked = true;
        let was_dropped = family.was_dropped;
        world.reused += u32::from(!was_dropped);
        return refused();
    }
    if is_first && hangs(number) {
        drop(world);
        sleep(HANGS).await;
        return StatusCode::BAD_GATEWAY.into_response();
    }
    family.generation += 1;
    if is_first && drops(number) {
        family.was_dropped = true;
        let cut = futures_util::stream::iter([Ok("{"), Err(std::io::Error::other("the line is cut"))]);
        return Body::from_stream(cut).into_response();
    }
    let token = written(number, family.generation);
    let access = format!("access-{token}");
    Json(json!({"access_token": access, "refresh_token": token, "expires_in": 3600, "token_type": "Bearer"}))
        .into_response()
}

fn refused() -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response()
}
