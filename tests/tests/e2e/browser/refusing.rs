//! Saying no, and links that have ended.

use anyhow::ensure;

use super::{person::Person, screen::Screen, theatre::tell, words};

/// A37, B21, B36.
#[tokio::test]
async fn a_customer_rejects_and_may_ask_for_a_new_link() -> anyhow::Result<()> {
    tell(async |stage| {
        let customer = Person::with(Screen::Phone).await?;
        let link = stage.agency.fresh_link().await?;
        customer.opens(&link.url).await?;
        customer.presses("Reject").await?;
        customer.sees(words::REJECTED).await?;
        let integration = stage.agency.integration_now(&link).await?;
        ensure!(integration["badge"]["status"] == "rejected", "{integration}");

        customer.opens(&link.url).await?;
        customer.sees(words::ENDED).await?;
        customer
            .reads("This connection link is invalid, has already been used, or has expired.")
            .await?;
        customer.presses("Ask for a new link").await?;
        customer.reads("We told Bright Side Marketing.").await?;
        let trail = stage.agency.audit(&link).await?;
        ensure!(trail.iter().any(|entry| entry.contains("new link")), "{trail:#?}");
        Ok(())
    })
    .await
}

/// A39, A40: the invitation was on somebody's screen when the agency took it back.
#[tokio::test]
async fn a_link_that_was_revoked_meanwhile_says_so_kindly() -> anyhow::Result<()> {
    tell(async |stage| {
        let customer = Person::with(Screen::Desktop).await?;
        let link = stage.agency.fresh_link().await?;
        customer.opens(&link.url).await?;
        customer.sees(words::INVITATION).await?;
        stage.agency.revoke(&link).await?;
        customer.presses("Accept & Connect").await?;
        customer.sees(words::ENDED).await?;
        ensure!(stage.google.requests().is_empty(), "{:?}", stage.google.requests());
        Ok(())
    })
    .await
}

/// A no at the provider is no end of the link.
#[tokio::test]
async fn a_customer_who_denies_at_google_can_try_again() -> anyhow::Result<()> {
    tell(async |stage| {
        let customer = Person::with(Screen::Phone).await?;
        let link = stage.agency.fresh_link().await?;
        customer.accepts(&link).await?;
        customer.clicks("#account-olive").await?;
        customer.clicks("#deny").await?;
        customer.sees(words::INVITATION).await?;
        customer.reads("you denied access. You can try again.").await?;
        customer.connects(&link, "olive").await
    })
    .await
}

/// B22. Mutant: leave the granted scopes unchecked, and he comes to a picker that cannot work.
#[tokio::test]
async fn a_customer_who_left_a_box_unticked_learns_which_and_grants_again() -> anyhow::Result<()> {
    tell(async |stage| {
        let uwe = Person::with(Screen::Phone).await?;
        let link = stage.agency.fresh_link().await?;
        uwe.accepts(&link).await?;
        uwe.signs_in_as("uwe").await?;
        uwe.sees(words::UNTICKED).await?;
        uwe.presses("Grant again").await?;
        uwe.sees(words::CHOOSER).await?;
        uwe.clicks("#account-uwe").await?;
        uwe.sees(words::CONSENT).await?;
        uwe.clicks("#scope-1").await?;
        uwe.clicks("#allow").await?;
        uwe.sees(words::PICKER).await?;
        uwe.picks("Fahrradwerkstatt Brandt").await?;
        uwe.presses(words::CONNECT).await?;
        uwe.sees(words::SUCCESS).await
    })
    .await
}
