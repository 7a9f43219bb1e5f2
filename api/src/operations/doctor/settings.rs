//! What the configuration says, and the keys that it names.

use adapters::providers::ProviderConfig;
use secrecy::ExposeSecret;

use super::Finding;
use crate::{
    config::Config,
    installation::{folder, keyring_of},
};

const GOOGLE: &str = "https://accounts.google.com/";
const GOOGLE_CLIENT: &str = ".apps.googleusercontent.com";

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![valid(config), keyring(config), address(config), ledger(config)];
    if let Some(exposed) = exposed(config) {
        findings.push(exposed);
    }
    findings.extend(config.providers.values().map(|app| provider(config, app)));
    findings
}

fn valid(config: &Config) -> Finding {
    match config.validate() {
        Ok(()) => Finding::well("configuration", "it can be read, and `serve` takes it"),
        Err(error) => Finding::wrong(
            "configuration",
            error.to_string(),
            "Correct it; `serve` will not start.",
        ),
    }
}

fn keyring(config: &Config) -> Finding {
    match keyring_of(&config.keys) {
        Ok(keyring) if keyring.is_demo() => Finding::wrong(
            "keyring",
            "it was made by the demo, and what it seals is not safe",
            "Make one with: grantlink keyring init <file>",
        ),
        Ok(_) => Finding::well("keyring", "it can be read, by its owner alone"),
        Err(error) => Finding::wrong(
            "keyring",
            format!("{error:#}"),
            "Give the server's user the right keyring. Without it nothing that is sealed can be opened.",
        ),
    }
}

fn address(config: &Config) -> Finding {
    const ABOUT: &str = "public address";
    let url = &config.server.public_url;
    match config.public_address() {
        Err(error) => Finding::wrong(ABOUT, error.to_string(), "Set server.public_url."),
        Ok(_) if !url.starts_with("https://") => Finding::warning(
            ABOUT,
            format!("{url} serves this machine alone"),
            "For customers, set server.public_url to an https address, and let a proxy before this server end TLS.",
        ),
        Ok(_) if config.server.trusted_proxies.is_empty() => Finding::warning(
            ABOUT,
            "no proxy is trusted, so all visitors behind one count as one and share its limits",
            "Set server.trusted_proxies to the networks of your proxies.",
        ),
        Ok(_) => Finding::well(ABOUT, url),
    }
}

/// Whoever is in it was erased, and stays so when an old backup is put back.
fn ledger(config: &Config) -> Finding {
    const ABOUT: &str = "ledger of erasures";
    match config.ledger() {
        None => Finding::warning(
            ABOUT,
            "nothing says where it is, so nobody can be erased",
            "Set erasure.ledger to a file that no backup of the database holds.",
        ),
        Some(file) if folder(config).is_some_and(|data| file.starts_with(data)) => Finding::warning(
            ABOUT,
            format!("{} stands beside the data", file.display()),
            "Set erasure.ledger to a file elsewhere: an old backup that is put back must not bring an old ledger with it.",
        ),
        Some(file) if file.exists() => Finding::well(ABOUT, format!("{} is there", file.display())),
        Some(file) => Finding::hint(
            ABOUT,
            format!("{} is not there", file.display()),
            "If somebody was erased before, put it back. Else it is made with the first erasure.",
        ),
    }
}

fn exposed(config: &Config) -> Option<Finding> {
    let listen = config.operations.listen;
    (!listen.ip().is_loopback()).then(|| {
        Finding::warning(
            "probes and figures",
            format!("they answer everybody who reaches {listen}"),
            "Let a firewall admit your balancer and your Prometheus alone, or set operations.listen to 127.0.0.1.",
        )
    })
}

fn provider(config: &Config, app: &ProviderConfig) -> Finding {
    const ABOUT: &str = "provider";
    let (id, console) = (&app.id, format!("Copy it from the console of {}.", app.name));
    if app.client_id.is_empty() || app.client_secret.expose_secret().is_empty() {
        return Finding::wrong(ABOUT, format!("{id} has no client_id or no client_secret"), console);
    }
    if app.authorize_url.starts_with(GOOGLE) && !app.client_id.ends_with(GOOGLE_CLIENT) {
        let found = format!("the client_id of {id} does not end in {GOOGLE_CLIENT}");
        return Finding::warning(ABOUT, found, console);
    }
    let callback = format!(
        "{}{}",
        config.server.public_url.trim_end_matches('/'),
        app.callback_path
    );
    Finding::hint(
        ABOUT,
        format!("{id} is set up here; its own side cannot be seen from here"),
        format!("Its console must know exactly this redirect address: {callback}"),
    )
}
