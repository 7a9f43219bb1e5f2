//! The address where a sign-in begins.

use std::collections::HashMap;

use application::ports::provider::SignIn;
use reqwest::Url;

use super::{Only, ProviderConfig, at};

fn parameters(config: ProviderConfig) -> HashMap<String, String> {
    let only = Only::new(config);
    let address = only
        .connector()
        .authorize_url(&SignIn {
            state: &"the state".into(),
            nonce: "once",
            code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        })
        .unwrap();
    assert!(address.starts_with("http://127.0.0.1:1/authorize?"));
    let url = Url::parse(&address).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let by_name: HashMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(pairs.len(), by_name.len(), "no parameter comes twice");
    by_name
}

/// A29: the account chooser is asked for.
#[test]
fn a_sign_in_asks_for_the_account_for_consent_and_for_a_code_bound_to_us() {
    let parameters = parameters(at("http://127.0.0.1:1"));
    let expected = [
        ("response_type", "code"),
        ("client_id", "our-client"),
        ("redirect_uri", "https://connect.example.com/oauth/callback/google"),
        (
            "scope",
            "openid email profile https://www.googleapis.com/auth/business.manage",
        ),
        ("state", "the state"),
        ("nonce", "once"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account consent"),
        ("access_type", "offline"),
    ];
    let expected: HashMap<String, String> = expected
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(parameters, expected);
}

#[test]
fn prompt_pkce_and_further_parameters_are_as_configured() {
    let mut config = at("http://127.0.0.1:1");
    config.prompt = String::new();
    config.pkce = false;
    config.authorize_parameters = std::iter::once(("hd".to_owned(), "example.com".to_owned())).collect();
    let parameters = parameters(config);
    for name in ["prompt", "code_challenge", "code_challenge_method", "access_type"] {
        assert!(!parameters.contains_key(name), "{name}");
    }
    assert_eq!(parameters["hd"], "example.com");
}
