//! Where something is measured: always on a new database, which is gone afterwards.

use std::sync::Arc;

use adapters::vault::Keyring;
use anyhow::Context as _;
use application::{App, Context};
use domain::ids::{AgencyId, InstallationId, Mode, RequestId, TenantId};
use grantlink::{
    config::{Config, DatabaseConfig, KeysConfig, ServerConfig},
    installation::Installation,
};
use grantlink_tests::conformance::{self, Database, Kind, id};

/// Which database.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum On {
    /// A server, named by `GRANTLINK_TEST_POSTGRES`.
    Postgres,
    /// A file.
    Sqlite,
}

impl From<On> for Kind {
    fn from(on: On) -> Self {
        match on {
            On::Postgres => Self::Postgres,
            On::Sqlite => Self::Sqlite,
        }
    }
}

/// Measures on a new database.
pub(crate) async fn on_new<T, F>(on: On, measure: impl FnOnce(Database) -> F) -> anyhow::Result<T>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
{
    let (done, measured) = tokio::sync::oneshot::channel();
    conformance::run(on.into(), |database| {
        let measured = measure(database);
        async move {
            done.send(measured.await?).ok();
            Ok(())
        }
    })
    .await?;
    Ok(measured.await?)
}

/// The use cases over a database, as a node of an installation has them, without HTTP before them.
pub(crate) struct Node {
    pub(crate) app: Arc<App>,
    pub(crate) installation: Installation,
}

/// The keys of an installation, which every node of it holds.
pub(crate) fn keys() -> KeysConfig {
    let keyring = Keyring::generate(InstallationId(id()));
    KeysConfig {
        file: None,
        text: Some(keyring.to_toml()),
    }
}

impl Node {
    /// Opens it. What it caches is empty.
    pub(crate) async fn open(database: &Database, keys: &KeysConfig) -> anyhow::Result<Self> {
        let url = match database.kind() {
            Kind::Postgres => database.url()?,
            Kind::Sqlite => {
                let path = database.path()?;
                format!("sqlite:{}", path.parent().context("no folder")?.display())
            }
        };
        let config = Config {
            server: ServerConfig {
                public_url: "http://connect.localhost".to_owned(),
                ..ServerConfig::default()
            },
            database: DatabaseConfig { url: url.into() },
            keys: keys.clone(),
            ..Config::default()
        };
        let installation = Installation::open(&config).await?;
        Ok(Self {
            app: Arc::clone(&installation.app),
            installation,
        })
    }

    pub(crate) async fn close(self) {
        self.installation.close().await;
    }
}

/// The frame of a call of an agency's.
pub(crate) fn frame(app: &App, agency: AgencyId) -> Context {
    let now = app.clock.now();
    Context {
        tenant: TenantId::of(agency, Mode::Live),
        agency,
        actor: application::Actor::System,
        request: RequestId(app.entropy.id(now)),
        now,
        network: None,
    }
}
