//! Accounts at a provider, and what stands on them: connections that share one, leave it, end, and are made without the customer.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Answer, Browser, Consent, Issued, Page, Place, Stage, Then, now, renews},
    on_both_databases,
    scale::scaled,
};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::Fault;

use super::{BAKERY, BOOKS, CAKES, CONNECTED};

on_both_databases!(
    an_operator_disconnects_what_an_agency_cannot_and_the_trail_says_so,
    every_connection_of_an_account_is_served_by_its_newest_sign_in,
    credentials_are_there_at_every_moment_of_many_reconnects,
    a_disconnected_source_frees_its_place_and_its_access_is_taken_back,
    access_that_somebody_else_stands_on_is_taken_back_with_the_last_of_them,
    who_signs_in_while_access_is_taken_back_is_connected_to_what_works,
    a_deleted_connection_begins_anew_with_nothing_carried_over,
    a_member_connects_directly_and_it_works_like_any_other,
);

/// In a short run; `cargo xtask torture --scale 19` takes more than Google keeps.
const SHOPS: usize = 8;
/// In a short run.
const RECONNECTS: usize = 4;

/// VA-8 in its short form. At the real Google the hundred and first sign-in of an account ends the first; here each of them
/// takes over what the one before served, so that the newest is all that is needed.
///
/// Mutant: when a new sign-in takes nothing over, each connection has credentials of its own, and this fails.
async fn every_connection_of_an_account_is_served_by_its_newest_sign_in(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let links = scaled(SHOPS);
    let first = stage.agency.bakery().await?;
    let (mut browser, mut issued) = (Browser::new()?, vec![]);
    for number in 0..links {
        let place = stage.agency.another_location(&first, &format!("Shop {number}")).await?;
        let link = stage.agency.link(&place).await?;
        let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
        confirmed(&mut browser, &picker, BAKERY).await?.expect(200, CONNECTED)?;
        issued.push(link);
    }
    assert_eq!(stage.credentials().await?, 1, "one sign-in serves them all");
    let then = Then::at(&stage, now()).await?;
    for link in &issued {
        let token = then.refresh_token_of(link).await?;
        assert!(renews(&stage.google, &token).await?, "{}", link.integration);
    }
    then.close().await;
    Ok(())
}

/// OA-12, A49, B7, B46: whoever reads while the account signs in anew gets the old credentials or the new ones, never none.
///
/// Mutant: when the old ones go before the commit that brings the new ones, a reader finds none, and this fails on PostgreSQL.
async fn credentials_are_there_at_every_moment_of_many_reconnects(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let link = connect(&stage.agency, &place, "olive", BAKERY).await?;
    let then = Then::at(&stage, now()).await?;
    let is_over = AtomicBool::new(false);
    let reconnecting = async {
        let (mut browser, mut outcome) = (Browser::new()?, Ok(()));
        for _ in 0..scaled(RECONNECTS) {
            let again = stage.agency.link(&place).await?;
            outcome = browser.complete(&again.url, "olive", BAKERY).await.map(|_| ());
            if outcome.is_err() {
                break;
            }
        }
        is_over.store(true, Ordering::SeqCst);
        outcome
    };
    let reading = async {
        let mut reads = 0_u32;
        while !is_over.load(Ordering::SeqCst) {
            then.refresh_token_of(&link).await?;
            reads += 1;
        }
        anyhow::Ok(reads)
    };
    let (reads, ()) = tokio::try_join!(reading, reconnecting)?;
    assert!(reads > 50, "only {reads} reads");
    let token = then.refresh_token_of(&link).await?;
    assert!(renews(&stage.google, &token).await?);
    assert_eq!(stage.credentials().await?, 1);
    then.close().await;
    Ok(())
}

