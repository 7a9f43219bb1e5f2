//! Mail as whoever runs the server tries it out and watches it.

use std::time::{Duration, Instant};

use anyhow::ensure;
use grantlink_tests::{conformance::Database, harness::Stage, on_both_databases};
use reqwest::Method;
use serde_json::json;
use simulator::mail::{Deed, MailStep, MailTrouble};

use super::{office::Office, trouble::issue};

on_both_databases!(
    an_operator_tries_mail_out_and_sees_how_it_fares,
    an_agencys_own_server_that_fails_is_named_until_it_is_replaced,
    a_mail_server_is_not_ours_to_fill_with_test_mails,
);

async fn said(stage: &Stage, arguments: &[&str]) -> anyhow::Result<(bool, String)> {
    let done = stage.run(arguments).await?;
    let text = [done.stdout, done.stderr].concat();
    Ok((done.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// Until figures have a line that begins so: the node looks once a second.
async fn figures(stage: &Stage, line: &str) -> anyhow::Result<String> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let text = stage.probe("/metrics").await?.text;
        if text.lines().any(|told| told.starts_with(line)) {
            return Ok(text);
        }
        ensure!(Instant::now() < deadline, "no {line} in {text}");
        tokio::time::sleep(Duration::from_millis(50)).await; // until the next look
    }
}

/// A62.
async fn an_operator_tries_mail_out_and_sees_how_it_fares(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let stage = &office.stage;
    let test = ["mail", "test", "--to", "ops@bright.example"];
    let (sent, told) = said(stage, &test).await?;
    ensure!(sent && told.contains("250 2.0.0 taken"), "{told}");
    let (sent, told) = said(stage, &[&test[..], &["--agency", &stage.agency.id]].concat()).await?;
    ensure!(sent, "{told}");
    let mails = office.mails_to("ops@bright.example", 2).await;
    assert_eq!(mails[0].subject(), "A test mail from Grantlink");
    assert_eq!(mails[1].subject(), "A test mail from Bright Side Marketing");
    let (_, told) = said(stage, &["doctor"]).await?;
    ensure!(told.contains("is there, and takes our login"), "{told}");

    issue(&office, "olive@example.com").await?;
    figures(stage, r#"grantlink_mails_sent_total{server="installation"} 1"#).await?;
    // Also for whoever is still connected from before.
    for step in [MailStep::Greeting, MailStep::Recipient] {
        office.inbox.inject(MailTrouble::always(step, Deed::Cut)).await;
    }
    let (sent, told) = said(stage, &test).await?;
    ensure!(!sent && told.contains("the mail server"), "{told}");
    let (_, told) = said(stage, &["doctor"]).await?;
    ensure!(told.contains("WRONG   mail server"), "{told}");
    issue(&office, "bea@example.com").await?;
    figures(stage, r#"grantlink_mails_not_sent_total{server="installation",reason="#).await?;
    figures(stage, "grantlink_mails_waiting 1").await?;
    office.inbox.recover().await;
    let told = figures(stage, "grantlink_mails_waiting 0").await?;
    ensure!(!told.contains("example.com"), "figures name nobody: {told}");
    Ok(())
}

/// Mutant seen: when accounts that were replaced are not left out, the removed one is named for ever, and this fails.
async fn an_agencys_own_server_that_fails_is_named_until_it_is_replaced(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let (stage, agency) = (&office.stage, &office.stage.agency);
    let own = json!({
        "host": "127.0.0.1", "port": office.inbox.addr().port(), "username": "connect", "password": "another",
        "from": "hello@agency.example",
    });
    agency.call(Method::PUT, "/mail", None, Some(&own)).await?.ok()?;
    let tested = agency.post("/mail/test", &json!({})).await?.ok()?;
    assert_eq!(tested["code"], 535);
    let named = format!("that of agency {} did not work", agency.id);
    let (_, told) = said(stage, &["doctor"]).await?;
    ensure!(told.contains(&named) && !told.contains("another"), "{told}");
    agency.call(Method::DELETE, "/mail", None, None).await?.ok()?;
    let (_, told) = said(stage, &["doctor"]).await?;
    ensure!(!told.contains(&named), "{told}");
    Ok(())
}

/// Mutant seen: without the limit, an eleventh leaves within the hour, and this fails.
async fn a_mail_server_is_not_ours_to_fill_with_test_mails(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    for _ in 0..10 {
        let tested = agency.post("/mail/test", &json!({})).await?.ok()?;
        assert_eq!(tested["sent"], true);
    }
    let often = agency.post("/mail/test", &json!({})).await?;
    assert_eq!(
        (often.status.as_u16(), &often.json()?["type"]),
        (429, &json!("/problems/mail-tested-often"))
    );
    let wait: u64 = often.headers["retry-after"].to_str()?.parse()?;
    ensure!((1..=3600).contains(&wait), "{wait}");
    assert_eq!(office.mails_to("anna@bright.example", 10).await.len(), 10);
    Ok(())
}
