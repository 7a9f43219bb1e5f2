//! A database of its own for whatever runs here, outside the workspace.

use anyhow::{Context, ensure};
use sqlx::{Connection, Executor, PgConnection};

/// An empty database on the server that `GRANTLINK_TEST_POSTGRES` names.
pub struct Scratch {
    server: String,
    name: String,
}

impl Scratch {
    /// Makes one.
    ///
    /// # Errors
    /// When no server is named, or it refuses.
    pub async fn create() -> anyhow::Result<Self> {
        let server = std::env::var("GRANTLINK_TEST_POSTGRES")
            .context("GRANTLINK_TEST_POSTGRES names no server: run cargo xtask test")?;
        let name = format!("grantlink_interop_{}_{:08x}", std::process::id(), number());
        let made = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        administer(&server, &made).await?;
        Ok(Self { server, name })
    }

    /// Where it is.
    ///
    /// # Errors
    /// When the server's address is none.
    pub fn url(&self) -> anyhow::Result<String> {
        let (scheme, rest) = self.server.split_once("://").context("no database address")?;
        let (place, options) = rest.find('?').map_or((rest, ""), |at| rest.split_at(at));
        let authority = place.split('/').next().unwrap_or_default();
        ensure!(!authority.is_empty(), "the address names no server");
        Ok(format!("{scheme}://{authority}/{}{options}", self.name))
    }

    /// Drops it, whoever is still connected.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn destroy(self) -> anyhow::Result<()> {
        administer(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }
}

/// Runs a story on a new database, which is gone afterwards, whatever the story did.
///
/// # Errors
/// When the story fails, or there is no database to run it on.
pub async fn on_postgres<S, F, T>(story: S) -> anyhow::Result<T>
where
    S: FnOnce(String) -> F,
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
    T: Send + 'static,
{
    let scratch = Scratch::create().await?;
    let outcome = tokio::spawn(story(scratch.url()?)).await;
    let gone = scratch.destroy().await;
    match outcome {
        Ok(outcome) => outcome.and_then(|value| gone.map(|()| value)),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// No two databases of one process share it.
fn number() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

async fn administer(server: &str, statement: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(server)
        .await
        .context("the test server does not answer")?;
    connection.execute(statement).await?;
    connection.close().await?;
    Ok(())
}
