//! What is kept, moved, checked and erased, by the real program, on both databases.

mod erasing;
pub(crate) mod intruder;
mod moving;
mod restoring;
mod rotating;
mod verifying;

use grantlink_tests::harness::{Browser, Consent, Issued, Needle, Page, Stage};

/// Olive's bakery: verified.
const BAKERY: &str = "locations/20118406530001";
/// Olive's wedding cakes: verified, without an address.
const CAKES: &str = "locations/20118406530002";

/// What a customer's browser does from the link's address to the listings.
async fn until_picker(link: &Issued) -> anyhow::Result<(Browser, Page)> {
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let picker = browser.come_back(&decided).await?;
    Ok((browser, picker))
}

/// What a customer's browser does from the link's address to the connection.
async fn connect(link: &Issued, listing: &str) -> anyhow::Result<()> {
    let (mut browser, picker) = until_picker(link).await?;
    let done = browser.pick(&picker, listing).await?;
    done.expect(200, "Connection created successfully")?;
    Ok(())
}

/// Everything about Olive, as her agency and her provider know her.
fn olive() -> Vec<Needle> {
    vec![
        Needle::new("her name", "Olive Hartley"),
        Needle::new("her e-mail address", "olive@example.com"),
        Needle::new("her shop", "Olive & Thyme Bakery"),
        Needle::new("her shop, as markup", "Olive &amp; Thyme Bakery"),
        Needle::new("where it is", "48 Lamb Lane"),
        Needle::new("what the connection is called", "Reviews of the bakery"),
    ]
}

/// The customers whose personal data can be read.
async fn readable(stage: &Stage) -> anyhow::Result<i64> {
    stage
        .database
        .number("SELECT count(*) FROM vault WHERE kind = 'subject_key' AND owner LIKE 'customer:%'")
        .await
}
