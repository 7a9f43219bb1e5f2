//! The way it should go, and what it leaves behind.

use grantlink_tests::{
    conformance::Database,
    harness::{AGENCY_HOST, Browser, CALLBACK_HOST, Consent, Issue, Needle, PROVIDER_HOST, Stage},
    on_both_databases,
};
use serde_json::json;

use super::{BAKERY, CONNECTED};

on_both_databases!(
    a_customer_connects_through_one_link_and_the_audit_trail_tells_every_step,
    secrets_are_kept_sealed_and_said_nowhere,
);

/// A1, A3-A5, A11-A13, A27-A33, A36, A41, A55, B2-B4, B11, B16-B26.
///
/// Mutant: when the invitation does not say what the connection is called, this fails.
async fn a_customer_connects_through_one_link_and_the_audit_trail_tells_every_step(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let issue = Issue {
        name: Some("Reviews of the bakery"),
        ..Issue::default()
    };
    let link = stage.agency.link_with(&place, &issue).await?;
    assert_eq!(
        link.url,
        stage.url(AGENCY_HOST, &format!("/c/{}", link.token()))?.as_str()
    );
    assert_eq!(link.token().len(), 38);
    let before = stage.agency.integration_now(&link).await?;
    assert_eq!(before["badge"]["label"], "Pending");
    assert_eq!(before["badge"]["usable"], false);

    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?.expect(200, "Accept & Connect")?;
    for shown in [
        "Bright Side Marketing",
        "Google Business Profile",
        "Anna Berg",
        "anna@bright.example",
        "Reviews of the bakery",
        "Olive & Thyme Bakery",
        "This is the same as connecting any other app",
        "No password is shared",
    ] {
        assert!(invitation.says(shown), "{shown}: {}", invitation.body);
    }
    assert!(!invitation.body.contains("type=\"password\""));
    let go = browser.accept(&invitation).await?.expect(200, "Sign in with Google")?;
    assert_eq!(go.onward()?.host_str(), Some(PROVIDER_HOST)); // A12
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    assert_eq!(decided.leads_to()?.host_str(), Some(CALLBACK_HOST));
    let picker = browser.come_back(&decided).await?;
    let picker = picker.expect(200, "Which Business Profile should be connected?")?;
    assert!(picker.says("olive@example.com") && picker.says("Best match"));
    browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?;

    let after = stage.agency.integration_now(&link).await?;
    assert_eq!(
        after["badge"],
        json!({"status": "via_link", "label": "Via Link", "icon": "link", "colour": "blue", "usable": true})
    );
    assert_eq!(after["listing"]["id"], BAKERY);
    assert_eq!(after["via_link_id"], json!(link.id));
    assert_eq!(after["location_id"], json!(place.location));
    let used = stage.agency.link_now(&link).await?;
    assert_eq!((&used["status"], &used["starts"]), (&json!("completed"), &json!(1)));
    told_in_order(&stage.agency.audit(&link).await?);
    Ok(())
}

/// Every step stands in the trail once, as a sentence, in the order in which it happened.
fn told_in_order(trail: &[String]) {
    let told = [
        "API key 1 of Anna Berg (owner) issued a connect link “Reviews of the bakery” for Google, valid until ",
        "API key 1 of Anna Berg (owner) asked for the Google connection by link",
        "Somebody opened the link",
        "The customer accepted and went to sign in at Google",
        "The customer signed in at Google and granted access",
        "The customer picked a listing; the link is used up",
        "The connection was counted as a source of the customer's plan",
        "Credentials from Google were stored with 4 permissions (generation 1)",
        "The link did its work: the connection no longer waits for it",
        "“Olive & Thyme Bakery” (48 Lamb Lane, E8 3PJ London, GB) is connected through the account olive@example.com",
        "The first synchronisation with Google was asked for",
    ];
    assert_eq!(trail.len(), told.len(), "{trail:#?}");
    for (sentence, start) in trail.iter().zip(told) {
        assert!(sentence.starts_with(start), "{start}: {trail:#?}");
    }
}

/// B4, B54, OA-9: canaries in every table, in every byte of the files, and in a log that says as much as it can.
///
/// Mutant: with the attempt's `state` kept as it is, with the provider's answer kept unsealed, or with the request's path in the
/// log, this fails.
async fn secrets_are_kept_sealed_and_said_nowhere(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let handed_over = browser.follow(&decided).await?;
    let mut needles = vec![
        Needle::new("the link's token", link.token()),
        Needle::new("the API key", &stage.agency.key),
        Needle::new("the client secret", "canary-client-secret"),
        Needle::new("an access token", "ya29.a0"),
        Needle::new("a refresh token", "1//0g"),
        Needle::new("the state", go.sent_with()?),
        Needle::new("the code", decided.parameter_onward("code").unwrap_or_default()),
        Needle::new("the hand-off", handed_over.parameter_onward("h").unwrap_or_default()),
    ];
    needles.extend(
        browser
            .cookies_of(AGENCY_HOST)
            .into_values()
            .map(|id| Needle::new("the browser's id", id)),
    );
    absent(&stage, &needles).await?; // while the code waits under its hand-off

    let returned = browser.follow(&handed_over).await?;
    let picker = browser.follow(&returned).await?;
    absent(&stage, &needles).await?; // while the credential is the attempt's
    browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?;
    absent(&stage, &needles).await?;
    assert_eq!(stage.credentials().await?, 1);

    let told = stage.agency.audit(&link).await?.join("\n");
    let read =
        stage.agency.link_now(&link).await?.to_string() + &stage.agency.integration_now(&link).await?.to_string();
    for needle in &needles {
        assert!(
            !needle.is_in(told.as_bytes()) && !needle.is_in(read.as_bytes()),
            "{}",
            needle.name
        );
    }
    Ok(())
}

async fn absent(stage: &Stage, needles: &[Needle]) -> anyhow::Result<()> {
    let (kept, said) = (stage.database.everything().await?, stage.server.said()?);
    assert!(
        kept.len() > 10_000 && said.contains("served the page"),
        "nothing was looked through"
    );
    for needle in needles {
        assert!(!needle.is_in(&kept), "{} is in the database", needle.name);
        assert!(!needle.is_in(said.as_bytes()), "{} is in the log", needle.name);
    }
    Ok(())
}
