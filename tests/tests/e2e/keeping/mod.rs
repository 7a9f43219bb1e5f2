//! What is kept, moved and checked, by the real program, on both databases.

mod intruder;
mod moving;
mod verifying;

use grantlink_tests::harness::{Browser, Consent, Issued};

/// Olive's bakery: verified.
const BAKERY: &str = "locations/20118406530001";
/// Olive's wedding cakes: verified, without an address.
const CAKES: &str = "locations/20118406530002";

/// What a customer's browser does from the link's address to the connection.
async fn connect(link: &Issued, listing: &str) -> anyhow::Result<()> {
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let picker = browser.come_back(&decided).await?;
    let done = browser.pick(&picker, listing).await?;
    done.expect(200, "Connection created successfully")?;
    Ok(())
}
