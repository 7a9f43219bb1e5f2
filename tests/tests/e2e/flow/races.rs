//! Two browsers, one link.

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Page, Stage},
    on_both_databases,
};

use super::{BAKERY, BOOKS, CONNECTED, ENDED};

on_both_databases!(two_browsers_that_complete_one_link_at_once_make_one_connection_that_works);

const LINKS: usize = 20;

/// A38, B48, OA-4: half of the races are between two browsers of one account, half between two accounts. What the loser was given
/// is dropped, and taken back at the provider where nothing else stands on it; the winner's access is never taken with it.
///
/// Mutant: when the loser's access is always taken back, or never dropped, this fails.
async fn two_browsers_that_complete_one_link_at_once_make_one_connection_that_works(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    for race in 0..LINKS {
        let place = stage.agency.bakery().await?;
        let link = stage.agency.link(&place).await?;
        let (second, listing) = if race % 2 == 0 {
            ("olive", BAKERY)
        } else {
            ("bea", BOOKS)
        };
        let (mut one, mut two) = (Browser::new()?, Browser::new()?);
        let first = one.sign_in(&link.url, "olive", Consent::Everything).await?;
        let other = two.sign_in(&link.url, second, Consent::Everything).await?;
        let (left, right) = (
            confirmed(&mut one, &first, BAKERY),
            confirmed(&mut two, &other, listing),
        );
        let (left, right) = tokio::try_join!(left, right)?;
        let (won, lost) = if left.status == 200 {
            (left, right)
        } else {
            (right, left)
        };
        won.expect(200, CONNECTED)?;
        lost.expect(410, ENDED)?;
        assert_eq!(stage.pending_credentials().await?, 0);

        let connection = stage.agency.integration_now(&link).await?;
        assert_eq!(connection["badge"]["label"], "Via Link");
        let account = connection["account"]["email"].as_str().unwrap_or_default().to_owned();
        let live = stage.google.live_grants().await;
        let works = live
            .iter()
            .any(|grant| account.starts_with(&grant.persona) && grant.refresh_tokens > 0);
        assert!(works, "race {race}: {account} is connected, but only {live:?} work");
    }
    let connected = stage.agency.read("/integrations?limit=200&status=via_link").await?;
    let of = |persona: &str| {
        let all = connected["data"].as_array().into_iter().flatten();
        all.filter(|one| {
            one["account"]["email"]
                .as_str()
                .is_some_and(|email| email.starts_with(persona))
        })
        .count()
    };
    assert_eq!(of("olive") + of("bea"), LINKS);
    let live = stage.google.live_grants().await;
    for persona in ["olive", "bea"] {
        assert_eq!(
            live.iter().any(|grant| grant.persona == persona),
            of(persona) > 0,
            "{persona}: {live:?}"
        );
    }
    let accounts = ["olive", "bea"].into_iter().filter(|persona| of(persona) > 0).count();
    assert_eq!(stage.credentials().await?, i64::try_from(accounts)?); // each one's newest sign-in
    Ok(())
}

/// Picks at once, also where another place has the listing already.
async fn confirmed(browser: &mut Browser, picker: &Page, listing: &str) -> anyhow::Result<Page> {
    let answer = browser
        .submit(picker, "/c/pick", &[("listing", listing), ("confirm", listing)])
        .await?;
    match answer.location() {
        Some(done) => browser.get(&done).await,
        None => Ok(answer),
    }
}
