//! What an operator may write, and what is said when it cannot work.

use application::ports::provider::{Catalogue, Revokes};
use domain::provider::ProviderId;
use serde_json::json;

use super::{CALLBACK, ProviderConfig, apps::app, at, catalogue, stopped_clock};
use crate::{
    http::{HttpConfig, client},
    providers::{ClientAuth, ConfiguredCatalogue, InvalidProviders},
};

fn refused(configs: Vec<ProviderConfig>, callback: &str) -> String {
    let http = client(&HttpConfig::default()).unwrap();
    let Err(InvalidProviders(complaints)) = ConfiguredCatalogue::new(configs, callback, &http, &stopped_clock()) else {
        panic!("this was accepted");
    };
    complaints.join("\n")
}

#[test]
fn at_the_real_google_an_id_and_a_secret_are_enough() {
    let config: ProviderConfig =
        serde_json::from_value(json!({"kind": "google_business", "client_id": "1-a.apps", "client_secret": "s"}))
            .unwrap();
    assert_eq!(config.validate(), Ok(()));
    assert_eq!(config.authorize_url, "https://accounts.google.com/o/oauth2/v2/auth");
    let catalogue = catalogue(vec![config]);
    let google = catalogue.connector(&ProviderId::parse("google").unwrap()).unwrap();
    assert_eq!(
        google.redirect_uri(),
        "https://connect.example.com/oauth/callback/google"
    );
    assert_eq!(google.issuer(), "https://accounts.google.com");
    assert_eq!(google.app().client_id, "1-a.apps");
    assert_eq!(google.revokes(), Revokes::Account);
}

#[test]
fn every_field_can_be_said_otherwise() {
    let config: ProviderConfig = serde_json::from_value(json!({
        "kind": "google_business", "id": "op", "client_id": "c", "client_secret": "s", "client_auth": "basic",
        "issuer": "http://idp.localhost:9", "scopes": ["openid"], "required_scopes": ["openid"], "prompt": "",
        "authorize_parameters": {}, "pkce": false, "revokes": "token", "revoke_url": "", "revoke_with_client": true,
    }))
    .unwrap();
    assert_eq!(config.validate(), Ok(()));
    assert_eq!(config.client_auth, ClientAuth::Basic);
    assert_eq!(config.revokes, Revokes::Token);
    let misspelt = json!({"kind": "google_business", "client-id": "c"});
    assert!(
        serde_json::from_value::<ProviderConfig>(misspelt)
            .unwrap_err()
            .to_string()
            .contains("client-id")
    );
}

/// Of another kind than Google, only what nobody can know has to be said.
#[test]
fn of_another_app_a_name_a_client_and_three_addresses_are_enough() {
    let config: ProviderConfig = serde_json::from_value(json!({
        "kind": "oauth2", "id": "crumb", "name": "Crumb", "client_id": "c", "client_secret": "s",
        "authorize_url": "https://crumb.example/authorize", "token_url": "https://api.crumb.example/token",
        "userinfo_url": "https://api.crumb.example/me",
    }))
    .unwrap();
    let catalogue = catalogue(vec![config]);
    let crumb = catalogue.connector(&ProviderId::parse("crumb").unwrap()).unwrap();
    assert_eq!(crumb.redirect_uri(), "https://connect.example.com/oauth/callback/crumb");
    assert_eq!(crumb.issuer(), "https://crumb.example");
    assert_eq!((crumb.revokes(), crumb.connects_account()), (Revokes::Token, true));
    assert_eq!((crumb.keep_alive(), crumb.has_testing()), (None, false));
    assert!(crumb.required_scopes().is_empty() && crumb.about().permissions.is_empty());
}

#[test]
fn what_cannot_work_at_another_app_is_said_with_what_to_change() {
    let complaint = |change: fn(&mut ProviderConfig)| {
        let mut config = app("http://127.0.0.1:1");
        change(&mut config);
        refused(vec![config], CALLBACK)
    };
    assert!(complaint(|c| c.userinfo_url.clear()).contains("set userinfo_url"));
    assert!(complaint(|c| c.name.clear()).contains("set name"));
    assert!(complaint(|c| c.account.subject.clear()).contains("set account.subject"));
    assert!(complaint(|c| c.account.email = "mail".to_owned()).contains("set account.email"));
    assert!(complaint(|c| c.listing_api.id = "/a~2".to_owned()).contains("set listing_api.id"));
    assert!(complaint(|c| c.listing_api.url = "http://crumb.example/l".to_owned()).contains("listing_api.url"));
    assert!(complaint(|c| c.probe_url = "probe".to_owned()).contains("set probe_url"));
    assert!(complaint(|c| c.probe_url = "https://{listing}.crumb.example/".to_owned()).contains("put {listing}"));
    assert!(complaint(|c| c.introspect_url = "http://crumb.example/i".to_owned()).contains("introspect_url"));
    let nothing_to_pick = complaint(|c| {
        c.listing_api.url.clear();
        c.probe_url = "https://crumb.example/{listing}".to_owned();
    });
    assert!(nothing_to_pick.contains("take {listing} out"), "{nothing_to_pick}");
    let mut google = at("http://127.0.0.1:1");
    google.probe_url = "https://crumb.example/".to_owned();
    assert!(refused(vec![google], CALLBACK).contains("set kind to \"oauth2\""));
}