/// B37, C26-C28. What was disconnected keeps its id, and is connected again by a link.
///
/// Mutants: when the account is not left, when its access is never taken back, when the place in the plan stays counted, and when doing it
/// twice is news, this fails.
async fn a_disconnected_source_frees_its_place_and_its_access_is_taken_back(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery_with_room_for(Some(1)).await?;
    let link = connect(&stage.agency, &place, "olive", BAKERY).await?;
    for _ in 0..2 {
        let ended = end(&stage.agency, &link, "disconnect").await?.ok()?;
        assert_eq!(ended, json!({"id": link.integration, "state": "disconnected"}));
    }
    let shown = stage.agency.integration_now(&link).await?;
    assert_eq!(
        shown["badge"],
        json!({"status": "disconnected", "label": "Disconnected", "icon": "unlink", "colour": "grey", "usable": false})
    );
    assert!(!shown["disconnected_at"].is_null() && shown["account"].is_null() && shown["listing"].is_null());
    let listed = stage.agency.read("/integrations?status=disconnected").await?;
    assert_eq!(listed["data"][0]["id"], json!(link.integration));
    let customer = stage.agency.read(&format!("/customers/{}", place.customer)).await?;
    assert_eq!(customer["sources"], 0);
    until!("the provider took it back", stage.google.live_grants().await.is_empty());
    until!("the log knows", count(&stage, "Revoked").await? == 1);
    assert_eq!(count(&stage, "Disconnected").await?, 1, "twice is no news");
    assert_eq!(sealed(&stage).await?, 0, "no credential is left");

    let other = stage.agency.another_location(&place, "Olive & Thyme Peckham").await?;
    connect(&stage.agency, &other, "olive", CAKES).await?;
    let trail = stage.agency.audit(&link).await?.join("\n");
    assert!(trail.contains("is connected through"), "{trail}");
    Ok(())
}

/// B45, C29: Google takes back the whole account. Other connections of it, here another agency's, would be cut off.
///
/// Mutant: when nobody counts what else stands on the account, theirs is cut off, and this fails.
async fn access_that_somebody_else_stands_on_is_taken_back_with_the_last_of_them(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let north = stage.another_agency("North Media", "north.localhost", &[]).await?;
    let ours = connect(&stage.agency, &stage.agency.bakery().await?, "olive", BAKERY).await?;
    let theirs = connect(&north, &north.bakery().await?, "olive", CAKES).await?;
    end(&stage.agency, &ours, "disconnect").await?.ok()?;
    until!("our copy is gone", taken_back(&stage).await? == 1);
    assert_eq!(stage.google.count("POST", "/revoke"), 0);
    assert_eq!(north.integration_now(&theirs).await?["badge"]["usable"], json!(true));
    assert_eq!(sealed(&stage).await?, 1);

    end(&north, &theirs, "disconnect").await?.ok()?;
    until!("theirs was the last", stage.google.live_grants().await.is_empty());
    Ok(())
}

/// The provider is asked to take everything back, and is slow; meanwhile the same person signs in for another place. What was
/// given to that sign-in ends with all the rest, so nobody may be told that it is connected.
///
/// Mutants: when a turn at the account is anybody's, and when who signs in waits for none, this fails.
async fn who_signs_in_while_access_is_taken_back_is_connected_to_what_works(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let ours = connect(&stage.agency, &stage.agency.bakery().await?, "olive", BAKERY).await?;
    let link = stage.agency.fresh_link().await?;
    stage.google.inject_fault(Fault::delay("/revoke", 4_000)).await;
    end(&stage.agency, &ours, "disconnect").await?.ok()?;
    stage.google.wait_for("POST", "/revoke", 1).await;

    let mut browser = Browser::new()?;
    let mut done = sign_in_and_pick(&mut browser, &link).await?;
    if done.status != 200 || !done.says(CONNECTED) {
        done = sign_in_and_pick(&mut browser, &link).await?; // it is said that this sign-in cannot go on
    }
    done.expect(200, CONNECTED)?;
    until!("the other is taken back", taken_back(&stage).await? == 1);
    let then = Then::at(&stage, now()).await?;
    let token = then.refresh_token_of(&link).await?;
    assert!(
        renews(&stage.google, &token).await?,
        "connected, but to what was taken back"
    );
    then.close().await;
    Ok(())
}

