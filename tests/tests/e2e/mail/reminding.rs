//! Links that nobody used are brought to mind.

use chrono::TimeDelta;
use grantlink_tests::{
    conformance::Database,
    harness::{Issued, Then, now},
    on_both_databases,
};
use reqwest::Method;
use serde_json::json;

use super::office::Office;

on_both_databases!(
    a_customer_is_reminded_as_the_agency_wishes_and_only_while_the_link_lives,
    a_link_that_is_mailed_later_is_brought_to_mind_too_and_as_often_as_any,
);

/// Every two days, twice at most.
async fn a_customer_is_reminded_as_the_agency_wishes_and_only_while_the_link_lives(
    database: Database,
) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    let habits = json!({"reminders": {"after_days": 2, "at_most": 2}, "receipt": true, "requester_receipt": true});
    agency
        .call(Method::PUT, "/mail/habits", None, Some(&habits))
        .await?
        .ok()?;
    let (living, ended) = (mailed(&office).await?, mailed(&office).await?);
    office.mails_to("olive@example.com", 2).await;
    agency.revoke(&ended).await?;

    for (days, reminders) in [(1, 0), (3, 1), (5, 2), (6, 2)] {
        let then = Then::at(&office.stage, now() + TimeDelta::days(days)).await?;
        then.work_off().await?;
        then.close().await;
        let mails = office.mails_to("olive@example.com", 2 + reminders).await;
        assert_eq!(mails.len(), 2 + reminders, "after {days} days");
        for reminder in &mails[2..] {
            assert!(reminder.subject().starts_with("Reminder: "), "{}", reminder.subject());
            assert!(reminder.text().contains(living.token()), "it is the link that lives");
        }
    }
    Ok(())
}

/// One that was issued without a mail, because nobody knew the address yet: its first mail counts, the second one changes nothing.
///
/// Mutants seen: when a mail that is asked for later brings no reminders, none comes; when each mail brings its own, too many do.
async fn a_link_that_is_mailed_later_is_brought_to_mind_too_and_as_often_as_any(
    database: Database,
) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    let habits = json!({"reminders": {"after_days": 2, "at_most": 1}, "receipt": true, "requester_receipt": true});
    agency
        .call(Method::PUT, "/mail/habits", None, Some(&habits))
        .await?
        .ok()?;
    let link = agency.fresh_link().await?;
    for _ in 0..2 {
        agency
            .post(&format!("/links/{}/send", link.id), &json!({}))
            .await?
            .ok()?;
    }
    office.mails_to("olive@example.com", 2).await;
    for days in [3, 5] {
        let then = Then::at(&office.stage, now() + TimeDelta::days(days)).await?;
        then.work_off().await?;
        then.close().await;
        let mails = office.mails_to("olive@example.com", 3).await;
        assert_eq!(mails.len(), 3, "after {days} days");
        assert!(mails[2].subject().starts_with("Reminder: "), "{}", mails[2].subject());
    }
    Ok(())
}

pub(super) async fn mailed(office: &Office) -> anyhow::Result<Issued> {
    let agency = &office.stage.agency;
    let place = agency.bakery().await?;
    let wish = json!({
        "customer_id": place.customer, "location_id": place.location, "provider": "google", "email": true,
    });
    let issued = agency.post("/links", &wish).await?.ok()?;
    let text = |name: &str| issued[name].as_str().unwrap_or_default().to_owned();
    let link = Issued {
        id: text("id"),
        url: text("url"),
        integration: text("integration_id"),
    };
    let path = format!("/links/{}", link.id);
    office.until(&path, |link| link["delivery"]["state"] == "sent").await?;
    Ok(link)
}
