//! Links end: used, revoked, declined, superseded. Each end is immediate, and final.

use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Browser, Consent, Issued, Place, Stage},
    on_both_databases,
};
use serde_json::json;

use super::{BAKERY, CONNECTED, ENDED};

on_both_databases!(
    a_used_link_is_over_for_everybody_but_shows_its_success_again_where_it_succeeded,
    every_page_of_the_flow_can_be_loaded_again,
    a_link_that_is_revoked_during_the_visit_at_the_provider_connects_nothing,
    a_link_that_is_revoked_before_the_pick_drops_what_was_given,
    a_declined_link_is_over_and_the_agency_sees_it_rejected,
    fifty_links_issued_at_once_leave_exactly_one_alive,
);

/// A38, B36, B48.
async fn a_used_link_is_over_for_everybody_but_shows_its_success_again_where_it_succeeded(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let mut other = Browser::new()?;
    let seen_before = other.open_link(&link.url).await?;
    browser.complete(&link.url, "olive", BAKERY).await?;
    browser.open_link(&link.url).await?.expect(200, CONNECTED)?;

    let ended = other.open_link(&link.url).await?.expect(410, ENDED)?;
    assert!(ended.says("This link is no longer active"));
    let started = other.submit(&seen_before, "/start", &[]).await?;
    started.expect(410, ENDED)?;
    let declined = other.submit(&seen_before, "/decline", &[]).await?;
    declined.expect(410, ENDED)?;
    assert_eq!(stage.agency.link_now(&link).await?["starts"], 1);

    let asked = other.submit(&ended, "/ask", &[]).await?;
    asked.expect(200, "We told Bright Side Marketing")?;
    assert!(!stage.agency.link_now(&link).await?["fresh_link_asked_at"].is_null());
    Ok(())
}

/// Pain 31: "back", "reload" and a second tab are what people do.
async fn every_page_of_the_flow_can_be_loaded_again(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    browser.open_link(&link.url).await?;
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    let go = browser.get(&go.url).await?.expect(200, "Taking you to Google")?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let handed_over = browser.follow(&decided).await?;
    let returned = browser.follow(&handed_over).await?;
    assert_eq!(browser.follow(&handed_over).await?.leads_to()?, returned.leads_to()?);
    browser.follow(&decided).await?; // "back" to the callback
    let picker = browser.follow(&returned).await?;
    let picker = browser.get(&picker.url).await?.expect(200, "Olive & Thyme Bakery")?;
    let done = browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?;
    browser.get(&done.url).await?.expect(200, CONNECTED)?;
    browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?;
    browser.get(&picker.url).await?.expect(200, CONNECTED)?;
    browser.open_link(&link.url).await?.expect(200, CONNECTED)?;
    assert_eq!(stage.token_requests(), 1);
    assert_eq!(stage.credentials().await?, 1);
    Ok(())
}

/// A40, OA-11.
///
/// Mutant: without the look at the link before the code is used, the token request is made, and this fails.
async fn a_link_that_is_revoked_during_the_visit_at_the_provider_connects_nothing(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    stage.agency.revoke(&link).await?;
    browser.come_back(&decided).await?.expect(410, ENDED)?;
    browser.get(&go.url).await?.expect(410, ENDED)?;
    assert_eq!(stage.token_requests(), 0);
    assert_eq!((stage.pending_credentials().await?, stage.credentials().await?), (0, 0));
    let trail = stage.agency.audit(&link).await?.join("\n");
    assert!(
        trail.contains("The provider's answer arrived after the link had ended and was refused"),
        "{trail}"
    );
    let refused = stage
        .agency
        .post(&format!("/links/{}/reveal", link.id), &json!({}))
        .await?;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(refused.json()?["ended"], "revoked", "{}", refused.text);
    Ok(())
}

/// A39, A40, OA-11: signed in is not connected.
///
/// Mutant: without the look at the link the picker goes on as if nothing had happened; without the drop the credential stays. Either
/// way this fails.
async fn a_link_that_is_revoked_before_the_pick_drops_what_was_given(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
    assert_eq!(stage.google.live_grants().await.len(), 1);
    stage.agency.revoke(&link).await?;
    browser.pick(&picker, BAKERY).await?.expect(410, ENDED)?;
    browser.get(&picker.url).await?.expect(410, ENDED)?;
    assert_eq!((stage.pending_credentials().await?, stage.credentials().await?), (0, 0));
    assert_eq!(stage.google.live_grants().await, []);
    assert_eq!(stage.agency.integration_now(&link).await?["badge"]["status"], "revoked");
    Ok(())
}

/// B21.
async fn a_declined_link_is_over_and_the_agency_sees_it_rejected(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    let declined = browser.submit(&invitation, "/decline", &[]).await?;
    declined.expect(200, "You rejected this request")?;
    browser.open_link(&link.url).await?.expect(410, ENDED)?;
    let badge = stage.agency.integration_now(&link).await?["badge"]["label"].clone();
    assert_eq!(badge, "Rejected");
    Ok(())
}

/// A46, OA-11: the earlier link is dead in the same commit, and whoever holds it sees so with the next request.
///
/// Mutant: when the earlier link is not revoked with the fresh one, several stay alive; when those that lost a race do not wait for
/// each other, some give up. Either way this fails.
async fn fifty_links_issued_at_once_leave_exactly_one_alive(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let first = stage.agency.link(&place).await?;
    let second = stage.agency.link(&place).await?;
    let mut browser = Browser::new()?;
    browser.open_link(&first.url).await?.expect(410, ENDED)?;
    browser.open_link(&second.url).await?.expect(200, "Accept & Connect")?;

    let issued = at_once(&stage.agency, &place, 50).await?;
    let mut alive = vec![];
    for link in &issued {
        let page = browser.open_link(&link.url).await?;
        match page.status.as_u16() {
            200 => alive.push(link),
            410 => {}
            other => anyhow::bail!("{other}: {}", page.body),
        }
    }
    assert_eq!(alive.len(), 1);
    let open = stage
        .agency
        .read(&format!("/links?location_id={}&limit=200", place.location))
        .await?;
    let statuses: Vec<_> = open["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|link| &link["status"])
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == "pending").count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == "revoked").count(), 51);
    browser.complete(&alive[0].url, "olive", BAKERY).await?;
    Ok(())
}

async fn at_once(agency: &Agency, place: &Place, number: usize) -> anyhow::Result<Vec<Issued>> {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..number {
        let (agency, place) = (agency.clone(), place.clone());
        calls.spawn(async move { agency.link(&place).await });
    }
    let mut issued = vec![];
    while let Some(answer) = calls.join_next().await {
        issued.push(answer??);
    }
    Ok(issued)
}
