//! What an id token must say. Who signed it is told in the connector's own stories.

use chrono::DateTime;
use serde_json::{Value, json};

use super::{Expected, ProviderError, Subject, agree};

const NOW: i64 = 1_790_000_000;

fn claims() -> Value {
    json!({
        "iss": "https://accounts.google.com", "sub": "104", "aud": "our-client", "azp": "our-client",
        "iat": NOW, "exp": NOW + 3_600, "nonce": "once", "email": "olive@example.com", "at_hash": "unknown to us",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[field] = value;
    claims
}

fn checked(claims: &Value) -> Result<Subject, ProviderError> {
    let issuers = [
        "https://accounts.google.com".to_owned(),
        "accounts.google.com".to_owned(),
    ];
    let now = DateTime::from_timestamp(NOW, 0).unwrap();
    let expected = Expected {
        issuers: &issuers,
        client_id: "our-client",
        nonce: "once",
        now,
    };
    agree(serde_json::from_value(claims.clone()).unwrap(), &expected)
}

#[test]
fn a_token_that_agrees_names_who_signed_in() {
    let good = [
        claims(),
        with("iss", json!("accounts.google.com")),
        with("aud", json!(["our-client"])),
        with("aud", json!(["another", "our-client"])),
        with("azp", Value::Null),
        with("iat", json!(NOW + 299)),
        with("exp", json!(NOW - 299)),
    ];
    for claims in good {
        assert_eq!(checked(&claims), Ok(Subject("104".to_owned())), "{claims}");
    }
}

/// Mutants: without the comparison of issuers, of audiences or of nonces, one of these passes.
#[test]
fn a_token_from_elsewhere_for_another_or_of_another_sign_in_is_refused() {
    let foreign = [
        with("iss", json!("https://accounts.google.com/")),
        with("iss", json!("https://ACCOUNTS.google.com")),
        with("aud", json!("another-client")),
        with("aud", json!(["another-client"])),
        with("aud", json!([])),
    ];
    for claims in foreign {
        assert!(
            matches!(checked(&claims), Err(ProviderError::Misconfigured(_))),
            "{claims}"
        );
    }
    let mut delegated = with("aud", json!(["another", "our-client"]));
    delegated["azp"] = json!("another");
    assert!(matches!(checked(&delegated), Err(ProviderError::Misconfigured(_))));
    for claims in [
        with("nonce", json!("twice")),
        with("nonce", json!("")),
        with("nonce", Value::Null),
    ] {
        assert!(matches!(checked(&claims), Err(ProviderError::Refused(_))), "{claims}");
    }
}

/// Mutant: without the comparison with the clock, both pass.
#[test]
fn a_token_counts_for_its_time_give_or_take_five_minutes() {
    for claims in [
        with("exp", json!(NOW - 300)),
        with("exp", json!(i64::MIN)),
        with("iat", json!(NOW + 301)),
    ] {
        assert!(matches!(checked(&claims), Err(ProviderError::Refused(_))), "{claims}");
    }
}
