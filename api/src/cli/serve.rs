//! `grantlink serve`.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use adapters::{
    clock::SystemClock,
    http,
    traces::{TraceFigures, Traces},
};
use anyhow::{Context, ensure};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{logging, stopping};
use crate::{
    config::Config,
    installation::{Installation, keyring_of, migrate as migrate_stores},
    operations::{self, Limits, Operations},
    server::{self, Capacity, Hosts},
    state::Server,
};

/// Serves until told to stop.
pub(super) async fn serve(config: Config) -> anyhow::Result<()> {
    config.validate()?;
    let (traces, steps) = Traces::start(&config.traces, http::client(&config.http)?, Arc::new(SystemClock))?.unzip();
    logging::start(&config.log, steps)?;
    ensure!(
        !keyring_of(&config.keys)?.is_demo(),
        "this keyring was made by the demo, and what it seals is not safe: make one with `grantlink keyring init`"
    );
    if config.server.public_url.starts_with("https://") && config.server.trusted_proxies.is_empty() {
        tracing::warn!(
            "no server.trusted_proxies: behind a proxy, all visitors would count as one, and share its limits"
        );
    }
    let figures = traces.as_ref().map(Traces::figures).cloned().unwrap_or_default();
    let served = run(&config, &figures, |_| {}).await;
    if let Some(traces) = traces {
        traces.close().await; // also when serving failed: why, may stand in it
    }
    served
}

/// Serves a configuration that was checked, and tells when it is reachable.
pub(super) async fn run(config: &Config, traces: &TraceFigures, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    held_against_the_ledger(&installation).await?;
    let listener = listen(config.server.listen, "server.listen").await?;
    let for_operators = listen(config.operations.listen, "operations.listen").await?;
    let hosts = hosts(config)?;
    let server = installation.server(config, traces);
    let following = (installation.follow(), installation.heed());
    let stop = server.drain.announced().clone();
    let mut working = JoinSet::new();
    working.spawn(installation.worker().run(stop.cancelled_owned()));
    let _keys = installation.watch_keyring(config);
    // Ends with this function: it answers until the very end.
    let end = CancellationToken::new();
    let _ends = end.clone().drop_guard();
    ready(listener.local_addr()?);
    tracing::info!(
        address = %listener.local_addr()?,
        operations = %for_operators.local_addr()?,
        "serving"
    );
    let sampler = installation.sampler(config);
    tokio::spawn(operations::serve(for_operators, watched(config, &server), sampler, end));
    let pause = Duration::from_secs(config.operations.drain_seconds);
    let hurry = stopping::on_signals(server.drain.clone(), pause)?;
    tokio::select! {
        () = async {
            server::serve(listener, server, hosts, capacity(config)).await;
            working.join_next().await; // it was told to stop before, and takes its time only
        } => {}
        () = hurry.cancelled() => {}
    }
    drop((following, working));
    installation.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}: set {setting} to another address"))
}

fn hosts(config: &Config) -> anyhow::Result<Hosts> {
    let api = config.server.api_hosts.iter();
    Ok(Hosts {
        callback: config.public_address()?.host,
        api: api.map(|host| host.to_ascii_lowercase()).collect::<BTreeSet<_>>(),
    })
}

fn capacity(config: &Config) -> Capacity {
    let server = &config.server;
    Capacity {
        connections: server.connections,
        first_request: Duration::from_secs(server.first_request_seconds),
        public_requests: server.public_requests,
        api_requests: server.api_requests,
    }
}

fn watched(config: &Config, server: &Server) -> Operations {
    let operations = &config.operations;
    Operations {
        measures: server.measures.clone(),
        drain: server.drain.clone(),
        limits: Limits {
            lag: Duration::from_secs(operations.ready_lag_seconds),
            free_bytes: operations.ready_free_mb.saturating_mul(1_000_000),
        },
    }
}

/// Before anybody can read: who was erased stays erased, also after a backup was put back.
async fn held_against_the_ledger(installation: &Installation) -> anyhow::Result<()> {
    let outcome = installation.app.reapply_erasures().await;
    let outcome = outcome.context("the ledger of erasures cannot be held against the database")?;
    if outcome.erased_again > 0 {
        tracing::warn!(
            people = outcome.erased_again,
            "the database had forgotten that people were erased: they are erased again"
        );
    }
    Ok(())
}

/// Brings the database to this version's schema.
pub(super) async fn migrate(config: &Config) -> anyhow::Result<()> {
    migrate_stores(config).await?;
    println!("The database has this version's schema.");
    Ok(())
}
