//! Agencies that registered an app of their own at the provider.

use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Browser, Consent, GOOGLE, Stage, Then, client_of, now},
    on_both_databases,
};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::OAuthClient;

use super::{BAKERY, CAKES, CONNECTED};

on_both_databases!(
    each_agency_signs_in_through_its_own_app_and_none_through_anothers,
    what_was_granted_to_an_app_stays_with_it_when_the_agency_takes_another,
    an_app_that_the_provider_forgets_is_named_by_the_doctor,
);

const OWN: &str = "3003-north";
const SECRET: &str = "canary-client-secret-of-north";
const APP: &str = "/providers/google/app";
const SECRETS: &str = "SELECT count(*) FROM vault WHERE kind = 'provider_app'";

/// A1, OA-7: the provider saw the right client each time. An answer to one app's path that belongs to the other is refused, and
/// the link stays usable.
///
/// Mutants: when the callback's path is not compared, when all go through the installation's app, and when an app is not tried before it is
/// kept, this fails.
async fn each_agency_signs_in_through_its_own_app_and_none_through_anothers(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let north = stage.another_agency("North Media", "north.localhost", &[]).await?;
    let before = north.read(APP).await?;
    assert_eq!(
        (&before["owner"], &before["client_id"]),
        (&json!("installation"), &Value::Null)
    );
    register(&stage, &before).await;
    for (id, secret) in [(OWN, "wrong"), ("9009-nobody", SECRET)] {
        let refused = set(&north, id, secret).await?;
        assert_eq!(refused["type"], "/problems/app-refused", "{refused}");
    }
    let ours = set(&north, OWN, SECRET).await?;
    assert_eq!((&ours["owner"], &ours["client_id"]), (&json!("agency"), &json!(OWN)));
    assert!(!ours.to_string().contains(SECRET) && !north.read(APP).await?.to_string().contains(SECRET));
    assert_eq!(
        stage.agency.read(APP).await?["owner"],
        "installation",
        "another agency's stays"
    );

    let (link, installations) = (north.fresh_link().await?, stage.agency.fresh_link().await?);
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let mut elsewhere = decided.leads_to()?;
    assert_eq!(elsewhere.path(), format!("/oauth/callback/google/{}", north.id));
    elsewhere.set_path("/oauth/callback/google");
    let lost = browser.get(&elsewhere).await?;
    assert!(
        lost.location().is_some_and(|to| to.path() == "/c/reopen"),
        "{}",
        lost.status
    );
    assert_eq!(stage.google.live_grants().await, [], "no code was used");

    browser.complete(&link.url, "olive", BAKERY).await?;
    Browser::new()?.complete(&installations.url, "olive", CAKES).await?;
    let clients: Vec<_> = stage
        .google
        .live_grants()
        .await
        .into_iter()
        .map(|grant| grant.client_id)
        .collect();
    assert_eq!(clients, [client_of(GOOGLE), OWN.to_owned()]);
    let said = stage.server.said()?;
    assert!(
        !said.contains(SECRET)
            && !stage
                .database
                .everything()
                .await?
                .windows(SECRET.len())
                .any(|bytes| bytes == SECRET.as_bytes())
    );
    Ok(())
}

/// An app's secret serves what was granted to it for as long as that stands, whatever new sign-ins go through, and is deleted then.
///
/// Mutant: when an app that is used no more is not found again, this fails.
async fn what_was_granted_to_an_app_stays_with_it_when_the_agency_takes_another(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    register(&stage, &stage.agency.read(APP).await?).await;
    set(&stage.agency, OWN, SECRET).await?;
    let link = stage.agency.fresh_link().await?;
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    for _ in 0..2 {
        let removed = stage.agency.call(Method::DELETE, APP, None, None).await?.ok()?;
        assert_eq!(removed["owner"], "installation");
    }
    keep_house(&stage).await?;
    assert_eq!(stage.database.number(SECRETS).await?, 1, "a connection stands on it");
    let other = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let picker = browser.sign_in(&other.url, "olive", Consent::Everything).await?;
    browser.pick(&picker, CAKES).await?.expect(200, CONNECTED)?;
    stage
        .agency
        .post(&format!("/integrations/{}/disconnect", link.integration), &json!({}))
        .await?
        .ok()?;
    until!(
        "what was granted to the own app is taken back, and nothing else",
        stage
            .google
            .live_grants()
            .await
            .iter()
            .all(|grant| grant.client_id == client_of(GOOGLE))
    );
    assert_eq!(
        stage.agency.integration_now(&other).await?["badge"]["usable"],
        json!(true)
    );
    assert_eq!(stage.google.live_grants().await.len(), 1);
    keep_house(&stage).await?;
    assert_eq!(stage.database.number(SECRETS).await?, 0, "it went with the last of it");

    // Set again, it is another one, and stays while it is used, with nothing on it.
    set(&stage.agency, OWN, SECRET).await?;
    keep_house(&stage).await?;
    assert_eq!(stage.database.number(SECRETS).await?, 1);
    let again = stage.agency.fresh_link().await?;
    Browser::new()?.complete(&again.url, "olive", BAKERY).await?;
    Ok(())
}

/// What is done hourly, done now.
async fn keep_house(stage: &Stage) -> anyhow::Result<()> {
    let then = Then::at(stage, now()).await?;
    then.installation().app.forget_spent_apps().await?;
    then.close().await;
    Ok(())
}

/// A secret that was changed in the provider's console stops renewals: whose it is, the operators read.
async fn an_app_that_the_provider_forgets_is_named_by_the_doctor(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let app = stage.agency.read(APP).await?;
    register(&stage, &app).await;
    set(&stage.agency, OWN, SECRET).await?;
    let told = || async {
        let output = stage.run(&["doctor"]).await?;
        anyhow::Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let well = told().await?;
    assert!(well.contains("1 are known to their providers"), "{well}");
    let redirect = app["redirect_uri"].as_str().unwrap_or_default().to_owned();
    let changed = OAuthClient::new(OWN, "another", [redirect]);
    stage.google.register_client(changed).await;
    let ill = told().await?;
    let named = format!("google refuses the app {OWN} of agency {}", stage.agency.id);
    assert!(ill.contains(&named) && !ill.contains(SECRET), "{ill}");
    Ok(())
}

/// Registers the app at the provider, with the address that is to be registered.
async fn register(stage: &Stage, app: &Value) {
    let redirect = app["redirect_uri"].as_str().unwrap_or_default().to_owned();
    stage
        .google
        .register_client(OAuthClient::new(OWN, SECRET, [redirect]))
        .await;
}

async fn set(agency: &Agency, id: &str, secret: &str) -> anyhow::Result<Value> {
    let body = json!({"client_id": id, "client_secret": secret});
    agency.call(Method::PUT, APP, None, Some(&body)).await?.json()
}
