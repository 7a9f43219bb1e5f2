//! One simulated Google that two configured providers lead to, each with a client and a callback path of its own.

use std::fmt::Write;

use secrecy::{ExposeSecret, SecretString};
use simulator::{OAuthClient, Running, Simulator, SimulatorConfig, personas::Persona};

use super::network;

/// The host that providers send people back to.
pub const CALLBACK_HOST: &str = "connect.localhost";
/// The simulated Google's host.
pub const PROVIDER_HOST: &str = "idp.localhost";
/// The first configured provider.
pub const GOOGLE: &str = "google";
/// The second: the same simulator under another name, client and callback path.
pub const FACEBOOK: &str = "facebook";

/// The client id of a provider. The number before the hyphen is its project at the simulated Google.
pub fn client_of(provider: &str) -> String {
    let project = if provider == GOOGLE { 1001 } else { 2002 };
    format!("{project}-{provider}")
}

/// The path that a provider sends people back to.
pub fn callback_path(provider: &str) -> String {
    format!("/oauth/callback/{provider}")
}

/// The client secret of a provider: a canary that must never show up anywhere.
pub(super) fn secret_of(provider: &str) -> String {
    format!("canary-client-secret-of-{provider}")
}

pub(super) async fn start(port: u16, personas: Vec<Persona>) -> anyhow::Result<Running> {
    let client = |provider: &str| {
        let callback = format!("http://{CALLBACK_HOST}:{port}{}", callback_path(provider));
        OAuthClient::new(client_of(provider), secret_of(provider), [callback])
    };
    let config = SimulatorConfig {
        public_url: Some(format!("http://{PROVIDER_HOST}:0")),
        clients: vec![client(GOOGLE), client(FACEBOOK)],
        personas,
        ..SimulatorConfig::default()
    };
    Ok(Simulator::start(config).await?)
}

/// Whether the simulated Google gives a fresh access token for that refresh token.
///
/// # Errors
/// When it does not answer.
pub async fn renews(google: &Running, token: &SecretString) -> anyhow::Result<bool> {
    let (client, secret) = (client_of(GOOGLE), secret_of(GOOGLE));
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.expose_secret()),
        ("client_id", &client),
        ("client_secret", &secret),
    ];
    let asked = network::client()?
        .post(format!("{}/token", google.base_url()))
        .form(&form);
    Ok(asked.send().await?.status().is_success())
}

/// Both providers' part of the configuration.
pub(super) fn configuration(base: &str) -> String {
    let mut text = String::new();
    for provider in [GOOGLE, FACEBOOK] {
        let (client, secret, path) = (client_of(provider), secret_of(provider), callback_path(provider));
        let capital = format!("{}{}", provider[..1].to_uppercase(), &provider[1..]);
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            r#"
[providers.{provider}]
name = "{capital}"
product = "{capital} Business Profile"
icon = "{provider}"
client_id = "{client}"
client_secret = "{secret}"
callback_path = "{path}"
authorize_url = "{base}/o/oauth2/v2/auth"
token_url = "{base}/token"
userinfo_url = "{base}/v1/userinfo"
jwks_url = "{base}/oauth2/v3/certs"
revoke_url = "{base}/revoke"
issuer = "{base}"
accepted_issuers = []
accounts_url = "{base}"
business_information_url = "{base}"
verifications_url = "{base}"
reviews_url = "{base}"
performance_url = "{base}"
"#
        );
    }
    text
}
