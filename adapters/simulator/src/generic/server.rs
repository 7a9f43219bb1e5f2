//! Starting and stopping a generic server, and what its owner can do with it meanwhile.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::sync::Mutex;

use super::books::{Audit, Books};
use super::quirks::Quirks;
use super::state::{App, Shared, World};
use super::trouble::{self, Trouble, Troubles};
use super::{control, identity, resources, sign_in, token, workspaces};
use crate::clock::Clock;
use crate::config::OAuthClient;
use crate::oauth::keys::SigningKeys;
use crate::personas::{self, Persona};
use crate::request_log::{self, LoggedRequest, RequestLog};
use crate::server::{StartError, base_url};
use crate::serving::{Serving, listen};

pub(super) const AUTHORIZE: &str = "/authorize";
pub(super) const TOKEN: &str = "/token";
pub(super) const REVOKE: &str = "/revoke";
pub(super) const USERINFO: &str = "/userinfo";
pub(super) const KEYS: &str = "/keys";

/// How a generic server starts; by default it is a strict one on a free loopback port.
#[derive(Clone, Debug)]
pub struct GenericConfig {
    /// Where to listen; only loopback is accepted, and port 0 takes a free one.
    pub listen: SocketAddr,
    /// The origin that browsers use, also the issuer; a port of 0 becomes the bound one. Without it, the address itself.
    pub public_url: Option<String>,
    /// What the pages call it.
    pub display_name: String,
    /// The applications that may ask people to sign in.
    pub clients: Vec<OAuthClient>,
    /// The people who can.
    pub personas: Vec<Persona>,
    /// Its habits.
    pub quirks: Quirks,
    /// The time by which codes and tokens expire.
    pub clock: Clock,
}

impl Default for GenericConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            display_name: "Someapp (simulated)".to_owned(),
            clients: Vec::new(),
            personas: personas::everyone(),
            quirks: Quirks::default(),
            clock: Clock::default(),
        }
    }
}

/// A provider that is not Google; [`GenericServer::start`] makes a [`RunningGeneric`] one.
#[derive(Debug)]
pub struct GenericServer;

impl GenericServer {
    /// Binds the address and begins to serve; when this returns, requests are answered.
    ///
    /// # Errors
    /// When the address is not loopback or taken, or the public address makes no sense.
    pub async fn start(config: GenericConfig) -> Result<RunningGeneric, StartError> {
        let listening = listen(config.listen).await?;
        let app = shared(config, listening.1)?;
        let serving = Serving::begin(listening, router(Arc::clone(&app)));
        Ok(RunningGeneric { app, serving })
    }
}

/// A generic server that answers requests until it is stopped or dropped.
#[derive(Debug)]
pub struct RunningGeneric {
    app: App,
    serving: Serving,
}

impl RunningGeneric {
    /// The issuer, and what every address begins with.
    pub fn base_url(&self) -> &str {
        &self.app.base_url
    }

    /// Where it really listens.
    pub fn addr(&self) -> SocketAddr {
        self.serving.address()
    }

    /// Its time, which a test may advance.
    pub fn clock(&self) -> &Clock {
        &self.app.clock
    }

    /// Changes its habits from the next request on.
    pub async fn change(&self, change: impl FnOnce(&mut Quirks)) {
        change(&mut self.app.world.lock().await.quirks);
    }

    /// Lets something go wrong.
    pub async fn trouble(&self, trouble: Trouble) {
        self.app.troubles.add(trouble).await;
    }

    /// How much is still to go wrong.
    pub async fn troubles(&self) -> usize {
        self.app.troubles.left().await
    }

    /// All is well again.
    pub async fn clear_troubles(&self) {
        self.app.troubles.clear().await;
    }

    /// Lets a further application ask people to sign in, or changes one.
    pub async fn register_client(&self, client: OAuthClient) {
        self.app.world.lock().await.register(client);
    }

    /// Somebody takes back whatever they had allowed; says how many families of tokens ended.
    pub async fn withdraw(&self, persona: &str) -> usize {
        self.app.world.lock().await.books.withdraw(persona)
    }

    /// What happened to tokens so far.
    pub async fn audit(&self) -> Audit {
        self.app.world.lock().await.books.audit(self.app.clock.now())
    }

    /// Every code, token and verifier so far, each with what it is: for stories that look for them where they may not be.
    pub async fn secrets(&self) -> Vec<(&'static str, String)> {
        self.app.world.lock().await.books.secrets()
    }

    /// Every request so far, without secrets.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.app.log.requests()
    }

    /// How often `path` was asked for with `method`.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.app.log.count(method, path)
    }

    /// Waits until `path` was asked for that often.
    pub async fn wait_for(&self, method: &str, path: &str, times: usize) {
        self.app.log.wait_for(method, path, times).await;
    }

    /// Ends it, and waits for requests under way.
    pub async fn stop(self) {
        self.serving.stop().await;
    }
}

fn shared(config: GenericConfig, bound: SocketAddr) -> Result<App, StartError> {
    Ok(Arc::new(Shared {
        base_url: base_url(config.public_url, bound)?,
        display_name: config.display_name,
        personas: config.personas,
        clock: config.clock,
        log: RequestLog::new(),
        troubles: Troubles::default(),
        world: Mutex::new(World {
            quirks: config.quirks,
            clients: config.clients,
            sign_ins: HashMap::new(),
            books: Books::default(),
            keys: SigningKeys::generate()?,
        }),
    }))
}

fn router(app: App) -> Router {
    let recorder = (app.log.clone(), app.clock.clone());
    Router::new()
        .merge(sign_in::routes())
        .route(TOKEN, post(token::token))
        .route(REVOKE, post(resources::revoke))
        .route(USERINFO, get(identity::userinfo))
        .route(KEYS, get(resources::keys))
        .route("/.well-known/openid-configuration", get(resources::discovery))
        .route("/v1/accounts", get(resources::accounts))
        .route("/v1/accounts/{account}/locations", get(resources::locations))
        .route(
            "/v1/locations/{location}/VoiceOfMerchantState",
            get(resources::standing),
        )
        .route("/api/me", get(workspaces::me))
        .route("/api/workspaces", get(workspaces::list))
        .route("/api/workspaces/{id}", get(workspaces::one))
        .route("/introspect", post(workspaces::introspect))
        .merge(control::routes())
        .layer(middleware::from_fn_with_state(Arc::clone(&app), trouble::strike))
        .layer(middleware::from_fn_with_state(recorder, request_log::record))
        .with_state(app)
}
