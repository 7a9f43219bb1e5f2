//! OA-4: however many complete a link at once, one of them does.

use anyhow::ensure;
use chrono::TimeDelta;
use futures_util::future::try_join_all;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Issue, Issued, Other, Page, Stage, Then, now},
    on_both_databases,
    scale::scaled,
    torture::figure,
};
use simulator::generic::Quirks;

use crate::flow::{BAKERY, CONNECTED};

on_both_databases!(of_all_who_complete_a_link_at_once_one_wins_and_the_others_keep_nothing);

/// In a short run; a long one has a hundred.
const LINKS: usize = 4;
/// Who signs in to each.
const BROWSERS: usize = 4;

/// OA-4, A38: four browsers are at the picker of one link, and each sends its choice again and again at once: 20 times in all, 200 at length.
/// Each link connects once, and at the provider, which takes tokens back one by one, nothing is left but what the connections stand on:
/// one sign-in, for it was one account.
///
/// Mutant: when who lost keeps what it was given, this fails.
async fn of_all_who_complete_a_link_at_once_one_wins_and_the_others_keep_nothing(
    database: Database,
) -> anyhow::Result<()> {
    let other = Other::start("strict", Quirks::strict()).await?;
    let stage = Stage::set_among(database, &[(&other, "client_auth = \"basic\"")]).await?;
    let links = scaled(LINKS);
    let times = if scaled(1) > 1 { 50 } else { 5 };
    let mut completions = 0;
    for _ in 0..links {
        let place = stage.agency.bakery().await?;
        let issue = Issue {
            provider: Some(other.id),
            ..Issue::default()
        };
        let link = stage.agency.link_with(&place, &issue).await?;
        let statuses = all_at_once(&link, times).await?;
        completions += statuses.len();
        // 403: its own click before has dropped what a loser was given.
        let ended = |status: &u16| [200, 303, 403, 409, 410].contains(status);
        ensure!(statuses.iter().all(ended), "{statuses:?}");
        ensure!(statuses.contains(&303), "nobody won: {statuses:?}");
    }
    // All links are completed with one account: its newest sign-in serves them all.
    assert_eq!(stage.credentials().await?, 1);
    assert_eq!(stage.pending_credentials().await?, 0);
    // What losers were given goes at once; what a winner's sign-in took over goes when those who read it are done with it.
    until!("losers keep nothing", live(&other).await == links);
    let later = Then::at(&stage, now() + TimeDelta::minutes(7)).await?;
    later.work_off().await?;
    later.close().await;
    until!("one is left", live(&other).await == 1);
    figure(&format!("{completions} completions of {links} links"))
}

/// How many sign-ins live at the provider.
async fn live(other: &Other) -> usize {
    let audit = other.server.audit().await;
    audit
        .accounts
        .iter()
        .map(|account| account.live_families as usize)
        .sum()
}

async fn all_at_once(link: &Issued, times: usize) -> anyhow::Result<Vec<u16>> {
    let mut pickers = vec![];
    for _ in 0..BROWSERS {
        let mut browser = Browser::new()?;
        let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
        pickers.push((browser, picker));
    }
    let choices = pickers
        .iter()
        .flat_map(|(browser, picker)| (0..times).map(move |_| choice(browser.clone(), picker)));
    try_join_all(choices.collect::<Vec<_>>()).await
}

async fn choice(mut browser: Browser, picker: &Page) -> anyhow::Result<u16> {
    let fields = [("listing", BAKERY), ("confirm", BAKERY)];
    let answer = browser.submit(picker, "/c/pick", &fields).await?;
    // Who won and sends the choice again a moment later sees the end of it.
    ensure!(answer.status != 200 || answer.says(CONNECTED), "{}", answer.body);
    Ok(answer.status.as_u16())
}
