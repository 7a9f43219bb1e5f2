//! Mail servers refuse, cut, and go away. Links are issued all the same, and no mail is lost.

use grantlink_tests::{conformance::Database, on_both_databases};
use serde_json::{Value, json};
use simulator::mail::{Deed, MailStep, MailTrouble};

use super::office::{Office, address_in};

on_both_databases!(
    a_refusal_stands_on_the_link_and_a_corrected_address_gets_the_mail,
    a_mail_that_was_cut_after_the_final_dot_comes_again_with_the_same_id,
    in_an_outage_links_are_issued_and_the_mails_come_later,
    a_mail_that_was_given_up_is_begun_again_by_hand_and_the_link_says_that_it_arrived,
);

/// A customer with that address, and a link that is mailed there.
pub(crate) async fn issue(office: &Office, email: &str) -> anyhow::Result<(String, Value)> {
    let body = json!({"name": "Olive Hartley", "email": email, "locations": [{"name": "Bakery"}]});
    let created = office.stage.agency.post("/customers", &body).await?.ok()?;
    let body = json!({
        "customer_id": created["id"], "location_id": created["locations"][0]["id"], "provider": "google", "email": true,
    });
    let issued = office.stage.agency.post("/links", &body).await?.ok()?;
    let customer = created["id"].as_str().unwrap_or_default().to_owned();
    Ok((customer, issued))
}

/// Where the API has that link.
pub(crate) fn path_of(issued: &Value) -> String {
    format!("/links/{}", issued["id"].as_str().unwrap_or_default())
}

/// A61. Mutant seen: when a refused address is tried again and again, the link never says so.
async fn a_refusal_stands_on_the_link_and_a_corrected_address_gets_the_mail(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let refuses = Deed::Answer(550, "5.1.1 <olvie@example.com> is not known here".to_owned());
    let refuses = MailTrouble::always(MailStep::Recipient, refuses).for_recipient("olvie@");
    office.inbox.inject(refuses).await;
    let (customer, issued) = issue(&office, "olvie@example.com").await?;
    let path = path_of(&issued);
    let link = office
        .until(&path, |link| link["delivery"]["state"] == "failed")
        .await?;
    assert_eq!(
        (&link["delivery"]["reason"], &link["delivery"]["code"]),
        (&json!("refused"), &json!(550))
    );
    assert_eq!(link["status"], "pending", "the link itself is fine");
    let trail = office
        .stage
        .agency
        .read(&format!("{path}/audit?limit=200"))
        .await?
        .to_string();
    assert!(trail.contains("the mail server refused it (550): “5.1.1"), "{trail}");

    let change = json!({"email": "olive@example.com"});
    let path_of_customer = format!("/customers/{customer}");
    let patched = office
        .stage
        .agency
        .call(reqwest::Method::PATCH, &path_of_customer, None, Some(&change));
    assert_eq!(patched.await?.ok()?["email"], "olive@example.com");
    let sent = office
        .stage
        .agency
        .post(&format!("{path}/send"), &json!({}))
        .await?
        .ok()?;
    assert_eq!(sent["email"], "queued");
    let mail = office.mails_to("olive@example.com", 1).await.remove(0);
    assert_eq!(address_in(&mail)?, issued["url"]);
    office.until(&path, |link| link["delivery"]["state"] == "sent").await?;

    office
        .stage
        .agency
        .post(&format!("{path}/send"), &json!({}))
        .await?
        .ok()?;
    let often = office.stage.agency.post(&format!("{path}/send"), &json!({})).await?;
    assert_eq!(often.status.as_u16(), 429, "{}", often.text);
    assert_eq!(often.json()?["type"], "/problems/mailed-often");

    erased_without_a_trace(&office, &customer, &path).await
}

async fn erased_without_a_trace(office: &Office, customer: &str, path: &str) -> anyhow::Result<()> {
    // An erased customer gets nothing, and none of what the mail server said is left.
    let erase = json!({ "confirm": customer });
    office
        .stage
        .agency
        .post(&format!("/customers/{customer}/erase"), &erase)
        .await?;
    let trail = office
        .stage
        .agency
        .read(&format!("{path}/audit?limit=200"))
        .await?
        .to_string();
    assert!(!trail.contains("olvie"), "{trail}");
    Ok(())
}

