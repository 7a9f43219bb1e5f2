//! Time: links expire by the clock at use, to the moment; what comes too late is refused.

use std::net::Ipv4Addr;

use chrono::{TimeDelta, Timelike};
use domain::Timestamp;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Stage, Then, now},
    on_both_databases,
};
use serde_json::json;

use super::{BAKERY, CONNECTED, ENDED};

on_both_databases!(
    a_link_lives_seven_days_and_its_end_is_told_with_the_date,
    a_link_ends_at_its_very_moment_even_while_the_customer_signs_in,
    an_answer_that_comes_too_late_is_refused_and_the_link_stays_usable,
);

/// A36, A37, B34, B36.
///
/// Mutant: when only a recorded end ends a link, the page still invites, and this fails.
async fn a_link_lives_seven_days_and_its_end_is_told_with_the_date(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let issued_at = now() - TimeDelta::days(8);
    let then = Then::at(&stage, issued_at).await?;
    let link = then.issue(&stage.agency, &place, None).await?;
    then.close().await;
    let expires_at = issued_at + TimeDelta::days(7);

    let mut browser = Browser::new()?;
    let ended = browser.open_link(&link.url).await?.expect(410, ENDED)?;
    assert!(ended.says("This link is no longer active"));
    let seen = stage.agency.link_now(&link).await?;
    assert_eq!(seen["status"], "expired");
    for end in ["expires_at", "ended_at"] {
        assert_eq!(
            serde_json::from_value::<Timestamp>(seen[end].clone())?,
            expires_at,
            "{end}"
        );
    }
    let date = expires_at.format("%-d %B %Y");
    let notice = format!("This connection link expired on {date}. Issue a fresh link to try again.");
    assert_eq!(seen["notice"], json!(notice));
    assert_eq!(stage.agency.integration_now(&link).await?["badge"]["label"], "Expired");

    let start = browser.submit(&ended, "/ask", &[]).await?;
    start.expect(200, "We told")?;
    let refused = stage
        .agency
        .post(&format!("/links/{}/reveal", link.id), &json!({}))
        .await?;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()?["detail"], json!(notice));
    let fresh = stage.agency.link(&place).await?;
    browser.complete(&fresh.url, "olive", BAKERY).await?;
    assert_eq!(stage.agency.integration_now(&link).await?["badge"]["label"], "Via Link");
    Ok(())
}

/// A37, A40: no sweeper is needed for it.
async fn a_link_ends_at_its_very_moment_even_while_the_customer_signs_in(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let life = TimeDelta::minutes(5);
    let expires_at = (now() + TimeDelta::seconds(3)).with_nanosecond(0).unwrap_or_else(now);
    let then = Then::at(&stage, expires_at - life).await?;
    let link = then.issue(&stage.agency, &place, Some(life)).await?;
    then.close().await;

    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?.expect(200, "Accept & Connect")?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let other = Browser::new()?;
    for network in 0.. {
        // One network is given 600 pages a minute, and this asks for more.
        let mut other = other
            .clone()
            .in_network(Ipv4Addr::from_bits(0x0a00_0007 + (network << 8)));
        let asked_at = now();
        let page = other.open_link(&link.url).await?;
        let answered_at = now();
        if page.status == 410 {
            assert!(answered_at >= expires_at, "it ended {} early", expires_at - answered_at);
            break;
        }
        assert!(asked_at < expires_at, "it lives on since {}", asked_at - expires_at);
    }
    browser.come_back(&decided).await?.expect(410, ENDED)?;
    assert_eq!(stage.token_requests(), 0);
    let start = browser.submit(&invitation, "/start", &[]).await?;
    start.expect(410, ENDED)?;
    let trail = stage.agency.audit(&link).await?.join("\n");
    assert_eq!(trail.matches("The link expired on").count(), 1, "{trail}");
    Ok(())
}

/// OA-5: a `state` lives ten minutes, a hand-off one.
///
/// Mutant: without the look at the attempt's age the first goes on to the token request, without the hand-off's the second does;
/// this fails for either.
async fn an_answer_that_comes_too_late_is_refused_and_the_link_stays_usable(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let long_ago = Then::at(&stage, now() - TimeDelta::minutes(11)).await?;
    let link = long_ago.issue(&stage.agency, &place, None).await?;
    let mut browser = Browser::new()?;
    browser.open_link(&link.url).await?;
    let (_, sent_with) = long_ago.accept(&browser, &link).await?;
    long_ago.close().await;
    let callback = format!("/oauth/callback/google?state={sent_with}&code=late");
    let late = browser.get(&stage.url("connect.localhost", &callback)?).await?;
    assert_eq!(late.leads_to()?.path(), "/c/reopen");
    browser.follow(&late).await?.expect(403, "Please reopen your link")?;

    let a_minute_ago = Then::at(&stage, now() - TimeDelta::seconds(61)).await?;
    let (_, sent_with) = a_minute_ago.accept(&browser, &link).await?;
    let hand_off = a_minute_ago.call_back(&sent_with, "late").await?;
    a_minute_ago.close().await;
    browser.get(&hand_off).await?.expect(403, "Please reopen your link")?;

    assert_eq!(stage.token_requests(), 0);
    let trail = stage.agency.audit(&link).await?.join("\n");
    assert!(
        trail.contains("The provider's answer arrived too late and was refused; the link is untouched"),
        "{trail}"
    );
    let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
    browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?;
    Ok(())
}
