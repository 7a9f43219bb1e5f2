//! Each place of business has a connection of its own: asked for, rejected, deleted or corrected without touching any other.

use std::collections::BTreeSet;

use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Browser, Consent, Issued, Stage},
    on_both_databases,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{BAKERY, CAKES, CONNECTED, ENDED};

on_both_databases!(
    many_places_have_as_many_links_that_know_nothing_of_each_other,
    who_rejected_is_asked_again_or_the_connection_is_deleted,
    a_wrong_listing_is_seen_and_corrected_by_a_new_link,
);

/// A8, B57: the same call for each place, at once; whatever becomes of one link, the others stay as they are.
///
/// Mutant: when all places of a customer share one connection, each link takes the one before out of service, and this fails.
async fn many_places_have_as_many_links_that_know_nothing_of_each_other(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let first = stage.agency.bakery().await?;
    let mut links = vec![stage.agency.link(&first).await?];
    for number in 2..=6 {
        let place = stage.agency.another_location(&first, &format!("Shop {number}")).await?;
        links.push(stage.agency.link(&place).await?);
    }
    stage.agency.revoke(&links[0]).await?;
    rejects(&links[1]).await?;
    for (link, listing) in [(&links[2], BAKERY), (&links[3], CAKES)] {
        Browser::new()?.complete(&link.url, "olive", listing).await?;
    }
    let mut picker = Browser::new()?;
    picker.sign_in(&links[4].url, "olive", Consent::Everything).await?;
    let mut became = vec![];
    for link in &links {
        became.push(stage.agency.link_now(link).await?["status"].clone());
    }
    let expected = ["revoked", "declined", "completed", "completed", "started", "pending"];
    assert_eq!(became, expected);
    for (link, listing) in [(&links[2], BAKERY), (&links[3], CAKES)] {
        let connection = stage.agency.integration_now(link).await?;
        assert_eq!(connection["listing"]["id"], listing);
    }
    let integrations: BTreeSet<_> = links.iter().map(|link| &link.integration).collect();
    assert_eq!(integrations.len(), links.len());
    Ok(())
}

/// B37, B47, B42: one is asked again and connects. The other is deleted, as is one that nobody ever answered: its link is dead at once,
/// it is listed no more among what waits, and its place can be asked for anew. How to reach the client stands at the customer.
///
/// Mutants: when an end leaves the connection waiting, and when deleting leaves its link alive, this fails.
async fn who_rejected_is_asked_again_or_the_connection_is_deleted(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (place, other) = (stage.agency.bakery().await?, stage.agency.bakery().await?);
    let (asked, given_up) = (stage.agency.link(&place).await?, stage.agency.link(&other).await?);
    for link in [&asked, &given_up] {
        rejects(link).await?;
        let rejected = stage.agency.integration_now(link).await?;
        assert_eq!(
            (&rejected["badge"]["label"], &rejected["badge"]["usable"]),
            (&json!("Rejected"), &json!(false))
        );
    }
    let again = stage
        .agency
        .post("/links", &body_for(&place.customer, &place.location))
        .await?
        .ok()?;
    assert!(
        again["superseded_link_id"].is_null(),
        "what is over is not ended again: {again}"
    );
    let again = stage.agency.link(&place).await?;
    Browser::new()?.complete(&again.url, "olive", BAKERY).await?;
    assert_eq!(
        stage.agency.integration_now(&asked).await?["badge"]["label"],
        "Via Link"
    );

    let waiting = stage.agency.fresh_link().await?;
    for link in [&given_up, &waiting] {
        delete(&stage.agency, link).await?;
        assert_eq!(stage.agency.integration_now(link).await?["badge"]["usable"], false);
    }
    assert_eq!(stage.agency.link_now(&waiting).await?["revoke_reason"], "deleted");
    Browser::new()?.open_link(&waiting.url).await?.expect(410, ENDED)?;
    let pending = stage.agency.read("/integrations?status=pending").await?;
    assert_eq!(pending["data"], json!([]), "{pending}");
    let anew = stage.agency.link(&other).await?;
    assert_eq!(anew.integration, given_up.integration);
    assert_eq!(stage.agency.integration_now(&anew).await?["badge"]["label"], "Pending");
    let customer = stage.agency.read(&format!("/customers/{}", place.customer)).await?;
    assert_eq!(customer["email"], "olive@example.com");
    Ok(())
}

/// A14, A15, A59: the agency sees which listing was picked, and a link of the usual kind corrects it. From then on the right one is asked for
/// reviews, the right to answer them and figures, and all of it is allowed. At the provider nothing is changed and nobody is
/// invited: every request there was a question.
///
/// Mutants: when the old listing stays, and when it is not asked what the new one is good for, this fails.
async fn a_wrong_listing_is_seen_and_corrected_by_a_new_link(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let wrong = stage.agency.link(&place).await?;
    Browser::new()?.complete(&wrong.url, "olive", CAKES).await?;
    let seen = stage.agency.integration_now(&wrong).await?;
    assert_eq!(seen["listing"]["id"], CAKES);
    assert_eq!(seen["listing"]["title"], "Olive & Thyme Wedding Cakes");
    let right = stage.agency.link(&place).await?;
    let done = Browser::new()?.complete(&right.url, "olive", BAKERY).await?;
    done.expect(200, CONNECTED)?;
    let corrected = stage.agency.integration_now(&right).await?;
    assert_eq!(corrected["id"], seen["id"]);
    assert_eq!(corrected["listing"]["id"], BAKERY);
    until!("the right listing is good for everything", {
        let health = stage.agency.integration_now(&right).await?["health"].clone();
        ["reviews_read", "reviews_reply", "metrics"].map(|name| state_of(&health, name)) == ["ok", "ok", "ok"]
    });

    let asked = stage.google.requests();
    let about = |part: &str| asked.iter().any(|request| request.path.contains(part));
    assert!(about(&format!("{BAKERY}/reviews")) && about(&format!("{BAKERY}:fetchMultiDailyMetricsTimeSeries")));
    for request in asked.iter().filter(|request| is_of_a_listing(&request.path)) {
        assert_eq!(request.method, "GET", "{}", request.path);
        assert!(!request.path.contains("admins") && !request.path.contains("invitations"));
    }
    Ok(())
}

fn state_of<'a>(health: &'a Value, capability: &str) -> &'a str {
    let mut all = health["capabilities"].as_array().into_iter().flatten();
    let found = all.find(|one| one["capability"] == capability);
    found.and_then(|one| one["state"].as_str()).unwrap_or_default()
}

/// Whether a path is one of the Business Profile APIs, and not of the sign-in.
fn is_of_a_listing(path: &str) -> bool {
    path.starts_with("/v1/accounts") || path.starts_with("/v1/locations") || path.starts_with("/v4/")
}

fn body_for(customer: &str, location: &str) -> Value {
    json!({"customer_id": customer, "location_id": location, "provider": "google"})
}

async fn rejects(link: &Issued) -> anyhow::Result<()> {
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    browser
        .submit(&invitation, "/decline", &[])
        .await?
        .expect(200, "You rejected this request")?;
    Ok(())
}

async fn delete(agency: &Agency, link: &Issued) -> anyhow::Result<()> {
    let path = format!("/integrations/{}", link.integration);
    agency.call(Method::DELETE, &path, None, None).await?.ok()?;
    Ok(())
}
