//! `grantlink demo`: everything on this machine, in one process: the server on SQLite, a simulated Google, an agency with a
//! customer, and the first link.

mod seed;
mod words;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use adapters::{
    clock::SystemClock, entropy::OsEntropy, providers::ProviderConfig, traces::TraceFigures, vault::Keyring,
};
use anyhow::Context;
use application::ports::{
    clock::{Clock, Entropy},
    mail::{MailAccount, Security},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use domain::ids::InstallationId;
use secrecy::SecretString;
use simulator::{
    OAuthClient, Simulator, SimulatorConfig,
    mail::{MailServer, MailServerConfig},
};
use tokio::net::TcpListener;

use super::{logging, serve};
use crate::{
    config::{Config, DatabaseConfig, KeysConfig, LogConfig, OperationsConfig, ServerConfig},
    installation::make_folder,
};

const CALLBACK_HOST: &str = "connect.localhost";
const AGENCY_HOST: &str = "agency.localhost";
const PROVIDER_HOST: &str = "idp.localhost";
const CLIENT_ID: &str = "demo-grantlink";
const KEYRING: &str = "demo-keyring.toml";

/// Tries everything out.
#[derive(Args)]
pub(super) struct Demo {
    /// Where to keep the data, to go on with it next time; a temporary folder when not given.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The port to serve on; any other free one when it is taken.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The database, where it is not SQLite: postgres://user:password@host:port/database. Give it a --data folder too.
    #[arg(long, env = "GRANTLINK_DATABASE__URL", hide_env_values = true)]
    database: Option<String>,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let log = LogConfig {
            filter: "warn".to_owned(),
            json: Some(false),
        };
        logging::start(&log, None)?;
        let temporary = tempfile::Builder::new().prefix("grantlink-demo-").tempdir()?;
        let folder = self.data.clone().unwrap_or_else(|| temporary.path().to_owned());
        make_folder(&folder)?;
        let port = free_port(self.port).await?;
        let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
        let google = simulate(port, &secret).await?;
        let inbox = mailbox().await?;
        let mut config = self.config(&folder, port, google.base_url(), secret)?;
        config.mail.account = Some(mail_account(inbox.addr()));
        config.validate()?;
        let seeded = seed::seed(&config, &folder).await?;
        let data = self.what_becomes_of_the_data();
        let at = inbox.mailbox();
        let welcome = |_| words::welcome(&seeded, port, at, data);
        serve::run(&config, &TraceFigures::default(), welcome).await?;
        google.stop().await;
        inbox.stop().await;
        println!("Stopped.");
        Ok(())
    }

    fn what_becomes_of_the_data(&self) -> &'static str {
        match (&self.data, &self.database) {
            (Some(_), _) => {
                "kept for the next run\n(the simulated Google is not: what was connected needs a new sign-in then)"
            }
            (None, None) => "gone when it stops; keep it with --data <folder>",
            (None, Some(_)) => {
                "left in the database, where nothing can open it once the demo stopped; keep the keyring with --data <folder>"
            }
        }
    }

    fn config(&self, folder: &Path, port: u16, google: &str, secret: String) -> anyhow::Result<Config> {
        let database = self
            .database
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", folder.display()));
        Ok(Config {
            server: ServerConfig {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
                public_url: format!("http://{CALLBACK_HOST}:{port}"),
                api_hosts: vec!["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string()],
                ..ServerConfig::default()
            },
            operations: OperationsConfig {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), // any: a demo may run beside others
                ..OperationsConfig::default()
            },
            database: DatabaseConfig { url: database.into() },
            keys: KeysConfig {
                file: Some(keyring(folder)?),
                text: None,
            },
            providers: [("google".to_owned(), provider(google, secret.into()))].into(),
            ..Config::default()
        })
    }
}

/// The simulated Google, where the demo's client is registered.
async fn simulate(port: u16, secret: &str) -> anyhow::Result<simulator::Running> {
    let callback = format!("http://{CALLBACK_HOST}:{port}/oauth/callback/google");
    let google = Simulator::start(SimulatorConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        public_url: Some(format!("http://{PROVIDER_HOST}:0")),
        clients: vec![OAuthClient::new(CLIENT_ID, secret, [callback])],
        ..SimulatorConfig::default()
    });
    google.await.context("the simulated Google cannot start")
}

/// A mail server that keeps what the demo sends, and shows it.
async fn mailbox() -> anyhow::Result<MailServer> {
    let inbox = MailServer::start(MailServerConfig {
        mailbox: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..MailServerConfig::default()
    });
    inbox.await.context("the simulated mail server cannot start")
}

fn mail_account(server: SocketAddr) -> MailAccount {
    MailAccount {
        host: server.ip().to_string(),
        port: server.port(),
        security: Security::None,
        username: None,
        password: None,
        from: "connect@bright.example".to_owned(),
    }
}

/// The real Google's entry, with every address moved to the simulated one.
fn provider(base: &str, client_secret: SecretString) -> ProviderConfig {
    ProviderConfig {
        client_id: CLIENT_ID.to_owned(),
        client_secret,
        authorize_url: format!("{base}/o/oauth2/v2/auth"),
        token_url: format!("{base}/token"),
        userinfo_url: format!("{base}/v1/userinfo"),
        jwks_url: format!("{base}/oauth2/v3/certs"),
        revoke_url: format!("{base}/revoke"),
        issuer: base.to_owned(),
        accepted_issuers: vec![],
        accounts_url: base.to_owned(),
        business_information_url: base.to_owned(),
        verifications_url: base.to_owned(),
        reviews_url: base.to_owned(),
        performance_url: base.to_owned(),
        ..ProviderConfig::google()
    }
}

/// The demo's keyring, marked as such: `serve` refuses it.
fn keyring(folder: &Path) -> anyhow::Result<PathBuf> {
    let file = folder.join(KEYRING);
    if !file.exists() {
        let installation = InstallationId(OsEntropy.id(SystemClock.now()));
        Keyring::generate(installation).into_demo().create_file(&file)?;
    }
    Ok(file)
}

/// The wanted port, or any that is free.
async fn free_port(wanted: u16) -> anyhow::Result<u16> {
    let on = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = match on(wanted).await {
        Ok(listener) => listener,
        Err(error) => {
            let listener = on(0).await.context("no port is free")?;
            eprintln!("Port {wanted} cannot be used ({error}), so this demo is on another one.\n");
            listener
        }
    };
    Ok(listener.local_addr()?.port())
}
