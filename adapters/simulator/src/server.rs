//! Starting and stopping a simulator, and what its owner can do with it meanwhile.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::Uri;
use axum::{Router, middleware};
use tokio::sync::Mutex;

use crate::account_state::AccountState;
use crate::clock::Clock;
use crate::config::{OAuthClient, SimulatorConfig};
use crate::faults::{self, Fault, Faults};
use crate::oauth::keys::{KeyError, SigningKeys};
use crate::oauth::ledger::{Ledger, LiveGrant, TokenAudit};
use crate::request_log::{self, LoggedRequest, RequestLog};
use crate::serving::{Serving, listen};
use crate::signin::interaction::Interactions;
use crate::state::{App, Settings, Shared, World};
use crate::{business_profile, control, oauth, pages, signin};

/// Why a simulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It would have been reachable from other machines.
    #[error("the simulator listens on loopback only, and {0} is not")]
    NotLoopback(SocketAddr),
    /// The public address is more, or less, than scheme and host.
    #[error("the public address must be http(s)://host[:port] and nothing more, but is {0:?}")]
    InvalidPublicUrl(String),
    /// The port is taken, for example.
    #[error("cannot listen on {address}")]
    Bind {
        /// Where it was told to listen.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// No key to sign identity tokens with.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A fake Google; [`Simulator::start`] makes a [`Running`] one.
#[derive(Debug)]
pub struct Simulator;

impl Simulator {
    /// Binds the address and begins to serve; when this returns, requests are answered.
    ///
    /// # Errors
    /// When the address is not loopback or taken, or the public address makes no sense.
    pub async fn start(config: SimulatorConfig) -> Result<Running, StartError> {
        let listening = listen(config.listen).await?;
        let app = shared(config, listening.1)?;
        let serving = Serving::begin(listening, router(Arc::clone(&app)));
        Ok(Running { app, serving })
    }
}

/// A simulator that answers requests until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    app: App,
    serving: Serving,
}

impl Running {
    /// The issuer, and what every address of this Google begins with.
    pub fn base_url(&self) -> &str {
        &self.app.settings.base_url
    }

    /// Where it really listens.
    pub fn addr(&self) -> SocketAddr {
        self.serving.address()
    }

    /// The simulator's time, which a test may advance.
    pub fn clock(&self) -> &Clock {
        &self.app.clock
    }

    /// Lets a further application ask people to sign in, or changes one.
    pub async fn register_client(&self, client: OAuthClient) {
        self.app.world.lock().await.register(client);
    }

    /// Every request so far, without secrets.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.app.log.requests()
    }

    /// Begins the log anew.
    pub fn clear_requests(&self) {
        self.app.log.clear();
    }

    /// How often `path` was asked for with `method`.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.app.log.count(method, path)
    }

    /// Waits until `path` was asked for that often, so that no test needs to sleep.
    pub async fn wait_for(&self, method: &str, path: &str, times: usize) {
        self.app.log.wait_for(method, path, times).await;
    }

    /// Who has granted what to whom, as far as a token for it still works.
    pub async fn live_grants(&self) -> Vec<LiveGrant> {
        self.app.world.lock().await.ledger.live_grants(self.app.clock.now())
    }

    /// What became of the tokens so far.
    pub async fn tokens(&self) -> TokenAudit {
        self.app.world.lock().await.ledger.audit(self.app.clock.now())
    }

    /// Puts somebody's account into a state, in place of the one it was in.
    pub async fn set_account(&self, persona: &str, state: AccountState) {
        self.app.world.lock().await.accounts.insert(persona.to_owned(), state);
    }

    /// Somebody takes back, at Google, whatever they had allowed.
    pub async fn withdraw(&self, persona: &str) -> usize {
        self.app
            .world
            .lock()
            .await
            .ledger
            .withdraw(persona, self.app.clock.now())
    }

    /// All is well again.
    pub async fn clear_faults(&self) {
        self.app.faults.clear().await;
    }

    /// Makes coming requests fail or wait.
    pub async fn inject_fault(&self, fault: Fault) {
        self.app.faults.add(fault).await;
    }

    /// Signs with a new key from now on; the one before stays published.
    ///
    /// # Errors
    /// When no key could be made.
    pub async fn rotate_keys(&self) -> Result<(), StartError> {
        Ok(self.app.world.lock().await.keys.rotate()?)
    }

    /// Ends the simulator and waits for requests under way.
    pub async fn stop(self) {
        self.serving.stop().await;
    }
}

fn shared(config: SimulatorConfig, bound: SocketAddr) -> Result<App, StartError> {
    Ok(Arc::new(Shared {
        settings: Settings {
            base_url: base_url(config.public_url, bound)?,
            display_name: config.display_name,
            require_pkce: config.require_pkce,
            issuer_in_callback: config.issuer_in_callback,
            testing_project: config.testing_project,
        },
        personas: config.personas,
        clock: config.clock,
        log: RequestLog::new(),
        faults: Faults::default(),
        world: Mutex::new(World {
            clients: config.clients,
            interactions: Interactions::default(),
            ledger: Ledger::default(),
            keys: SigningKeys::generate()?,
            accounts: HashMap::new(),
            replies: HashMap::new(),
        }),
    }))
}

pub(crate) fn base_url(public_url: Option<String>, bound: SocketAddr) -> Result<String, StartError> {
    let Some(public_url) = public_url else {
        return Ok(format!("http://{bound}"));
    };
    let invalid = || StartError::InvalidPublicUrl(public_url.clone());
    let uri: Uri = public_url.parse().map_err(|_| invalid())?;
    let (Some(scheme @ ("http" | "https")), Some(host), "/", None) =
        (uri.scheme_str(), uri.host(), uri.path(), uri.query())
    else {
        return Err(invalid());
    };
    Ok(match uri.port_u16() {
        None => format!("{scheme}://{host}"),
        Some(0) => format!("{scheme}://{host}:{}", bound.port()),
        Some(port) => format!("{scheme}://{host}:{port}"),
    })
}

fn router(app: App) -> Router {
    let recorder = (app.log.clone(), app.clock.clone());
    Router::new()
        .merge(oauth::routes())
        .merge(signin::routes())
        .merge(business_profile::routes())
        .merge(pages::routes())
        .merge(control::routes())
        .layer(middleware::from_fn_with_state(Arc::clone(&app), faults::strike))
        .layer(middleware::from_fn_with_state(recorder, request_log::record))
        .with_state(app)
}
