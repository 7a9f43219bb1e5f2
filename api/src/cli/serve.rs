//! `grantlink serve`.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::logging;
use crate::{
    config::Config,
    installation::{Installation, keyring_of, migrate as migrate_stores},
    server::{self, Hosts},
};

/// Serves until told to stop.
pub(super) async fn serve(config: Config) -> anyhow::Result<()> {
    logging::start(&config.log)?;
    config.validate()?;
    ensure!(
        !keyring_of(&config.keys)?.is_demo(),
        "this keyring was made by the demo, and what it seals is not safe: make one with `grantlink keyring init`"
    );
    if config.server.public_url.starts_with("https://") && config.server.trusted_proxies.is_empty() {
        tracing::warn!(
            "no server.trusted_proxies: behind a proxy, all visitors would count as one, and share its limits"
        );
    }
    run(&config, |_| {}).await
}

/// Serves a configuration that was checked, and tells when it is reachable.
pub(super) async fn run(config: &Config, ready: impl FnOnce(std::net::SocketAddr)) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    held_against_the_ledger(&installation).await?;
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    let hosts = Hosts {
        callback: config.public_address()?.host,
        api: config
            .server
            .api_hosts
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect::<BTreeSet<_>>(),
    };
    let stop = CancellationToken::new();
    let following = installation.follow();
    let hurry = CancellationToken::new();
    let (asked, asked_again) = (stop.clone(), hurry.clone());
    tokio::spawn(async move {
        told_to_stop().await;
        tracing::info!("stopping: what is under way may take 25 seconds more; told again, it stops at once");
        asked.cancel();
        told_to_stop().await;
        asked_again.cancel();
    });
    ready(listener.local_addr()?);
    tracing::info!(address = %listener.local_addr()?, "serving");
    let served = tokio::select! {
        ended = server::serve(listener, installation.server(config), hosts, stop) => ended,
        () = hurry.cancelled() => Ok(()),
    };
    drop(following);
    installation.close().await;
    tracing::info!("stopped");
    Ok(served?)
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

/// Ctrl-C, or what a supervisor sends.
async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        let Ok(mut terminated) = terminated else {
            let _ = interrupted.await; // without the one, the other still works
            return;
        };
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupted.await;
}
