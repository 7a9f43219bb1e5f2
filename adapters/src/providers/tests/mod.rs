//! The connector against servers that answer what a test wants, and against the simulator.

mod apps;
mod configuration;
mod exchange;
mod google;
mod listings;
mod probe;
mod refresh;
mod revoke;
mod sign_in;
mod signatures;
pub(crate) mod signer;

use std::sync::Arc;

use application::ports::{
    clock::Clock,
    provider::{Account, Catalogue, CodeExchange, Connector, Credential},
};
use chrono::DateTime;
use domain::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{ConfiguredCatalogue, ProviderConfig};
use crate::http::{HttpConfig, client};

/// When these tests play.
const NOW: i64 = 1_790_000_000;
const CALLBACK: &str = "https://connect.example.com";

#[derive(Clone, Copy)]
struct StoppedClock(Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn stopped_clock() -> Arc<dyn Clock> {
    Arc::new(StoppedClock(DateTime::from_timestamp(NOW, 0).unwrap()))
}

/// A provider at one address, as configured with nothing but what must differ.
fn at(base: &str) -> ProviderConfig {
    ProviderConfig {
        client_id: "our-client".to_owned(),
        client_secret: "our-secret".into(),
        authorize_url: format!("{base}/authorize"),
        token_url: format!("{base}/token"),
        userinfo_url: format!("{base}/userinfo"),
        jwks_url: format!("{base}/certs"),
        revoke_url: format!("{base}/revoke"),
        issuer: base.to_owned(),
        accounts_url: base.to_owned(),
        business_information_url: base.to_owned(),
        verifications_url: base.to_owned(),
        reviews_url: base.to_owned(),
        performance_url: base.to_owned(),
        timeout_seconds: 1,
        ..ProviderConfig::google()
    }
}

fn catalogue(configs: Vec<ProviderConfig>) -> ConfiguredCatalogue {
    let http = client(&HttpConfig::default()).unwrap();
    ConfiguredCatalogue::new(configs, CALLBACK, &http, &stopped_clock()).unwrap()
}

/// What an id token for us says, but for what a test wants otherwise.
fn id_claims(issuer: &str, otherwise: &Value) -> Value {
    let mut claims = json!({"iss": issuer, "sub": "104", "aud": "our-client", "exp": NOW + 60, "nonce": "once"});
    for (name, value) in otherwise.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// A catalogue of one.
struct Only(ConfiguredCatalogue);

impl Only {
    fn new(config: ProviderConfig) -> Self {
        Self(catalogue(vec![config]))
    }

    fn connector(&self) -> Arc<dyn Connector> {
        self.0.all().swap_remove(0)
    }
}

/// The code, verifier and nonce that the tests exchange.
struct Secrets {
    code: SecretString,
    verifier: SecretString,
}

impl Secrets {
    fn new() -> Self {
        Self {
            code: "4/0AbC-code".into(),
            verifier: "a-verifier-of-at-least-forty-three-characters".into(),
        }
    }

    fn exchange(&self) -> CodeExchange<'_> {
        CodeExchange {
            code: &self.code,
            verifier: &self.verifier,
            redirect_uri: "https://connect.example.com/oauth/callback/google",
            nonce: "once",
        }
    }
}

fn credential(refresh_token: Option<&str>) -> Credential {
    Credential {
        access_token: "access".into(),
        refresh_token: refresh_token.map(Into::into),
        expires_at: None,
        scopes: std::iter::once("openid".to_owned()).collect(),
        account: Account {
            subject: "104".to_owned(),
            email: None,
            name: None,
        },
    }
}
