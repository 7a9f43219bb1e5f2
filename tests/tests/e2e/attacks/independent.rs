//! A provider that other people wrote: our reading of the standards meets theirs.

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Independent, Issue, Manner, Stage},
    on_both_databases,
};
use reqwest::Method;

use crate::flow::CONNECTED;

on_both_databases!(a_server_that_others_wrote_signs_in_and_renews);

/// A12, C41, C42: with PKCE and without. Its access tokens live for a minute and its
/// refresh tokens work once: whoever reads the credentials gets new ones each time, and they work.
///
/// Mutant: when a refresh token that was changed does not take the old one's place, the second read is refused, and this fails.
async fn a_server_that_others_wrote_signs_in_and_renews(database: Database) -> anyhow::Result<()> {
    let strict = Independent::start("strict", Manner::Strict).await?;
    let lax = Independent::start("lax", Manner::Lax).await?;
    let both = [&strict, &lax];
    let stage = Stage::set_configured(database, &both.map(Independent::configuration).concat()).await?;
    for server in both {
        server.expects(&stage).await?;
        let issue = Issue {
            provider: Some(server.id),
            ..Issue::default()
        };
        let link = stage.agency.link_with(&stage.agency.bakery().await?, &issue).await?;
        let mut browser = Browser::new()?;
        let go = browser.open_link(&link.url).await?;
        let go = browser.accept(&go).await?;
        let decided = browser.get(&go.onward()?).await?;
        browser.come_back(&decided).await?.expect(200, CONNECTED)?;
        assert_eq!(
            stage.agency.integration_now(&link).await?["badge"]["label"],
            "Via Link",
            "{}",
            server.id
        );

        let mut seen = vec![];
        for _ in 0..3 {
            let path = format!("/integrations/{}/credentials?purpose=a-test", link.integration);
            let read = stage.agency.call(Method::GET, &path, None, None).await?.ok()?;
            let token = read["access_token"].as_str().unwrap_or_default().to_owned();
            assert!(server.knows(&token).await, "{}: {} reads before", server.id, seen.len());
            assert!(!seen.contains(&token));
            seen.push(token);
        }
    }
    Ok(())
}
