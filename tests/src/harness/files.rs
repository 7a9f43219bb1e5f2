//! The folder of an installation: configuration, keyring, what the server says.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::{provider, server};
use crate::conformance::{Database, Kind};

/// The keyring's name in the folder.
pub const KEYRING: &str = "keyring.toml";

/// Goes with the story.
pub struct Files {
    folder: TempDir,
    operations: u16,
}

impl Files {
    /// Writes a configuration for a database, a port and a provider's address, and has the real program make the keyring.
    ///
    /// # Errors
    /// When the folder cannot be written, or the program refuses.
    pub async fn write(database: &Database, port: u16, provider: &str) -> anyhow::Result<Self> {
        let files = Self {
            folder: tempfile::tempdir()?,
            operations: server::free_port()?,
        };
        files.make_keyring().await?;
        files.configure(&files.text(database, port, provider)?)?;
        Ok(files)
    }

    async fn make_keyring(&self) -> anyhow::Result<()> {
        let mut command = std::process::Command::new(server::program()?);
        command.args(["keyring", "init"]).arg(self.keyring());
        let made = server::output(command).await?;
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        ensure!(made.status.success(), "no keyring was made: {said}");
        Ok(())
    }

    fn text(&self, database: &Database, port: u16, provider: &str) -> anyhow::Result<String> {
        let url = address(database)?;
        Ok(format!(
            r#"
[server]
listen = "127.0.0.1:{port}"
public_url = "http://{callback}:{port}"
trusted_proxies = ["127.0.0.0/8"]
[operations]
listen = "127.0.0.1:{operations}"
drain_seconds = 0
[database]
url = "{url}"
[keys]
file = "{keyring}"
[log]
filter = "debug"
{providers}"#,
            callback = provider::CALLBACK_HOST,
            operations = self.operations,
            keyring = self.keyring().display(),
            providers = provider::configuration(provider),
        ))
    }

    /// Writes the configuration.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn configure(&self, text: &str) -> anyhow::Result<()> {
        Ok(std::fs::write(self.config(), text)?)
    }

    /// Points the configuration at another database.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn move_to(&self, database: &Database) -> anyhow::Result<()> {
        let text = self.configuration()?;
        let url = format!("url = \"{}\"", address(database)?);
        let is_url = |line: &&str| line.starts_with("url = ");
        let old = text.lines().find(is_url).context("no database is configured")?;
        self.configure(&text.replacen(old, &url, 1))
    }

    /// The configuration as it stands.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn configuration(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.config())?)
    }

    /// The configuration's file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("grantlink.toml")
    }

    /// The keyring's file.
    pub fn keyring(&self) -> PathBuf {
        self.folder.path().join(KEYRING)
    }

    /// Runs another command of the program with this configuration, to its end.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn ask(&self, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        server::run(&self.config(), arguments).await
    }

    /// The port on which it answers probes.
    pub fn operations(&self) -> u16 {
        self.operations
    }

    /// What the server wrote to its output so far, over all its lives.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A database as the configuration names it.
fn address(database: &Database) -> anyhow::Result<String> {
    Ok(match database.kind() {
        Kind::Sqlite => {
            let file = database.path()?;
            format!("sqlite:{}", file.parent().context("no folder")?.display())
        }
        Kind::Postgres => database.url()?,
    })
}