#[test]
fn what_cannot_work_is_said_with_what_to_change() {
    let complaint = |change: fn(&mut ProviderConfig)| {
        let mut config = at("http://127.0.0.1:1");
        change(&mut config);
        refused(vec![config], CALLBACK)
    };
    assert!(complaint(|c| c.id = "Google!".to_owned()).contains("change id"));
    assert!(complaint(|c| c.name.clear()).contains("set name"));
    assert!(complaint(|c| c.client_id.clear()).contains("set client_id"));
    assert!(complaint(|c| c.client_secret = "".into()).contains("set client_secret"));
    assert!(complaint(|c| c.icon = "x".to_owned()).contains("set icon"));
    assert!(complaint(|c| c.token_url = "token".to_owned()).contains("set token_url"));
    assert!(complaint(|c| c.token_url = "http://provider.example/t".to_owned()).contains("https"));
    assert!(complaint(|c| c.accounts_url = "https://me:pw@provider.example".to_owned()).contains("accounts_url"));
    assert!(complaint(|c| c.callback_path = "oauth".to_owned()).contains("callback_path"));
    assert!(complaint(|c| c.callback_path = "/oauth/../x".to_owned()).contains("callback_path"));
    assert!(complaint(|c| c.scopes = vec!["openid email".to_owned()]).contains("without spaces"));
    assert!(complaint(|c| c.required_scopes.push("calendar".to_owned())).contains("add \"calendar\" to scopes"));
    assert!(complaint(|c| c.scopes.retain(|scope| scope != "openid")).contains("add \"openid\""));
    assert!(complaint(|c| c.timeout_seconds = 0).contains("timeout_seconds"));
    for name in ["state", "include_granted_scopes"] {
        let mut config = at("http://127.0.0.1:1");
        config.authorize_parameters.insert(name.to_owned(), "x".to_owned());
        assert!(refused(vec![config], CALLBACK).contains(&format!("take {name} out")));
    }
}

#[test]
fn the_callback_address_is_an_origin_and_secret_answers_come_to_it_by_https() {
    let config = || vec![at("http://127.0.0.1:1")];
    for address in [
        "connect.example.com",
        "http://connect.example.com",
        "https://connect.example.com/x",
        "https://a.example?x",
    ] {
        assert!(refused(config(), address).contains("the callback address"), "{address}");
    }
    let http = client(&HttpConfig::default()).unwrap();
    for address in ["https://connect.example.com/", "http://connect.localhost:8080"] {
        let catalogue = ConfiguredCatalogue::new(config(), address, &http, &stopped_clock()).unwrap();
        let expected = format!("{}/oauth/callback/google", address.trim_end_matches('/'));
        assert_eq!(catalogue.all()[0].redirect_uri(), expected);
    }
}

/// A34: the callback path says which provider answers, so two of them never share one.
#[test]
fn two_providers_share_neither_an_id_nor_a_callback_path() {
    let first = || at("http://127.0.0.1:1");
    let second = |id: &str, path: &str| ProviderConfig {
        id: id.to_owned(),
        callback_path: path.to_owned(),
        ..at("http://127.0.0.1:2")
    };
    assert!(
        refused(vec![first(), second("google", "/oauth/callback/two")], CALLBACK).contains("have the id \"google\"")
    );
    assert!(refused(vec![first(), second("two", "/oauth/callback/google")], CALLBACK).contains("callback_path"));
    let both = catalogue(vec![first(), second("two", "/oauth/callback/two")]);
    assert_eq!(both.all().len(), 2);
    assert_eq!(
        both.by_callback_path("/oauth/callback/two")
            .unwrap()
            .about()
            .id
            .as_str(),
        "two"
    );
    assert!(both.by_callback_path("/oauth/callback/three").is_none());
    assert!(both.connector(&ProviderId::parse("three").unwrap()).is_none());
}

#[test]
fn a_configuration_that_is_printed_keeps_its_secret() {
    let config = at("http://127.0.0.1:1");
    assert!(!format!("{config:?}").contains("our-secret"));
}
