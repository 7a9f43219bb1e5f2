//! Machines open links, and leaked links are tried again and again: neither uses a link up, and neither locks the customer out.

use std::net::Ipv4Addr;

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Stage},
    on_both_databases,
};
use reqwest::Method;

use super::BAKERY;

on_both_databases!(
    scanners_cannot_use_a_link_up_and_are_noted_once,
    a_network_that_starts_again_and_again_is_told_to_wait_while_others_go_on,
);

/// A41, OA-3.
///
/// Mutant: when each opening is noted, this fails.
async fn scanners_cannot_use_a_link_up_and_are_noted_once(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut scanner = Browser::new()?.calling_itself("Barracuda Sentinel (EE)");
    for _ in 0..100 {
        scanner.open_link(&link.url).await?.expect(200, "Accept & Connect")?;
        let head = scanner.send(Method::HEAD, &link.url.parse()?, None).await?;
        assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
    }
    let page = scanner.open_link(&link.url).await?;
    for _ in 0..20 {
        let started = scanner.submit(&page, "/start", &[]).await?;
        assert_eq!(started.status, 303, "{}", started.body);
    }
    let seen = stage.agency.link_now(&link).await?;
    assert_eq!((&seen["opened"], &seen["starts"]), (&0.into(), &20.into()));
    let opened: Vec<_> = told(&stage.agency.audit(&link).await?, "Somebody opened the link");
    // Once an hour and kind; a story may run over the full hour.
    assert!((1..=2).contains(&opened.len()), "{opened:?}");
    assert!(
        opened
            .iter()
            .all(|sentence| sentence.ends_with("(probably a mail scanner)")),
        "{opened:?}"
    );

    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    let opened = told(&stage.agency.audit(&link).await?, "Somebody opened the link");
    assert!(opened.contains(&"Somebody opened the link".to_owned()), "{opened:?}");
    Ok(())
}

/// A43, OA-10: 20 starts an hour for one link from one network; the customer's own network is another.
///
/// Mutant: with the network left out of the key, or with the proxy's address in place of the client's, the customer is locked out
/// too, and this fails.
async fn a_network_that_starts_again_and_again_is_told_to_wait_while_others_go_on(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let leaked = Ipv4Addr::new(192, 0, 2, 7);
    let mut thief = Browser::new()?.in_network(leaked);
    let page = thief.open_link(&link.url).await?;
    for _ in 0..20 {
        assert_eq!(thief.submit(&page, "/start", &[]).await?.status, 303);
    }
    let refused = thief.submit(&page, "/start", &[]).await?;
    let wait = refused
        .headers
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    assert!(wait.is_some_and(|seconds| (1..=3600).contains(&seconds)), "{wait:?}");
    refused.expect(429, "Bright Side Marketing")?;
    // Another browser behind the same address does not help.
    let mut again = Browser::new()?.in_network(leaked);
    let page = again.open_link(&link.url).await?;
    assert_eq!(again.submit(&page, "/start", &[]).await?.status, 429);

    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    Ok(())
}

fn told(trail: &[String], start: &str) -> Vec<String> {
    trail
        .iter()
        .filter(|sentence| sentence.starts_with(start))
        .cloned()
        .collect()
}
