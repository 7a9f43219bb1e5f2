//! What goes wrong on the way, and costs the customer nothing but another try.

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Stage},
    on_both_databases,
};
use serde_json::json;

use super::{BAKERY, BOOKS, CAKES, CONNECTED, PECKHAM};

on_both_databases!(
    an_unticked_box_is_explained_and_the_next_try_succeeds,
    who_says_no_at_the_provider_can_come_back,
    an_account_without_a_business_leads_to_another_account,
    only_a_verified_listing_of_the_account_can_be_picked,
    a_listing_that_another_location_has_needs_a_word_of_confirmation,
    two_hundred_and_fifty_listings_are_searched_and_paged,
);

/// A57, C15: the box for the Business Profile comes unticked for Uwe. What he gave without it is dropped.
///
/// Mutant: without the check of the granted scopes he reaches the picker, and this fails.
async fn an_unticked_box_is_explained_and_the_next_try_succeeds(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let back = browser.sign_in(&link.url, "uwe", Consent::AsShown).await?;
    let back = back.expect(200, "One box was left unticked")?;
    assert_eq!(stage.pending_credentials().await?, 0);
    assert_eq!(stage.google.live_grants().await, []);
    let trail = stage.agency.audit(&link).await?.join("\n");
    assert!(
        trail.contains("left out a permission that the connection needs; the link stays usable"),
        "{trail}"
    );

    let go = browser.accept(&back).await?;
    let decided = browser.sign_in_at_provider(&go, "uwe", Consent::Everything).await?;
    let picker = browser.come_back(&decided).await?;
    browser
        .pick(&picker, "locations/20935527140001")
        .await?
        .expect(200, CONNECTED)?;
    Ok(())
}

/// A57.
async fn who_says_no_at_the_provider_can_come_back(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let back = browser.sign_in(&link.url, "olive", Consent::Denied).await?;
    let back = back.expect(200, "Accept & Connect")?;
    assert!(
        back.body.contains("class=\"notice\""),
        "the page says nothing of what happened: {}",
        back.body
    );
    assert_eq!(stage.token_requests(), 0);
    let seen = stage.agency.link_now(&link).await?;
    assert_eq!(seen["last_failure"]["reason"], "denied");
    browser.complete(&link.url, "olive", BAKERY).await?;
    Ok(())
}

/// A16, A57: nobody is told that anything failed for good; "switch account" and reopening the link both work.
async fn an_account_without_a_business_leads_to_another_account(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let nothing = browser.sign_in(&link.url, "nadia", Consent::Everything).await?;
    let nothing = nothing.expect(200, "We found no Business Profile in this account")?;
    let attempt = nothing.attempt()?;
    let go = browser.submit(&nothing, "/c/pick/switch", &[]).await?;
    let go = browser.follow(&go).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let picker = browser.come_back(&decided).await?;
    assert_ne!(picker.attempt()?, attempt);
    assert_eq!(stage.pending_credentials().await?, 1); // Nadia's is gone
    assert!(
        stage
            .google
            .live_grants()
            .await
            .iter()
            .all(|grant| grant.persona == "olive")
    );
    browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?;
    Ok(())
}

/// A17: greyed with its reason, and refused even when the form says it; so is what the account does not have at all.
///
/// Mutant: when the form is believed, the connection is made, and this fails.
async fn only_a_verified_listing_of_the_account_can_be_picked(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
    let mut listings = picker.listings();
    listings.sort();
    let expected = [(BAKERY, true), (CAKES, true), (PECKHAM, false)];
    assert_eq!(listings, expected.map(|(id, free)| (id.to_owned(), free)));
    assert!(picker.says("Not verified yet"));
    for wrong in [PECKHAM, BOOKS, "", "locations/%", "20118406530001"] {
        let refused = browser.pick(&picker, wrong).await?;
        refused.expect(422, "no longer available")?;
    }
    let refused = browser.submit(&picker, "/c/pick", &[]).await?;
    assert_eq!(refused.status, 422);
    assert_eq!(stage.agency.link_now(&link).await?["status"], "started");
    assert_eq!(stage.credentials().await?, 0);
    browser.pick(&picker, CAKES).await?.expect(200, CONNECTED)?;
    Ok(())
}

/// A35: one place's listing does not slip under another place.
async fn a_listing_that_another_location_has_needs_a_word_of_confirmation(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let first = stage.agency.link(&place).await?;
    let mut browser = Browser::new()?;
    browser.complete(&first.url, "olive", BAKERY).await?;
    stage.agency.integration_now(&first).await?; // the views show it

    let other = stage.agency.another_location(&place, "Olive & Thyme Peckham").await?;
    let second = stage.agency.link(&other).await?;
    let picker = browser.sign_in(&second.url, "olive", Consent::Everything).await?;
    let again = browser.pick(&picker, BAKERY).await?;
    assert_eq!(again.status, 422, "{}", again.body);
    let confirmed = [("listing", BAKERY), ("confirm", BAKERY)];
    let done = browser.submit(&again, "/c/pick", &confirmed).await?;
    browser.follow(&done).await?.expect(200, CONNECTED)?;
    for link in [&first, &second] {
        assert_eq!(
            stage.agency.integration_now(link).await?["listing"]["id"],
            json!(BAKERY)
        );
    }
    Ok(())
}

/// A30: Max manages 250 listings, some of them in several accounts; each is shown once.
async fn two_hundred_and_fifty_listings_are_searched_and_paged(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let picker = browser.sign_in(&link.url, "max", Consent::Everything).await?;
    let picker = picker.expect(200, "Showing 1–20 of 250")?;
    let attempt = picker.attempt()?;
    let page = |query: &str| stage.url("agency.localhost", &format!("/c/pick?attempt={attempt}{query}"));
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..13 {
        let shown = browser.get(&page(&format!("&page={number}"))?).await?;
        seen.extend(shown.listings());
    }
    assert_eq!(seen.len(), 250);
    let asked = stage.google.requests().len();

    let found = browser.get(&page("&q=b%C3%A4ckerei%20k%C3%B6ln")?).await?;
    found.expect(200, "Nothing found for")?;
    let found = browser.get(&page("&q=B%C3%84CKEREI%20bonn")?).await?;
    assert_eq!(found.listings().len(), 1, "{}", found.body);
    let bonn = found.listings().remove(0).0;
    assert_eq!(stage.google.requests().len(), asked); // nobody asks the provider again for a search
    browser.pick(&found, &bonn).await?.expect(200, CONNECTED)?;
    Ok(())
}
