//! People who have been here before: which pages they still see.

use grantlink_simulator::personas::{BEA, OLIVE};

use crate::support::Stage;

#[tokio::test]
async fn who_has_agreed_before_sees_no_page_at_all() {
    let mut stage = Stage::set().await;
    stage.sign_in(OLIVE, &[]).await;

    let callback = stage.authorize(&[]).await.callback();

    assert_eq!(callback["prompt"], "none");
    assert!(callback.contains_key("code"));
}

#[tokio::test]
async fn earlier_grants_are_included_on_request_and_their_boxes_are_gone() {
    let mut stage = Stage::set().await;
    stage.sign_in(OLIVE, &[]).await;

    let sign_in_only = [("scope", "openid email"), ("include_granted_scopes", "true")];
    assert!(stage.authorize(&sign_in_only).await.callback()["scope"].contains("business.manage"));
    let consent = stage
        .authorize(&[("prompt", "consent"), ("include_granted_scopes", "true")])
        .await;
    assert_eq!(consent.boxes(), []);
    assert!(!stage.authorize(&[("scope", "openid email")]).await.callback()["scope"].contains("business.manage"));
}

#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let mut stage = Stage::set().await;
    let silent = [("prompt", "none")];
    assert_eq!(stage.authorize(&silent).await.callback()["error"], "login_required");

    let chooser = stage.authorize(&[]).await;
    stage.choose(&chooser, OLIVE).await;
    assert_eq!(
        stage.authorize(&silent).await.callback()["error"],
        "interaction_required"
    );

    stage.sign_in(OLIVE, &[]).await;
    assert!(stage.authorize(&silent).await.callback().contains_key("code"));

    stage.sign_in(BEA, &[]).await;
    assert_eq!(
        stage.authorize(&silent).await.callback()["error"],
        "interaction_required"
    );
    let bea = [("prompt", "none"), ("login_hint", "bea@example.com")];
    assert_eq!(stage.authorize(&bea).await.callback()["authuser"], "1");
}

#[tokio::test]
async fn a_login_hint_comes_first_and_a_wrong_one_leaves_the_choice() {
    let mut stage = Stage::set().await;
    let chooser = stage.authorize(&[("login_hint", "bea@example.com")]).await;
    let first = chooser.body.split("id=\"account-").nth(1).unwrap();
    assert!(first.starts_with("bea"), "{first}");

    // Olive is signed in, but it is Bea who is meant.
    stage.sign_in(OLIVE, &[]).await;
    let chooser = stage.authorize(&[("login_hint", "bea@example.com")]).await;
    assert!(chooser.body.contains("Choose an account"));
    assert!(chooser.body.contains("Signed in"));
}

#[tokio::test]
async fn the_account_can_be_switched_on_the_consent_page() {
    let mut stage = Stage::set().await;
    let chooser = stage.authorize(&[]).await;
    let consent = stage.choose(&chooser, BEA).await;
    let address = consent
        .body
        .split("href=\"/signin/accounts")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();

    let request = stage.http.get(stage.url(&format!("/signin/accounts{address}")));
    let chooser = stage.browse(request).await;
    let consent = stage.choose(&chooser, OLIVE).await;

    assert!(consent.body.contains("olive@example.com"));
}