/// C30-C32: the same place, the same id, and yet nothing of before: not the account, not the link, not the names.
///
/// Mutants: when its link stays alive, and when it keeps its account, this fails.
async fn a_deleted_connection_begins_anew_with_nothing_carried_over(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let link = connect(&stage.agency, &place, "olive", BAKERY).await?;
    let waiting = stage.agency.link(&place).await?;
    let path = format!("/integrations/{}", link.integration);
    for _ in 0..2 {
        let deleted = stage.agency.call(Method::DELETE, &path, None, None).await?.ok()?;
        assert_eq!(deleted, json!({"id": link.integration, "state": "deleted"}));
    }
    let revoked = stage.agency.link_now(&waiting).await?;
    assert_eq!(
        (&revoked["status"], &revoked["revoke_reason"]),
        (&json!("revoked"), &json!("deleted"))
    );
    let over = stage.agency.integration_now(&link).await?;
    assert_eq!(
        over["badge"],
        json!({"status": "deleted", "label": "Deleted", "icon": "bin", "colour": "grey", "usable": false})
    );
    assert!(!over["deleted_at"].is_null(), "{over}");
    let listed = stage.agency.read("/integrations?status=deleted").await?;
    assert_eq!(listed["data"][0]["id"], json!(link.integration));
    let refused = end(&stage.agency, &link, "disconnect").await?;
    assert_eq!(refused.json()?["type"], "/problems/not-connected");
    assert!(over["account"].is_null() && over["listing"].is_null(), "{over}");

    let anew = stage.agency.link(&place).await?;
    assert_eq!(anew.integration, link.integration);
    Browser::new()?.complete(&anew.url, "bea", BOOKS).await?; // another account, and nobody has to ask for a replacement
    let now = stage.agency.integration_now(&anew).await?;
    assert_eq!(
        (&now["account"]["email"], &now["reconnected_at"]),
        (&json!("bea@example.com"), &Value::Null)
    );
    assert_eq!(
        (count(&stage, "Deleted").await?, count(&stage, "Connected").await?),
        (1, 2)
    );
    Ok(())
}

/// B39, B60, A46: the badge says "Connected", the trail says who; everything else is as with a customer's link.
///
/// Mutant: when every connection counts as made through a link, this fails.
async fn a_member_connects_directly_and_it_works_like_any_other(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let waiting = stage.agency.link(&place).await?;
    let body = json!({"customer_id": place.customer, "location_id": place.location, "provider": "google"});
    let begun = stage.agency.post("/integrations", &body).await?.ok()?;
    assert_eq!(begun["integration_id"], json!(waiting.integration));
    assert_eq!(
        begun["superseded_link_id"],
        json!(waiting.id),
        "one live link for a place"
    );
    assert_eq!(stage.agency.link_now(&waiting).await?["status"], "revoked");
    let direct = Issued {
        id: begun["link_id"].as_str().context("no link")?.to_owned(),
        url: begun["connect_url"].as_str().context("no address")?.to_owned(),
        integration: waiting.integration.clone(),
    };
    assert!(direct.url.contains("agency.localhost"), "{}", direct.url);
    assert_eq!(stage.agency.link_now(&direct).await?["direct"], true);
    let mailed = stage
        .agency
        .post(&format!("/links/{}/send", direct.id), &json!({}))
        .await?;
    assert_eq!(mailed.json()?["type"], "/problems/link-is-direct");

    Browser::new()?.complete(&direct.url, "olive", BAKERY).await?;
    let shown = stage.agency.integration_now(&direct).await?;
    assert_eq!(
        shown["badge"],
        json!({"status": "connected", "label": "Connected", "icon": "check", "colour": "green", "usable": true})
    );
    assert_eq!(
        (&shown["via_link_id"], &shown["listing"]["id"]),
        (&Value::Null, &json!(BAKERY))
    );
    let trail = stage.agency.audit(&direct).await?.join("\n");
    assert!(
        trail.contains("olive@example.com, directly by Anna Berg (owner)"),
        "{trail}"
    );
    let again = connect(&stage.agency, &place, "olive", CAKES).await?;
    assert_eq!(
        stage.agency.integration_now(&again).await?["badge"]["label"],
        "Via Link"
    );
    Ok(())
}

