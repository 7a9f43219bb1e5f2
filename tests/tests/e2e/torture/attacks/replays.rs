//! Callbacks that arrive in the wrong browser, or again, or too late: a thousand of each.

use std::net::Ipv4Addr;

use chrono::TimeDelta;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, CALLBACK_HOST, GOOGLE, Stage, Then, callback_path, now},
    on_both_databases,
    scale::scaled,
};
use reqwest::Url;

use super::at_the_provider;

on_both_databases!(
    a_thousand_callbacks_in_other_browsers_cost_no_token_request,
    a_thousand_replays_cost_no_token_request,
);

/// In a short run.
const CALLBACKS: usize = 40;
/// A link that is started more often than twenty times in an hour makes one wait.
const STARTS_OF_A_LINK: usize = 18;
const REOPEN: &str = "Please reopen your link";

/// OA-1: a valid state and a valid code, in a browser without a cookie or with one of its own.
///
/// Mutant: without the browser check the first of them makes a token request, and this fails.
async fn a_thousand_callbacks_in_other_browsers_cost_no_token_request(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let mut link = stage.agency.fresh_link().await?;
    for number in 0..scaled(CALLBACKS) {
        if number % STARTS_OF_A_LINK == 0 {
            link = stage.agency.fresh_link().await?;
        }
        let decided = at_the_provider(&mut Browser::new()?, &link).await?;
        let mut other = Browser::new()?;
        if number % 2 == 0 {
            other.open_link(&link.url).await?;
        }
        other.come_back(&decided).await?.expect(403, REOPEN)?;
    }
    assert_eq!(stage.token_requests(), 0);
    assert_eq!((stage.pending_credentials().await?, stage.credentials().await?), (0, 0));
    Ok(())
}

/// OA-5: a state and a code that were used, a hand-off that was used, and a state that is too old, again and again, in the browser that they
/// belong to and in others. Each gets the same page.
///
/// Mutant: when the age of a state is not looked at, this fails.
async fn a_thousand_replays_cost_no_token_request(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let decided = at_the_provider(&mut browser, &link).await?;
    let used = decided.leads_to()?;
    let hand_off = browser.get(&used).await?.leads_to()?;
    browser.get(&hand_off).await?;
    assert_eq!(stage.token_requests(), 1);
    let expired = expired(&stage, &browser).await?;
    let with_a_new_code = {
        let mut url = used.clone();
        let state = used
            .query_pairs()
            .find(|(name, _)| name == "state")
            .map(|(_, state)| state.into_owned());
        let state = state.unwrap_or_default();
        url.query_pairs_mut()
            .clear()
            .extend_pairs([("state", state.as_str()), ("code", "4/0Another")]);
        url
    };
    let mut pages = std::collections::BTreeSet::new();
    for number in 0..scaled(CALLBACKS) {
        let mut other = Browser::new()?;
        let visitor = if number % 2 == 0 { &mut browser } else { &mut other };
        // A phone that moves: six hundred pages a minute are too many for one network.
        let [.., high, low] = u32::try_from(number)?.to_be_bytes();
        *visitor = visitor.clone().in_network(Ipv4Addr::new(198, high, low, 7));
        for url in [&used, &expired, &with_a_new_code] {
            let refused = visitor.get(url).await?;
            assert_eq!(refused.leads_to()?.path(), "/c/reopen");
            let refused = visitor.follow(&refused).await?.expect(403, REOPEN)?;
            pages.insert(without_the_form_token(&refused.body));
        }
        if number % 2 == 1 {
            other.get(&hand_off).await?.expect(403, REOPEN)?;
        }
    }
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert_eq!(stage.token_requests(), 1);
    Ok(())
}

/// A callback of a sign-in that began eleven minutes ago.
async fn expired(stage: &Stage, browser: &Browser) -> anyhow::Result<Url> {
    let then = Then::at(stage, now() - TimeDelta::minutes(11)).await?;
    let link = then.issue(&stage.agency, &stage.agency.bakery().await?, None).await?;
    let (_, state) = then.accept(browser, &link).await?;
    then.close().await;
    let mut url = stage.url(CALLBACK_HOST, &callback_path(GOOGLE))?;
    url.query_pairs_mut()
        .extend_pairs([("state", state.as_str()), ("code", "4/0Late")]);
    Ok(url)
}

fn without_the_form_token(body: &str) -> String {
    let lines = body.lines().filter(|line| !line.contains("name=\"csrf\""));
    lines.collect::<Vec<_>>().join("\n")
}
