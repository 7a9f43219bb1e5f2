//! The stories of attackers at length: each figure here, times 25, is what is promised.

mod forged_records;
pub(super) mod new_keys;
mod replays;
mod revoked_meanwhile;
mod winners;

use grantlink_tests::harness::{Browser, Consent, Issued, Page};

/// As far as the provider's redirection, which nobody followed yet.
async fn at_the_provider(browser: &mut Browser, link: &Issued) -> anyhow::Result<Page> {
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    browser.sign_in_at_provider(&go, "olive", Consent::Everything).await
}
