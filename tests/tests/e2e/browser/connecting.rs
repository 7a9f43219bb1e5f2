//! The whole way, from the link to the badge, over three sites.

use anyhow::ensure;
use grantlink_tests::harness::{AGENCY_HOST, CALLBACK_HOST, PROVIDER_HOST, Stage};

use super::{
    person::Person,
    record::Record,
    screen::Screen,
    theatre::{SITES, tell},
    words,
};

/// A11, A27-A31, B20, B22, B24-B26. Mutants, each of which fails here: `SameSite=Strict` on the browser's cookie (the hand-off finds no
/// browser), a 303 straight to the provider (the policy's `form-action` stops it), a `style` attribute on a page (a complaint).
#[tokio::test]
async fn an_owner_connects_their_listing_on_a_phone() -> anyhow::Result<()> {
    tell(async |stage| connects(&stage, &Person::with(Screen::Phone).await?).await).await
}

#[tokio::test]
async fn an_owner_connects_their_listing_on_a_laptop() -> anyhow::Result<()> {
    tell(async |stage| connects(&stage, &Person::with(Screen::Desktop).await?).await).await
}

/// Mutant: lead on from `/c/go` by a script instead of the refresh, and nobody comes to the provider.
#[tokio::test]
async fn an_owner_connects_their_listing_with_scripts_switched_off() -> anyhow::Result<()> {
    tell(async |stage| {
        let owner = Person::with(Screen::Phone).await?;
        owner.switches_scripts_off().await?;
        owner
            .opens("data:text/html,<title>off</title><h1>x</h1><script>document.title = 'on'</script>")
            .await?;
        owner.sees("x").await?;
        ensure!(owner.client().title().await? == "off", "scripts run");
        connects(&stage, &owner).await
    })
    .await
}

async fn connects(stage: &Stage, owner: &Person) -> anyhow::Result<()> {
    let link = stage.agency.fresh_link().await?;
    owner.record().await?; // what the browser showed before
    owner.accepts(&link).await?;
    owner.signs_in_as("olive").await?;
    owner.sees(words::PICKER).await?;
    owner.reads("olive@example.com").await?;
    owner.picks("Olive & Thyme Wedding Cakes").await?;
    owner.presses(words::CONNECT).await?;
    owner.sees(words::SUCCESS).await?;
    owner.reads("Olive & Thyme Wedding Cakes").await?;

    let integration = stage.agency.integration_now(&link).await?;
    ensure!(integration["badge"]["status"] == "via_link", "{integration}");
    ensure!(
        integration["listing"]["title"] == "Olive & Thyme Wedding Cakes",
        "{integration}"
    );
    let record = owner.record().await?;
    let complaints = record.complaints_except_about(PROVIDER_HOST);
    ensure!(complaints.is_empty(), "{complaints:#?}");
    ensure!(record.hosts() == SITES, "{:?}", record.hosts());
    they_are_three_sites(&record)
}

/// What the browser itself says about where it came from.
fn they_are_three_sites(record: &Record) -> anyhow::Result<()> {
    let ways = [
        (PROVIDER_HOST, "/o/oauth2/v2/auth"),
        (CALLBACK_HOST, "/oauth/callback/google"),
        (AGENCY_HOST, "/c/return"),
    ];
    for (host, path) in ways {
        let request = record.the_one_to(host, path)?;
        ensure!(request.header("sec-fetch-site") == Some("cross-site"), "{request:?}");
    }
    Ok(())
}

/// The button "back" of a browser is no trap: it does not lead to the page that would lead on again.
#[tokio::test]
async fn an_owner_who_goes_back_at_google_is_at_the_invitation() -> anyhow::Result<()> {
    tell(async |stage| {
        let owner = Person::with(Screen::Phone).await?;
        let link = stage.agency.fresh_link().await?;
        owner.accepts(&link).await?;
        owner.sees(words::CHOOSER).await?;
        owner.goes_back().await?;
        owner.sees(words::INVITATION).await?;
        owner.connects(&link, "olive").await
    })
    .await
}

/// A38. Nothing is connected twice: not from a second tab, and not by opening the link again.
#[tokio::test]
async fn an_owner_who_comes_back_after_success_sees_success_again() -> anyhow::Result<()> {
    tell(async |stage| {
        let owner = Person::with(Screen::Phone).await?;
        let link = stage.agency.fresh_link().await?;
        owner.comes_to_the_picker(&link, "olive").await?;
        let (picker, first) = (owner.client().current_url().await?, owner.client().window().await?);
        owner.turns_to_a_new_tab().await?;
        owner.opens(picker.as_str()).await?;
        owner.sees(words::PICKER).await?;
        owner.presses(words::CONNECT).await?;
        owner.sees(words::SUCCESS).await?;

        owner.client().switch_to_window(first).await?;
        owner.sees(words::PICKER).await?; // it was left open
        owner.presses(words::CONNECT).await?;
        owner.sees(words::SUCCESS).await?;
        for address in [picker.as_str(), &link.url] {
            owner.opens(address).await?;
            owner.sees(words::SUCCESS).await?;
        }
        let trail = stage.agency.audit(&link).await?;
        ensure!(
            trail.iter().filter(|entry| entry.contains("onnected")).count() == 1,
            "{trail:#?}"
        );
        Ok(())
    })
    .await
}
