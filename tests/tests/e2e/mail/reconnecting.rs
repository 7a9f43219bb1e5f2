//! An account's access ends: whoever asked for its connections is told, once, with what brings them back.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use application::{Actor, CommandError, Context, Decision, UseCase, work::Work};
use chrono::TimeDelta;
use domain::{
    grant::{Grant, GrantCommand, LossReason},
    ids::{AgencyId, GrantId, IntegrationId, Mode, TenantId},
    integration::Integration,
    log::StreamId,
};
use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Browser, Issued, Stage, Then, now},
    on_both_databases,
};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::mail::KeptMail;

use super::office::Office;
use crate::flow::{BAKERY, CAKES, CONNECTED};

on_both_databases!(a_lost_account_is_told_in_one_mail_each_and_one_sign_in_heals_all);

const ASKING: &str = "SELECT count(*) FROM job WHERE kind = 'ask_to_reconnect'";
const FRESH: &str = "SELECT count(*) FROM events WHERE aggregate_type = 'connect_link' AND event_type = 'Issued'";

/// The provider says that the newest credentials of an account are worth nothing any more.
struct Lose(GrantId);

impl UseCase for Lose {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut grant = work.load::<Grant>(self.0).await?;
        let (generation, reason) = (grant.latest(), LossReason::ExpiredOrRevoked);
        work.execute(&mut grant, GrantCommand::Lose { generation, reason })
            .await?;
        Ok(Decision::Done(()))
    }
}

/// A44-A47, A61: two connections of one account break together. The member gets one mail about both, in words that accuse nobody, with
/// the links that bring them back; the customer, whom the agency wants to be asked, gets one with the same links. One sign-in heals
/// both, and whoever is asked about them later writes to nobody.
async fn a_lost_account_is_told_in_one_mail_each_and_one_sign_in_heals_all(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    let habits = json!({
        "reminders": null, "receipt": false, "requester_receipt": false, "reconnect_customer": true,
    });
    agency
        .call(Method::PUT, "/mail/habits", None, Some(&habits))
        .await?
        .ok()?;
    let (bakery, cakes) = two_of_olives(agency).await?;
    let then = lose(&office.stage, agency, &bakery.integration).await?;

    for link in [&bakery, &cakes] {
        let broken = office
            .until(&integration(link), |one| !one["pending_link"].is_null())
            .await?;
        assert_eq!(broken["badge"]["status"], "needs_reconnect", "{broken}");
        assert_eq!(broken["health"]["reason"], "expired_or_revoked");
    }
    let to_member = only(office.mails_to("anna@bright.example", 1).await)?;
    assert_eq!(to_member.subject(), "2 connections need a new sign-in");
    assert!(to_member.text().contains("Olive Hartley"), "{}", to_member.text());
    let to_customer = only(office.mails_to("olive@example.com", 1).await)?;
    assert_eq!(to_customer.subject(), "Please reconnect your Google Business Profile");
    assert_eq!(
        addresses(&to_member),
        addresses(&to_customer),
        "they are the same links"
    );
    assert_eq!(addresses(&to_member).len(), 2);

    says_how_to_go_on(&to_member);

    let (link, needless) = (
        fresh_address(agency, &bakery.integration).await?,
        fresh_address(agency, &cakes.integration).await?,
    );
    assert!(to_customer.text().contains(&link), "{link}");
    Browser::new()?
        .complete(&link, "olive", BAKERY)
        .await?
        .expect(200, CONNECTED)?;
    for link in [&bakery, &cakes] {
        let is_well = |one: &Value| one["badge"]["usable"] == true;
        office.until(&integration(link), is_well).await?;
    }
    let issued = office.stage.database.number(FRESH).await?;
    assert_eq!(issued, 4, "each connection's first link, and a fresh one");
    sent_again(&then).await?;
    then.close().await;
    assert_eq!(office.mails_to("anna@bright.example", 1).await.len(), 1);
    is_taken_back(&office, &cakes, &needless).await
}

/// The member is told whether the customer was written to, and has nothing to press: the links are the customer's.
fn says_how_to_go_on(mail: &KeptMail) {
    let text = mail.text();
    let written = ["is on its way to Olive Hartley", "was mailed to Olive Hartley"];
    assert!(written.iter().any(|words| text.contains(words)), "{text}");
    assert!(text.contains("The link for Olive Hartley"), "{text}");
    assert!(!mail.html().contains("href="), "{}", mail.html());
}

