//! Links arrive by mail, work, and what became of each is told.

use anyhow::Context;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Needle},
    on_both_databases,
};
use http::Method;
use serde_json::json;
use simulator::mail::KeptMail;

use super::office::{Office, PASSWORD, address_in};
use crate::flow::{BAKERY, CONNECTED};

on_both_databases!(
    a_mailed_link_leads_to_the_connection_and_both_sides_get_a_receipt,
    flags_at_creation_are_independent_and_all_links_go_in_one_mail,
    a_job_is_listed_for_whoever_waits_for_its_events_position,
);

/// A10, A52, A61: over TLS and login, in the agency's name; the password is nowhere.
async fn a_mailed_link_leads_to_the_connection_and_both_sides_get_a_receipt(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    let place = agency.bakery().await?;
    let body = json!({
        "customer_id": place.customer, "location_id": place.location, "provider": "google",
        "name": "Reviews & <b>more</b>", "email": true,
    });
    let issued = agency.post("/links", &body).await?.ok()?;
    assert_eq!(issued["email"], "queued", "{issued}");
    let mail = office.mails_to("olive@example.com", 1).await.remove(0);
    looks_like_the_agencys(&mail);

    let address = address_in(&mail)?;
    assert_eq!(issued["url"], address);
    let path = format!("/links/{}", issued["id"].as_str().unwrap_or_default());
    let link = office.until(&path, |link| link["delivery"]["state"] == "sent").await?;
    assert_eq!(link["delivery"]["reason"], json!(null));

    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&address).await?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let picker = browser.come_back(&decided).await?;
    browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?;
    let receipt = office.mails_to("olive@example.com", 2).await.remove(1);
    assert!(
        receipt.subject().contains("is connected to Bright Side Marketing"),
        "{}",
        receipt.subject()
    );
    assert!(receipt.text().contains("Olive & Thyme Bakery"));
    let told = office.mails_to("anna@bright.example", 1).await.remove(0);
    assert!(
        told.subject().starts_with("Olive Hartley connected"),
        "{}",
        told.subject()
    );

    let trail = format!("{path}/audit?limit=200");
    let trail = office
        .until(&trail, |trail| trail.to_string().contains("receipt by mail was taken"))
        .await?;
    let trail = trail.to_string();
    assert!(
        trail.contains("had the link sent by mail") && trail.contains("The mail with the link was taken"),
        "{trail}"
    );
    let (kept, said) = (office.stage.database.everything().await?, office.stage.server.said()?);
    let token = Needle::new("the link's token", address.rsplit('/').next().unwrap_or_default());
    for needle in [token, Needle::new("the password", PASSWORD)] {
        assert!(
            !needle.is_in(&kept) && !needle.is_in(said.as_bytes()),
            "{}",
            needle.name
        );
    }
    Ok(())
}

fn looks_like_the_agencys(mail: &KeptMail) {
    assert!(mail.encrypted && mail.login.is_some());
    assert_eq!(mail.sender, "connect@bright.example");
    assert_eq!(
        mail.header("Reply-To").as_deref(),
        Some("\"Anna Berg\" <anna@bright.example>")
    );
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert!(mail.message_id().ends_with("@bright.example"));
    assert!(mail.subject().contains("Bright Side Marketing asks you to connect"));
    assert!(mail.html().contains("Reviews &#38; &#60;b&#62;more"), "{}", mail.html());
    assert!(mail.text().contains("Olive & Thyme Bakery"));
    assert!(
        !mail.raw.to_lowercase().contains("grantlink"),
        "the platform's name appears nowhere"
    );
}

/// A52-A54: one, the other, both, neither.
///
/// Mutants: when either flag does nothing, when one brings both links, when only the first link is issued, and when every link's trail
/// makes a mail, and not the first one's alone, this fails.
async fn flags_at_creation_are_independent_and_all_links_go_in_one_mail(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    let mut expected = 0;
    for (google, facebook) in [(false, false), (true, false), (false, true), (true, true)] {
        let body = json!({
            "name": "Zoë Café", "email": "zoe@cafe.example", "language": "de",
            "locations": [{"name": "Café am Markt"}],
            "send_google_connect_link": google, "send_facebook_connect_link": facebook,
        });
        let created = agency.post("/customers", &body).await?.ok()?;
        let links = created["links"].as_array().map_or(0, Vec::len);
        assert_eq!(links, usize::from(google) + usize::from(facebook), "{created}");
        if links == 0 {
            assert!(created.get("email").is_some_and(|email| email == "zoe@cafe.example"));
            continue;
        }
        assert_eq!(created["mail"]["email"], "queued", "{created}");
        expected += 1;
        let mail = office
            .mails_to("zoe@cafe.example", expected)
            .await
            .pop()
            .context("no mail")?;
        assert_eq!(mail.text().matches("/c/").count(), links, "{}", mail.text());
        assert!(mail.text().contains("Guten Tag Zoë Café"));
    }
    // What a commit asked for becomes jobs in one transaction: where one mail arrived, a second one would be there as a job.
    let mails = "SELECT count(*) FROM job WHERE kind = 'mail_link'";
    let mails = office.stage.database.number(mails).await?;
    assert_eq!(mails, 3, "one mail for each customer that was to get one");
    Ok(())
}

/// What a command made necessary is there for whoever reads with its position.
///
/// Mutant seen: without the wait for the policies, a list is read before the policy has seen the event, and this fails.
async fn a_job_is_listed_for_whoever_waits_for_its_events_position(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    let place = agency.bakery().await?;
    let body = json!({
        "customer_id": place.customer, "location_id": place.location, "provider": "google", "email": true,
    });
    for _ in 0..10 {
        let issued = agency.post("/links", &body).await?;
        let link = issued.ok()?["id"].clone();
        let position = issued
            .headers
            .get("grantlink-position")
            .context("no position")?
            .to_str()?;
        let listed = agency.call(Method::GET, "/jobs", Some(position), None).await?.ok()?;
        let mut jobs = listed["data"].as_array().into_iter().flatten();
        let is_there = jobs.any(|job| job["kind"] == "mail_link" && job["about"]["links"] == link);
        assert!(is_there, "{link} has no job in {listed}");
    }
    let beyond = agency.call(Method::GET, "/jobs", Some("no-token"), None).await?;
    assert_eq!(beyond.json()?["type"], "/problems/invalid-position");
    Ok(())
}
