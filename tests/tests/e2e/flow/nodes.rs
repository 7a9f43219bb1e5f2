//! Two nodes of one installation, on one database: what happened on one is known on the other with its next request.

use anyhow::ensure;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Stage},
    on_both_databases,
};

use super::ENDED;

on_both_databases!(a_link_that_one_node_revoked_is_dead_on_the_other_at_once);

/// How often.
const LINKS: usize = 20;

/// A37, A40. Both nodes have shown the page before, and remember it.
///
/// Mutant: when `replay_at` answers from memory without a look at the log, the other node goes on inviting, and this fails.
async fn a_link_that_one_node_revoked_is_dead_on_the_other_at_once(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (other, _) = stage.another_node().await?;
    let place = stage.agency.bakery().await?;
    for _ in 0..LINKS {
        let link = stage.agency.link(&place).await?;
        let there = link
            .url
            .replace(&stage.server.port().to_string(), &other.port().to_string());
        ensure!(there != link.url, "the address names the port");
        let mut browser = Browser::new()?;
        for address in [&link.url, &there] {
            browser.open_link(address).await?.expect(200, "Accept & Connect")?;
        }
        stage.agency.revoke(&link).await?;
        browser.open_link(&there).await?.expect(410, ENDED)?;
    }
    Ok(())
}
