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
use tokio::{
    net::TcpListener,
    sync::{Mutex, watch},
    task::JoinHandle,
    time::sleep,
};

/// Longer than anybody waits for it, and than any lease.
const HANGS: Duration = Duration::from_secs(30);

/// How it treats whoever asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// So long an answer takes.
    pub(super) takes: Duration,
    /// Whether calls hang and answers get lost.
    pub(super) fails: bool,
    /// Nobody has an answer before so many have asked.
    pub(super) together: usize,
    /// So long an answer is waited for.
    pub(super) patience: Duration,
}

/// So many a node asks for at once: two shares of the four, sixteen of each.
pub(super) const OF_A_NODE: usize = 32;
/// Its name in the configuration.
pub(super) const PROVIDER: &str = "rotating";
/// The client id.
pub(super) const CLIENT: &str = "client-of-rotating";

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
struct World {
    families: HashMap<u32, Family>,
    /// Old tokens that were shown although every answer arrived.
    reused: u32,
}

struct Shared {
    habits: Habits,
    world: Mutex<World>,
    arrived: watch::Sender<usize>,
}

pub(super) struct Rotating {
    address: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Rotating {
    pub(super) async fn start(habits: Habits) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            habits,
            world: Mutex::default(),
            arrived: watch::Sender::new(0),
        });
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

    /// Its part of the configuration. An answer is waited for longer than any lease lasts, were it not for `answer_seconds`.
    pub(super) fn configuration(&self) -> String {
        let base = &self.address;
        let answer = self.shared.habits.patience.as_secs();
        let lease = answer + 5;
        format!(
            r#"
[refresh]
answer_seconds = {answer}
lease_seconds = {lease}
[providers.{PROVIDER}]
name = "Rotating"
product = "Rotating Page"
icon = "app"
client_id = "{CLIENT}"
client_secret = "secret"
callback_path = "/oauth/callback/{PROVIDER}"
authorize_url = "{base}/authorize"
token_url = "{base}/token"
userinfo_url = "{base}/userinfo"
jwks_url = "{base}/keys"
revoke_url = "{base}/revoke"
revokes = "token"
issuer = "{base}"
accepted_issuers = []
scopes = ["openid", "manage"]
required_scopes = ["manage"]
accounts_url = "{base}"
business_information_url = "{base}"
verifications_url = "{base}"
reviews_url = "{base}"
performance_url = "{base}"
timeout_seconds = 60
"#
        )
    }

    pub(super) async fn family(&self, number: u32) -> Family {
        let world = self.shared.world.lock().await;
        world.families.get(&number).copied().unwrap_or_default()
    }

    /// How many calls came.
    pub(super) fn arrived(&self) -> usize {
        *self.shared.arrived.borrow()
    }

    /// Whoever waits has an answer now, and so has everybody who comes.
    pub(super) fn answers_from_now_on(&self) {
        self.shared.arrived.send_replace(self.shared.habits.together);
    }

    /// How many calls were answered.
    pub(super) async fn asked(&self) -> u32 {
        let world = self.shared.world.lock().await;
        world.families.values().map(|family| family.asked).sum()
    }

    pub(super) async fn reused(&self) -> u32 {
        self.shared.world.lock().await.reused
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

async fn token(State(shared): State<Arc<Shared>>, Form(form): Form<HashMap<String, String>>) -> Response {
    let shown = form.get("refresh_token").and_then(|token| token.split_once('.'));
    let shown = shown.and_then(|(number, generation)| Some((number.parse().ok()?, generation.parse().ok()?)));
    let Some((number, generation)): Option<(u32, u32)> = shown else {
        return refused();
    };
    let Habits {
        takes, fails, together, ..
    } = shared.habits;
    shared
        .arrived
        .send_modify(|arrived| *arrived = arrived.saturating_add(1));
    let mut arrived = shared.arrived.subscribe();
    if arrived.wait_for(|arrived| *arrived >= together).await.is_err() {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    sleep(takes).await;
    let mut world = shared.world.lock().await;
    let family = world.families.entry(number).or_default();
    family.asked += 1;
    let fails = fails && family.asked == 1;
    if family.is_revoked {
        return refused();
    }
    if generation != family.generation {
        family.is_revoked = true;
        let was_dropped = family.was_dropped;
        world.reused += u32::from(!was_dropped);
        return refused();
    }
    if fails && hangs(number) {
        drop(world);
        sleep(HANGS).await;
        return StatusCode::BAD_GATEWAY.into_response();
    }
    family.generation += 1;
    if fails && drops(number) {
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
