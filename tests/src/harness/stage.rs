//! Everything that a story needs, standing.

use std::process::Output;

use anyhow::{Context, ensure};
use reqwest::Url;
use simulator::{
    Running,
    personas::{Persona, everyone},
};

use super::{
    agency::{Agency, Answer, answer},
    browser::Browser,
    files::Files,
    network, provider,
    server::{self, Server},
};
use crate::conformance::Database;

/// The host of the first agency.
pub const AGENCY_HOST: &str = "agency.localhost";

/// An installation that serves, its first agency, and the provider.
pub struct Stage {
    /// The program, serving. First, so that it ends before what it stands on.
    pub server: Server,
    /// The simulated Google.
    pub google: Running,
    /// The first agency.
    pub agency: Agency,
    /// The configuration, the keyring, the server's log.
    pub files: Files,
    /// The database.
    pub database: Database,
}

impl Stage {
    /// Sets everything up on an empty database.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn set(database: Database) -> anyhow::Result<Self> {
        Self::set_with(database, everyone()).await
    }

    /// The same with other people at the provider.
    ///
    /// # Errors
    /// As [`Stage::set`].
    pub async fn set_with(database: Database, cast: Vec<Persona>) -> anyhow::Result<Self> {
        Self::set_up(database, cast, "").await
    }

    /// The same with more in the configuration.
    ///
    /// # Errors
    /// As [`Stage::set`].
    pub async fn set_configured(database: Database, more: &str) -> anyhow::Result<Self> {
        Self::set_up(database, everyone(), more).await
    }

    async fn set_up(database: Database, cast: Vec<Persona>, more: &str) -> anyhow::Result<Self> {
        let port = server::free_port()?;
        let google = provider::start(port, cast).await?;
        let files = Files::write(&database, port, google.base_url()).await?;
        files.configure(&format!("{}{more}", files.configuration()?))?;
        let agency = found(&files, port, "Bright Side Marketing", AGENCY_HOST, &[]).await?;
        let server = Server::start(&files.config(), &files.log(), port).await?;
        Ok(Self {
            server,
            google,
            agency,
            files,
            database,
        })
    }

    /// A new browser.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn browser(&self) -> anyhow::Result<Browser> {
        Browser::new()
    }

    /// Founds another agency from the command line, while the server runs; `more` are further arguments.
    ///
    /// # Errors
    /// When the program refuses.
    pub async fn another_agency(&self, name: &str, host: &str, more: &[&str]) -> anyhow::Result<Agency> {
        found(&self.files, self.server.port(), name, host, more).await
    }

    /// Another node of this installation, on ports of its own; answers with that of its probes.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn another_node(&self) -> anyhow::Result<(Server, u16)> {
        let (port, operations) = (server::free_port()?, server::free_port()?);
        let here = |port: u16| format!("127.0.0.1:{port}");
        let configuration = self
            .files
            .configuration()?
            .replace(&here(self.server.port()), &here(port))
            .replace(&here(self.files.operations()), &here(operations));
        let folder = self.files.folder();
        let config = folder.join(format!("node-{port}.toml"));
        std::fs::write(&config, configuration)?;
        let server = Server::start(&config, &folder.join(format!("node-{port}.log")), port).await?;
        Ok((server, operations))
    }

    /// Runs a command of the program on this installation.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        server::run(&self.files.config(), arguments).await
    }

    /// The address of a path on a host of this installation.
    ///
    /// # Errors
    /// When that makes no address.
    pub fn url(&self, host: &str, path: &str) -> anyhow::Result<Url> {
        Ok(format!("http://{host}:{}{path}", self.server.port()).parse()?)
    }

    /// Asks what operators ask: the status and the text of the answer.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn probe(&self, path: &str) -> anyhow::Result<Answer> {
        probe(self.files.operations(), path).await
    }

    /// How often the provider was asked to turn a code into tokens.
    pub fn token_requests(&self) -> usize {
        self.google.count("POST", "/token")
    }

    /// How many credentials wait in the vault for a connection.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn pending_credentials(&self) -> anyhow::Result<i64> {
        self.database
            .number("SELECT count(*) FROM vault WHERE kind = 'pending_credential'")
            .await
    }

    /// How many credentials connections stand on.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn credentials(&self) -> anyhow::Result<i64> {
        self.database
            .number("SELECT count(*) FROM vault WHERE kind = 'credential'")
            .await
    }
}

/// Asks a node what operators ask.
///
/// # Errors
/// When nobody answers.
pub async fn probe(port: u16, path: &str) -> anyhow::Result<Answer> {
    answer(network::client()?.get(format!("http://localhost:{port}{path}"))).await
}

async fn found(files: &Files, port: u16, name: &str, host: &str, more: &[&str]) -> anyhow::Result<Agency> {
    let fixed = [
        "agency",
        "create",
        "--name",
        name,
        "--owner-name",
        "Anna Berg",
        "--owner-email",
        "anna@bright.example",
        "--host",
        host,
    ];
    let output = server::run(&files.config(), &[fixed.as_slice(), more].concat()).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "the agency was not founded: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line = |start: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(start));
        line.map(str::trim).with_context(|| format!("no {start} in: {said}"))
    };
    Agency::new(line("Agency ")?, host, line("API key ")?, port)
}
