//! Finding the right listing.

use anyhow::ensure;

use super::{person::Person, screen::Screen, theatre::tell, words};

/// What is chosen on the picker.
const CHOSEN: &str = "return document.querySelector('input[name=listing]:checked')?.value ?? null;";

/// A30.
#[tokio::test]
async fn among_250_listings_a_manager_finds_one_by_paging_and_by_searching() -> anyhow::Result<()> {
    tell(async |stage| {
        let max = Person::with(Screen::Phone).await?;
        let link = stage.agency.fresh_link().await?;
        max.comes_to_the_picker(&link, "max").await?;
        max.reads("Showing 1–20 of 250").await?;
        max.presses("Next").await?;
        max.reads("Showing 21–40 of 250").await?;
        max.presses("Previous").await?;
        max.reads("Showing 1–20 of 250").await?;

        max.enters("#q", "zzz").await?;
        max.reads("Nothing found for “zzz”").await?;
        max.presses("Show all Business Profiles").await?;
        max.reads("Showing 1–20 of 250").await?;

        max.enters("#q", "buchhandlung leipzig").await?;
        max.picks("Buchhandlung Eule Leipzig").await?;
        max.presses(words::CONNECT).await?;
        max.sees(words::SUCCESS).await?;
        let integration = stage.agency.integration_now(&link).await?;
        ensure!(
            integration["listing"]["title"] == "Buchhandlung Eule Leipzig",
            "{integration}"
        );
        Ok(())
    })
    .await
}

/// A17. Mutant: trust the form instead of the provider, and the tampered page connects.
#[tokio::test]
async fn a_greyed_listing_cannot_be_chosen_not_even_by_tampering() -> anyhow::Result<()> {
    tell(async |stage| {
        let olive = Person::with(Screen::Desktop).await?;
        let link = stage.agency.fresh_link().await?;
        olive.comes_to_the_picker(&link, "olive").await?;
        olive.reads("Not verified yet.").await?;
        let before = olive.asks(CHOSEN).await?;
        olive.picks("Olive & Thyme Bakery Peckham").await?;
        ensure!(olive.asks(CHOSEN).await? == before, "a click chose it");

        let tamper = "const grey = document.querySelector('input[name=listing]:disabled');
            grey.disabled = false; grey.checked = true;";
        olive.asks(tamper).await?;
        olive.presses(words::CONNECT).await?;
        olive
            .reads("The one you chose is no longer available. Please choose again.")
            .await?;
        olive.picks("Olive & Thyme Bakery").await?;
        olive.presses(words::CONNECT).await?;
        olive.sees(words::SUCCESS).await
    })
    .await
}

/// A29: the wrong account is noticed in time.
#[tokio::test]
async fn a_customer_with_the_wrong_account_switches_to_another() -> anyhow::Result<()> {
    tell(async |stage| {
        let customer = Person::with(Screen::Phone).await?;
        let link = stage.agency.fresh_link().await?;
        customer.accepts(&link).await?;
        customer.signs_in_as("nadia").await?;
        customer.sees(words::NOTHING).await?;
        customer.presses("Switch account").await?;
        customer.signs_in_as("bea").await?;
        customer.sees(words::PICKER).await?;
        customer.reads("bea@example.com").await?;
        customer.presses("Switch account").await?;
        customer.signs_in_as("olive").await?;
        customer.sees(words::PICKER).await?;
        customer.reads("olive@example.com").await?;
        customer.presses(words::CONNECT).await?;
        customer.sees(words::SUCCESS).await
    })
    .await
}

/// A35: one listing for two places is possible, but not by accident. Mutant: answer a refused choice with the first page of the
/// whole list, and the box to tick is not on it.
#[tokio::test]
async fn a_listing_that_another_location_has_asks_for_a_tick() -> anyhow::Result<()> {
    tell(async |stage| {
        let max = Person::with(Screen::Phone).await?;
        let bakery = stage.agency.bakery().await?;
        max.comes_to_the_picker(&stage.agency.link(&bakery).await?, "max")
            .await?;
        max.enters("#q", "radhaus kiel").await?;
        max.picks("Radhaus Kiel").await?;
        max.presses(words::CONNECT).await?;
        max.sees(words::SUCCESS).await?;

        let stall = stage.agency.another_location(&bakery, "Market stall").await?;
        max.comes_to_the_picker(&stage.agency.link(&stall).await?, "max")
            .await?;
        max.enters("#q", "radhaus k").await?;
        max.picks("Radhaus Kiel").await?;
        max.presses(words::CONNECT).await?;
        max.reads("Please tick the box below it").await?;
        max.clicks(".listing:has(> input:checked) .confirm").await?;
        max.presses(words::CONNECT).await?;
        max.sees(words::SUCCESS).await
    })
    .await
}