/// The other fresh link ended with the sign-in that made it needless, and says so to whoever opens it: as long as that is so.
///
/// Mutants seen: when `Stand` withdraws nothing, the link stays pending; when its page does not ask how the connection stands, it says that all
/// is well after the next loss.
async fn is_taken_back(office: &Office, connected_by: &Issued, needless: &str) -> anyhow::Result<()> {
    let agency = &office.stage.agency;
    let of_location = agency.integration_now(connected_by).await?;
    assert!(of_location["pending_link"].is_null(), "{of_location}");
    let mut visitor = Browser::new()?;
    visitor.open_link(needless).await?.expect(410, "Already connected")?;
    let links = agency.read("/links?status=revoked").await?;
    let link = links["data"]
        .as_array()
        .and_then(|links| links.first())
        .context("none was revoked")?;
    assert_eq!(link["revoke_reason"], "already_connected", "{link}");
    let notice = link["notice"].as_str().unwrap_or_default();
    assert!(notice.ends_with("the connection works again without it."), "{notice}");
    let id = link["id"].as_str().context("no id")?;
    let trail = agency.read(&format!("/links/{id}/audit?limit=200")).await?.to_string();
    assert!(
        trail.contains("took the link back: the connection works again"),
        "{trail}"
    );
    let refused = agency.post(&format!("/links/{id}/send"), &json!({})).await?;
    assert_eq!(refused.status.as_u16(), 409, "{}", refused.text);

    break_off(&office.stage, agency, &connected_by.integration)
        .await?
        .close()
        .await;
    let is_broken = |one: &Value| one["badge"]["status"] == "needs_reconnect";
    office.until(&integration(connected_by), is_broken).await?;
    visitor.open_link(needless).await?.expect(410, "no longer active")?;
    Ok(())
}

/// Two places of one customer, connected with one account.
async fn two_of_olives(agency: &Agency) -> anyhow::Result<(Issued, Issued)> {
    let place = agency.bakery().await?;
    let cakes = agency.another_location(&place, "Cakes").await?;
    let (bakery, cakes) = (agency.link(&place).await?, agency.link(&cakes).await?);
    for (link, listing) in [(&bakery, BAKERY), (&cakes, CAKES)] {
        Browser::new()?
            .complete(&link.url, "olive", listing)
            .await?
            .expect(200, CONNECTED)?;
    }
    Ok((bakery, cakes))
}

/// The address of the link that is on its way for a connection.
pub(crate) async fn fresh_address(agency: &Agency, integration: &str) -> anyhow::Result<String> {
    let fresh = agency.read(&format!("/integrations/{integration}")).await?["pending_link"]["link_id"].clone();
    let shown = format!("/links/{}/reveal", fresh.as_str().context("no link")?);
    let shown = agency.post(&shown, &json!({})).await?.ok()?;
    Ok(shown["url"].as_str().context("no address")?.to_owned())
}

/// Whatever made the member's mail be asked for once more: a node that died after the server took it.
async fn sent_again(then: &Then) -> anyhow::Result<()> {
    let jobs = &then.installation().app.jobs;
    let mails = jobs.list(&application::ports::jobs::JobFilter::default(), 200).await?;
    let mail = mails
        .iter()
        .find(|job| job.kind == "mail_reconnect")
        .context("no such job")?;
    let again = application::ports::jobs::NewJob {
        id: mail.id,
        kind: "mail_reconnect",
        tenant: mail.tenant,
        cause: mail.cause,
        payload: mail.payload.clone(),
        run_at: mail.run_at,
    };
    ensure!(jobs.schedule(&again, now()).await?);
    then.work_off().await?;
    let mail = jobs.get(mail.id).await?.context("it is gone")?;
    assert_eq!(mail.result.as_deref(), Some("not sent: everything works again"));
    Ok(())
}

/// The access that an integration stands on ends.
async fn break_off(stage: &Stage, agency: &Agency, integration: &str) -> anyhow::Result<Then> {
    let then = Then::at(stage, now()).await?;
    let app = &then.installation().app;
    let stream = StreamId::of::<Integration>(integration.parse::<IntegrationId>()?);
    let found = app.replay::<Integration>(&stream).await?;
    let found = found.context("no such integration")?;
    let grant = found.state.connection().context("it is not connected")?.grant;
    let agency: AgencyId = agency.id.parse()?;
    let context: Context = app.context_of(TenantId::of(agency, Mode::Live), agency, Actor::System);
    app.run(&context, Lose(grant)).await?;
    Ok(then)
}

/// The access that an integration stands on ends, and two minutes later whoever is to be told has been told.
pub(crate) async fn lose(stage: &Stage, agency: &Agency, integration: &str) -> anyhow::Result<Then> {
    break_off(stage, agency, integration).await?.close().await;
    while stage.database.number(ASKING).await? == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await; // until the policy has seen the loss
    }
    let then = Then::at(stage, now() + TimeDelta::minutes(2)).await?;
    then.work_off().await?;
    Ok(then)
}

fn integration(link: &Issued) -> String {
    format!("/integrations/{}", link.integration)
}

fn only(mails: Vec<KeptMail>) -> anyhow::Result<KeptMail> {
    ensure!(mails.len() == 1, "{} mails", mails.len());
    mails.into_iter().next().context("no mail")
}

/// The addresses of links in a mail, in order.
fn addresses(mail: &KeptMail) -> Vec<String> {
    let text = mail.text();
    let lines = text.lines().map(str::trim).filter(|line| line.contains("/c/"));
    let mut addresses: Vec<String> = lines.map(str::to_owned).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}