/// API-8. Mutant seen: with a Message-ID for each try, the copies cannot be told to be one, and this fails.
async fn a_mail_that_was_cut_after_the_final_dot_comes_again_with_the_same_id(
    database: Database,
) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    office
        .inbox
        .inject(MailTrouble::once(MailStep::FinalDot, Deed::Cut))
        .await;
    let (_, issued) = issue(&office, "olive@example.com").await?;
    let mails = office.mails_to("olive@example.com", 2).await;
    assert!(mails[0].cut && !mails[1].cut);
    assert_eq!(mails[0].message_id(), mails[1].message_id());
    assert_eq!(address_in(&mails[0])?, address_in(&mails[1])?);
    office
        .until(&path_of(&issued), |link| link["delivery"]["state"] == "sent")
        .await?;
    Ok(())
}

/// A62, API-8.
async fn in_an_outage_links_are_issued_and_the_mails_come_later(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    office
        .inbox
        .inject(MailTrouble::always(MailStep::Greeting, Deed::Cut))
        .await;
    let (_, first) = issue(&office, "olive@example.com").await?;
    assert_eq!(first["email"], "queued");
    let mail = office.until("/mail", |mail| mail["health"]["working"] == false).await?;
    assert_eq!(mail["server"], "installation");
    let (_, second) = issue(&office, "bea@example.com").await?;
    assert_eq!(second["email"], "queued");
    assert!(
        second["email_notice"]
            .as_str()
            .is_some_and(|notice| notice.contains("has not worked since")),
        "{second}"
    );
    let link = office.stage.agency.read(&path_of(&second)).await?;
    assert_eq!(link["delivery"]["state"], "queued");
    office.inbox.recover().await;
    for (address, issued) in [("olive@example.com", &first), ("bea@example.com", &second)] {
        let mail = office.mails_to(address, 1).await.remove(0);
        assert_eq!(address_in(&mail)?, issued["url"]);
        office
            .until(&path_of(issued), |link| link["delivery"]["state"] == "sent")
            .await?;
    }
    let mail = office.until("/mail", |mail| mail["health"]["working"] == true).await?;
    assert!(
        mail["health"]["age_seconds"].as_i64().is_some_and(|age| age < 60),
        "{mail}"
    );
    Ok(())
}

/// A61: after a day without a mail server the link says so, and the job is dead. Begun again once the server is back, it arrives, and the
/// link says that.
///
/// Mutant seen: when what was given up and what arrived are noted under one name, the link says `given_up` for ever.
async fn a_mail_that_was_given_up_is_begun_again_by_hand_and_the_link_says_that_it_arrived(
    database: Database,
) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    let away = MailTrouble::always(MailStep::Greeting, Deed::Cut);
    office.inbox.inject(away).await;
    let (_, issued) = issue(&office, "olive@example.com").await?;
    let path = path_of(&issued);
    office.until_one_waits().await?;
    // As after a day: what follows is the last try.
    let spent = "UPDATE job SET attempt = 119 WHERE kind = 'mail_link' AND attempt < 119";
    office.stage.database.execute(spent).await?;
    let is_given_up = |link: &Value| link["delivery"]["reason"] == "given_up";
    office.until(&path, is_given_up).await?;
    let jobs = office
        .until("/jobs?status=dead", |jobs| !jobs["data"][0].is_null())
        .await?;
    let job = jobs["data"][0]["id"].as_str().unwrap_or_default();

    office.inbox.recover().await;
    agency.post(&format!("/jobs/{job}/retry"), &json!({})).await?.ok()?;
    let mail = office.mails_to("olive@example.com", 1).await.remove(0);
    assert_eq!(address_in(&mail)?, issued["url"]);
    let link = office.until(&path, |link| link["delivery"]["state"] == "sent").await?;
    assert_eq!(link["delivery"]["reason"], json!(null));
    Ok(())
}
