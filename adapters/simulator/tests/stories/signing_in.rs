//! From the application to Google's pages and back.

use std::collections::HashSet;

use grantlink_simulator::personas::{MAX, OLIVE, UWE};
use grantlink_simulator::{OAuthClient, SimulatorConfig};
use reqwest::StatusCode;

use crate::support::{Answer, BUSINESS_MANAGE, Stage, Text, client};

#[tokio::test]
async fn olive_connects_her_bakery() {
    let mut stage = Stage::set().await;

    let chooser = stage.authorize(&[("prompt", "select_account consent")]).await;
    assert!(
        chooser
            .body
            .contains(r#"id="account-olive" name="account" value="olive""#),
        "{}",
        chooser.body
    );

    let consent = stage.choose(&chooser, OLIVE).await;
    assert!(
        consent.body.contains("connect.localhost</span> wants access"),
        "{}",
        consent.body
    );
    assert!(consent.body.contains("olive@example.com"));
    assert_eq!(consent.boxes(), [(BUSINESS_MANAGE.to_owned(), true)]);
    assert!(consent.body.contains(r#"id="allow""#) && consent.body.contains(r#"id="deny""#));

    let back = stage.allow(&consent).await;
    let tokens = stage.exchange(&back.code()).await.body;
    let access_token = tokens.text("access_token");
    let who = stage.get("/v1/userinfo", &access_token).await.body;
    assert_eq!(who["email"], "olive@example.com");
    assert_eq!(who["name"], "Olive Hartley");
    assert_eq!(who["email_verified"], true);

    let locations = stage
        .get("/v1/accounts/-/locations?readMask=name,title", &access_token)
        .await
        .body;
    assert_eq!(locations["locations"].as_array().unwrap().len(), 3);
    assert_eq!(locations["locations"][0]["title"], "Olive & Thyme Bakery");
}

#[tokio::test]
async fn the_callback_carries_what_googles_does() {
    let mut stage = Stage::set().await;

    let back = stage.sign_in(OLIVE, &[]).await;
    assert_eq!(back.status, StatusCode::FOUND);
    let callback = back.callback();

    assert_eq!(callback["state"], "st/at+e =");
    assert_eq!(callback["iss"], stage.google.base_url());
    assert!(callback["code"].starts_with("4/0A") && callback["code"].len() <= 256);
    assert!(back.location.unwrap().contains("code=4%2F0A"));
    let scopes: HashSet<&str> = callback["scope"].split(' ').collect();
    let expected = [
        "email",
        "profile",
        "openid",
        "https://www.googleapis.com/auth/userinfo.email",
        "https://www.googleapis.com/auth/userinfo.profile",
        BUSINESS_MANAGE,
    ];
    assert_eq!(scopes, expected.into());
    assert_eq!(callback["authuser"], "0");
    assert_eq!(callback["prompt"], "consent");
    assert!(!callback.contains_key("hd"));
}

#[tokio::test]
async fn a_workspace_account_brings_its_domain() {
    let mut stage = Stage::set().await;
    let back = stage.sign_in(MAX, &[]).await;
    assert_eq!(back.callback()["hd"], "agency.example.com");
    let tokens = stage.exchange(&back.code()).await.body;
    assert_eq!(
        stage.get("/v1/userinfo", &tokens.text("access_token")).await.body["hd"],
        "agency.example.com"
    );
}

#[tokio::test]
async fn an_application_can_be_told_nothing_of_the_issuer() {
    let mut stage = Stage::set_with(SimulatorConfig {
        issuer_in_callback: false,
        ..SimulatorConfig::default()
    })
    .await;
    assert!(!stage.sign_in(OLIVE, &[]).await.callback().contains_key("iss"));
    let discovery = Answer::of(stage.http.get(stage.url("/.well-known/openid-configuration")))
        .await
        .body;
    assert_eq!(discovery["authorization_response_iss_parameter_supported"], false);
}

#[tokio::test]
async fn somebody_who_denies_goes_back_with_an_error() {
    let mut stage = Stage::set().await;
    let chooser = stage.authorize(&[]).await;
    let consent = stage.choose(&chooser, OLIVE).await;

    let callback = stage.deny(&consent).await.callback();

    assert_eq!(callback["error"], "access_denied");
    assert_eq!(callback["state"], "st/at+e =");
    assert_eq!(callback.len(), 2);
    // Going back in the browser and allowing after all is too late.
    stage
        .allow(&consent)
        .await
        .assert_refused(StatusCode::BAD_REQUEST, "invalid_request");
}

#[tokio::test]
async fn uwe_unticks_the_scope_and_the_callback_is_a_success_all_the_same() {
    let mut stage = Stage::set().await;
    let chooser = stage.authorize(&[]).await;
    let consent = stage.choose(&chooser, UWE).await;
    assert_eq!(consent.boxes(), [(BUSINESS_MANAGE.to_owned(), false)]);

    let back = stage.allow(&consent).await;

    assert!(!back.callback()["scope"].contains("business.manage"));
    let tokens = stage.exchange(&back.code()).await.body;
    assert!(!tokens.text("scope").contains("business.manage"));
    let refused = stage.get("/v1/accounts", &tokens.text("access_token")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        refused.body["error"]["details"][0]["reason"],
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    );
}

#[tokio::test]
async fn uwe_may_change_his_mind() {
    let mut stage = Stage::set().await;
    let chooser = stage.authorize(&[]).await;
    let consent = stage.choose(&chooser, UWE).await;
    let back = stage.allow_only(&consent, &[BUSINESS_MANAGE]).await;
    assert!(back.callback()["scope"].contains("business.manage"));
}

#[tokio::test]
async fn a_ticked_box_gives_no_more_than_was_asked() {
    let mut stage = Stage::set().await;
    let chooser = stage.authorize(&[]).await;
    let consent = stage.choose(&chooser, OLIVE).await;
    let back = stage
        .allow_only(&consent, &[BUSINESS_MANAGE, "https://mail.google.com/"])
        .await;
    assert!(!back.callback()["scope"].contains("mail.google.com"));
}

#[tokio::test]
async fn a_single_scope_cannot_be_unticked_only_denied() {
    let mut stage = Stage::set().await;
    let chooser = stage.authorize(&[("scope", BUSINESS_MANAGE)]).await;
    let consent = stage.choose(&chooser, UWE).await;
    assert_eq!(consent.boxes(), []);
    assert_eq!(stage.allow(&consent).await.callback()["scope"], BUSINESS_MANAGE);
}

#[tokio::test]
async fn unticking_everything_is_denying() {
    let mut stage = Stage::set().await;
    let scopes = "https://www.googleapis.com/auth/documents https://www.googleapis.com/auth/business.manage";
    let chooser = stage.authorize(&[("scope", scopes)]).await;
    let consent = stage.choose(&chooser, OLIVE).await;
    assert_eq!(
        stage.allow_only(&consent, &[]).await.callback()["error"],
        "access_denied"
    );
}

#[tokio::test]
async fn an_address_with_a_query_of_its_own_keeps_it() {
    let address = "http://connect.localhost:9/callback?tenant=1";
    let clients = vec![client(), OAuthClient::new("app", "secret", [address])];
    let mut stage = Stage::set_with(SimulatorConfig {
        clients,
        ..SimulatorConfig::default()
    })
    .await;
    let back = stage
        .sign_in(OLIVE, &[("client_id", "app"), ("redirect_uri", address)])
        .await;
    assert!(back.location.unwrap().starts_with(&format!("{address}&state=")));
}

/// A34 rests on this: two configured providers can be one simulator.
#[tokio::test]
async fn two_applications_with_callbacks_of_their_own_share_one_google() {
    let mut stage = Stage::set().await;
    let other = "http://connect.localhost:9/callback/google-two";
    stage
        .google
        .register_client(OAuthClient::new("google-two", "other-secret", [other]))
        .await;

    let back = stage
        .sign_in(OLIVE, &[("client_id", "google-two"), ("redirect_uri", other)])
        .await;
    let location = back.location.unwrap();
    assert!(location.starts_with(&format!("{other}?")), "{location}");
    let query = location.split_once('?').unwrap().1;
    let code = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .into_owned();

    // Its code is its own: the first application can do nothing with it, and does not use it up by trying.
    stage
        .exchange(&code)
        .await
        .assert_error(StatusCode::BAD_REQUEST, "invalid_grant", "Malformed auth code.");
    let right = [
        ("client_id", "google-two"),
        ("client_secret", "other-secret"),
        ("redirect_uri", other),
    ];
    assert_eq!(stage.exchange_with(&code, &right).await.status, StatusCode::OK);
    assert_eq!(stage.google.live_grants().await[0].client_id, "google-two");
}

#[tokio::test]
async fn the_pages_work_without_scripts_and_say_what_they_are() {
    let mut stage = Stage::set().await;
    let chooser = stage.authorize(&[]).await;
    let consent = stage.choose(&chooser, OLIVE).await;
    for page in [&chooser, &consent] {
        assert!(page.body.contains("This is not Google"));
        assert!(!page.body.contains("<script") && !page.body.contains("style="));
        assert!(page.body.contains("width=device-width"));
    }
    for path in ["/", "/_simulator/style.css", "/_simulator/faces/olive.svg"] {
        assert_eq!(
            stage.http.get(stage.url(path)).send().await.unwrap().status(),
            StatusCode::OK,
            "{path}"
        );
    }
}
