//! What stands already: plans that are full, and connections that are made again.

use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Browser, Consent, Issue, Issued, Place, Stage},
    on_both_databases,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{BAKERY, BOOKS, CAKES, CONNECTED};

on_both_databases!(
    a_full_plan_is_said_in_the_picker_and_the_link_works_once_it_is_raised,
    the_same_account_reconnects_and_the_connection_keeps_its_id,
    another_account_is_refused_and_leaves_everything_untouched,
    another_account_takes_over_where_the_agency_asked_for_it,
    an_account_that_something_else_stands_on_is_not_taken_back,
);

/// A19, B54.
///
/// Mutant: without the plan's say in the commit, the forged pick connects a second source, and this fails.
async fn a_full_plan_is_said_in_the_picker_and_the_link_works_once_it_is_raised(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let first = stage.agency.bakery_with_room_for(Some(1)).await?;
    let second = stage.agency.another_location(&first, "Olive & Thyme Peckham").await?;
    let (one, two) = (stage.agency.link(&first).await?, stage.agency.link(&second).await?);
    let mut browser = Browser::new()?;
    let picker = browser.sign_in(&two.url, "olive", Consent::Everything).await?;
    let mut other = Browser::new()?;
    other.complete(&one.url, "olive", BAKERY).await?; // takes the only place while the picker is open

    let full = browser.pick(&picker, CAKES).await?;
    full.expect(200, "no room for another connection in their plan")?;
    let full = browser.get(&picker.url).await?;
    let full = full.expect(200, "no room for another connection in their plan")?;
    let waiting = stage.agency.link_now(&two).await?;
    assert_eq!(waiting["status"], "started");
    assert!(
        !waiting["plan_used_up_at"].is_null(),
        "the agency learns of it: {waiting}"
    );
    let trail = stage.agency.audit(&two).await?.join("\n");
    assert_eq!(
        trail.matches("the plan has no room").count(),
        1,
        "once an hour: {trail}"
    );
    assert_eq!(stage.credentials().await?, 1);

    let plan = format!("/customers/{}/plan", first.customer);
    let raised = stage
        .agency
        .call(Method::PUT, &plan, None, Some(&json!({"source_allowance": 2})))
        .await?;
    raised.ok()?;
    let picker = browser.get(&full.url).await?;
    browser.pick(&picker, CAKES).await?.expect(200, CONNECTED)?;
    let customer = stage.agency.read(&format!("/customers/{}", first.customer)).await?;
    assert_eq!(customer["sources"], 2);
    Ok(())
}

/// B26: what serves goes on serving under its own id, on new credentials.
///
/// Mutant: when what is connected must be deleted first, this fails.
async fn the_same_account_reconnects_and_the_connection_keeps_its_id(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (place, first) = connected(&stage.agency, "olive", BAKERY).await?;
    let again = stage.agency.link(&place).await?;
    assert_eq!(again.integration, first.integration);
    let waiting = stage.agency.integration_now(&again).await?;
    assert_eq!(
        (&waiting["badge"]["label"], &waiting["badge"]["usable"]),
        (&json!("Pending"), &json!(true))
    );
    Browser::new()?.complete(&again.url, "olive", CAKES).await?;
    let now = stage.agency.integration_now(&again).await?;
    assert_eq!(
        (&now["badge"]["label"], &now["listing"]["id"]),
        (&json!("Via Link"), &json!(CAKES))
    );
    assert!(!now["reconnected_at"].is_null());
    assert_eq!(stage.credentials().await?, 1);
    assert!(works(&stage, "olive").await);
    Ok(())
}

/// A16, A35: "everything untouched" is taken at its word.
///
/// Mutant: without the look at the account, Bea's bookshop takes the bakery's place, and this fails.
async fn another_account_is_refused_and_leaves_everything_untouched(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (place, first) = connected(&stage.agency, "olive", BAKERY).await?;
    let before = stage.agency.integration_now(&first).await?;
    let again = stage.agency.link(&place).await?;
    let mut browser = Browser::new()?;
    let back = browser.sign_in(&again.url, "bea", Consent::Everything).await?;
    let back = back.expect(200, "Accept & Connect")?;
    assert!(back.body.contains("class=\"notice\""), "{}", back.body);
    let now = stage.agency.integration_now(&first).await?;
    for field in [
        "id",
        "listing",
        "account",
        "connected_at",
        "reconnected_at",
        "via_link_id",
    ] {
        assert_eq!(now[field], before[field], "{field}");
    }
    assert_eq!((stage.pending_credentials().await?, stage.credentials().await?), (0, 1));
    assert!(works(&stage, "olive").await && !works(&stage, "bea").await);
    browser.complete(&again.url, "olive", BAKERY).await?;
    Ok(())
}

/// The old account's access is taken back: nothing stands on it any more.
async fn another_account_takes_over_where_the_agency_asked_for_it(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (place, first) = connected(&stage.agency, "olive", BAKERY).await?;
    replaced(&stage, &place, "bea", BOOKS).await?;
    let now = stage.agency.integration_now(&first).await?;
    assert_eq!(
        (&now["listing"]["id"], &now["account"]["email"]),
        (&json!(BOOKS), &json!("bea@example.com"))
    );
    until!("the old account's access is taken back", !works(&stage, "olive").await);
    assert!(works(&stage, "bea").await);
    assert_eq!(stage.credentials().await?, 1);
    Ok(())
}

/// Google takes back the whole account, so it is not asked to while another connection needs it: here one of another agency.
///
/// Mutant: when the old account is always taken back, the other agency's connection dies with it, and this fails.
async fn an_account_that_something_else_stands_on_is_not_taken_back(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let other = stage.another_agency("North Media", "north.localhost", &[]).await?;
    connected(&other, "olive", CAKES).await?;
    let (place, _) = connected(&stage.agency, "olive", BAKERY).await?;
    replaced(&stage, &place, "bea", BOOKS).await?;
    until!("our copy is gone", taken_back(&stage).await? == 1);
    assert!(works(&stage, "bea").await && works(&stage, "olive").await);
    assert_eq!(stage.google.count("POST", "/revoke"), 0);
    Ok(())
}

async fn connected(agency: &Agency, persona: &str, listing: &str) -> anyhow::Result<(Place, Issued)> {
    let place = agency.bakery().await?;
    let link = agency.link(&place).await?;
    Browser::new()?.complete(&link.url, persona, listing).await?;
    Ok((place, link))
}

async fn replaced(stage: &Stage, place: &Place, persona: &str, listing: &str) -> anyhow::Result<Value> {
    let issue = Issue {
        replace_account: true,
        ..Issue::default()
    };
    let link = stage.agency.link_with(place, &issue).await?;
    Browser::new()?.complete(&link.url, persona, listing).await?;
    stage.agency.integration_now(&link).await
}

/// How many jobs to take access back are done.
async fn taken_back(stage: &Stage) -> anyhow::Result<i64> {
    stage
        .database
        .number("SELECT count(*) FROM job WHERE kind = 'take_back' AND state = 'done'")
        .await
}

/// Whether what the account granted can still be used.
async fn works(stage: &Stage, persona: &str) -> bool {
    let live = stage.google.live_grants().await;
    live.iter()
        .any(|grant| grant.persona == persona && grant.refresh_tokens > 0)
}
