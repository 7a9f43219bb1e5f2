//! What an operator says: one TOML file, and `GRANTLINK_*` variables over it (`GRANTLINK_SERVER__LISTEN` is `server.listen`).

mod operations;
mod refresh;
mod validate;

pub use operations::OperationsConfig;
pub use refresh::RefreshConfig;
pub use validate::PublicAddress;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use adapters::{http::HttpConfig, mail::MailConfig, providers::ProviderConfig, traces::TracesConfig};
use anyhow::Context;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

/// The whole configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it listens, and under which addresses it is reached.
    pub server: ServerConfig,
    /// Where the log is.
    pub database: DatabaseConfig,
    /// Where the keys are.
    pub keys: KeysConfig,
    /// How links are made.
    pub links: LinksConfig,
    /// How people are erased.
    pub erasure: ErasureConfig,
    /// The providers, by their name in the catalogue.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// How long renewals of credentials may take.
    pub refresh: RefreshConfig,
    /// How requests to providers behave.
    pub http: HttpConfig,
    /// How mail leaves.
    pub mail: MailConfig,
    /// What it says about itself.
    pub log: LogConfig,
    /// How it is watched, and how it stops.
    pub operations: OperationsConfig,
    /// Where the steps of requests are sent.
    pub traces: TracesConfig,
}

/// Where the server listens, and under which addresses it is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// The address and port to listen on.
    pub listen: SocketAddr,
    /// The installation's own address: providers send people back to it, and the agency API answers on it.
    pub public_url: String,
    /// Further host names on which the agency API answers.
    pub api_hosts: Vec<String>,
    /// The networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Connections that are open at once; for one more the oldest has to leave.
    pub connections: usize,
    /// How long a new connection may take to send its first request's headers.
    pub first_request_seconds: u64,
    /// Pages that are being answered at once; more wait half a second, and are refused then.
    pub public_requests: usize,
    /// Calls of the API that are being answered at once; more wait half a second, and are refused then.
    pub api_requests: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: String::new(),
            api_hosts: vec![],
            trusted_proxies: vec![],
            connections: 4_096,
            first_request_seconds: 10,
            public_requests: 512,
            api_requests: 256,
        }
    }
}

/// Where the log is.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:<directory>`, or `postgres://user:password@host:port/database`.
    pub url: SecretString,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:data".into(),
        }
    }
}

/// Where the keys are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeysConfig {
    /// The keyring file, made by `grantlink keyring init`.
    pub file: Option<PathBuf>,
    /// The text of a keyring, instead of a file: for `GRANTLINK_KEYS__TEXT`.
    pub text: Option<SecretString>,
}

/// How links are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinksConfig {
    /// How many days a link lives when its issuer does not say.
    pub life_days: u16,
}

impl Default for LinksConfig {
    fn default() -> Self {
        Self { life_days: 7 }
    }
}

/// How people are erased.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ErasureConfig {
    /// The ledger of who was erased; `erasures.ndjson` beside the keyring's file when not given. It must not stand where a backup
    /// of the database is put back.
    pub ledger: Option<PathBuf>,
}

/// What the server says about itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Which events: `info`, or per module as in `info,grantlink=debug`.
    pub filter: String,
    /// One JSON object a line, for machines. When not said: unless a person reads along at a terminal.
    pub json: Option<bool>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            json: None,
        }
    }
}

/// The ledger's name beside the keyring.
const LEDGER: &str = "erasures.ndjson";

impl Config {
    /// Where the ledger of erasures is; none when nothing says where.
    pub fn ledger(&self) -> Option<PathBuf> {
        let beside = || Some(self.keys.file.as_deref()?.with_file_name(LEDGER));
        self.erasure.ledger.clone().or_else(beside)
    }

    /// Reads the file (`grantlink.toml` when none is named and it exists) and the environment.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something that is not known.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut builder = config::Config::builder();
        builder = match file {
            Some(file) => builder.add_source(config::File::from(file).format(config::FileFormat::Toml)),
            None => builder.add_source(config::File::new("grantlink.toml", config::FileFormat::Toml).required(false)),
        };
        let environment = config::Environment::with_prefix("GRANTLINK")
            .prefix_separator("_")
            .separator("__")
            .source(Some(settings_in_the_environment()))
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("server.api_hosts")
            .with_list_parse_key("server.trusted_proxies");
        let read = builder
            .add_source(environment)
            .build()
            .context("the configuration cannot be read")?;
        let mut config: Self = read.try_deserialize().map_err(not_valid)?;
        for (name, provider) in &mut config.providers {
            provider.id.clone_from(name);
        }
        Ok(config)
    }
}

/// The variable that names the file is no setting of its own, nor are those that tell tests what to run against.
const NO_SETTINGS: [&str; 2] = ["GRANTLINK_CONFIG", "GRANTLINK_TEST_"];

/// A setting that there is not may stand in the file or in a variable; nobody looks for it in the environment unless told.
fn not_valid(error: config::ConfigError) -> anyhow::Error {
    let said = error.to_string();
    let unknown = said
        .split("unknown field `")
        .nth(1)
        .and_then(|rest| rest.split('`').next());
    let variable = unknown.and_then(|unknown| {
        let ends_so = |name: &String| name.to_lowercase().ends_with(&format!("_{unknown}"));
        settings_in_the_environment()
            .into_keys()
            .filter(|name| name.starts_with("GRANTLINK_"))
            .find(ends_so)
    });
    let error = anyhow::Error::new(error);
    match variable {
        Some(name) => error.context(format!(
            "the configuration is not valid: the environment variable {name} names no setting"
        )),
        None => error.context("the configuration is not valid"),
    }
}

fn settings_in_the_environment() -> config::Map<String, String> {
    let readable =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    readable
        .filter(|(name, _)| !NO_SETTINGS.iter().any(|other| name.starts_with(other)))
        .collect()
}