async fn connect(agency: &Agency, place: &Place, persona: &str, listing: &str) -> anyhow::Result<Issued> {
    let link = agency.link(place).await?;
    Browser::new()?.complete(&link.url, persona, listing).await?;
    Ok(link)
}

async fn end(agency: &Agency, link: &Issued, how: &str) -> anyhow::Result<Answer> {
    agency
        .post(&format!("/integrations/{}/{how}", link.integration), &json!({}))
        .await
}

/// Signs in, and picks if there is something to pick.
async fn sign_in_and_pick(browser: &mut Browser, link: &Issued) -> anyhow::Result<Page> {
    let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
    if picker.status != 200 || picker.listings().is_empty() {
        return Ok(picker);
    }
    confirmed(browser, &picker, BAKERY).await
}

/// Picks, also where another place has the listing already.
async fn confirmed(browser: &mut Browser, picker: &Page, listing: &str) -> anyhow::Result<Page> {
    let fields = [("listing", listing), ("confirm", listing)];
    let answer = browser.submit(picker, "/c/pick", &fields).await?;
    match answer.location() {
        Some(done) => browser.get(&done).await,
        None => Ok(answer),
    }
}

async fn count(stage: &Stage, event: &'static str) -> anyhow::Result<i64> {
    let statement = match event {
        "Revoked" => "SELECT count(*) FROM events WHERE aggregate_type = 'grant' AND event_type = 'Revoked'",
        "Disconnected" => "SELECT count(*) FROM events WHERE event_type = 'Disconnected'",
        "Deleted" => "SELECT count(*) FROM events WHERE event_type = 'Deleted'",
        _ => "SELECT count(*) FROM events WHERE event_type = 'Connected'",
    };
    stage.database.number(statement).await
}

/// How many jobs to take access back are done.
async fn taken_back(stage: &Stage) -> anyhow::Result<i64> {
    stage
        .database
        .number("SELECT count(*) FROM job WHERE kind = 'take_back' AND state = 'done'")
        .await
}

/// How many credentials there are, of whatever kind.
async fn sealed(stage: &Stage) -> anyhow::Result<i64> {
    stage
        .database
        .number("SELECT count(*) FROM vault WHERE account_key IS NOT NULL")
        .await
}

/// A41: whoever runs the server takes a connection off its account, also while nobody has the agency's keys.
async fn an_operator_disconnects_what_an_agency_cannot_and_the_trail_says_so(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    let ended = stage.run(&["disconnect", &link.integration]).await?;
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    until!(
        "it cannot be used",
        stage.agency.integration_now(&link).await?["badge"]["usable"] == json!(false)
    );
    until!("it is taken back", stage.google.live_grants().await.is_empty());
    let path = format!("/integrations/{}/audit?limit=200", link.integration);
    let told = stage.agency.read(&path).await?.to_string();
    assert!(told.contains("The operator disconnected"), "{told}");
    let twice = stage.run(&["disconnect", &link.integration]).await?;
    assert!(twice.status.success(), "doing it twice is no error");

    let deleted = stage.run(&["disconnect", &link.integration, "--delete"]).await?;
    assert!(deleted.status.success());
    for id in [link.integration.as_str(), &link.id] {
        let unknown = stage.run(&["disconnect", id]).await?;
        assert_eq!(unknown.status.code(), Some(1), "{id}");
    }
    Ok(())
}
