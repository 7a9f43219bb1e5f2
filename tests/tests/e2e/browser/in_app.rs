//! Links that are opened inside another app, where the provider lets nobody sign in.

use anyhow::ensure;
use serde_json::json;

use super::{
    person::Person,
    screen::{PHONE, Screen},
    theatre::tell,
    words,
};

/// Google refuses to sign anybody in there.
#[tokio::test]
async fn inside_instagram_a_customer_is_told_how_to_open_the_link_elsewhere() -> anyhow::Result<()> {
    tell(async |stage| {
        let customer = Person::with(Screen::Phone).await?;
        let link = stage.agency.fresh_link().await?;
        customer
            .calls_itself(&format!("{PHONE} Instagram 300.0.0.0.100 Android"))
            .await?;
        let allowed = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        customer.devtools("Browser.grantPermissions", allowed).await?;
        customer.opens(&link.url).await?;
        customer.sees(words::IN_APP).await?;
        customer
            .reads("inside Instagram, where Google does not let anyone sign in")
            .await?;

        customer.presses("Copy").await?;
        customer.finds("[data-copy]").await?;
        customer.reads("Copied").await?;
        let copied = customer
            .client()
            .execute_async(
                "navigator.clipboard.readText().then(arguments[0], (why) => arguments[0](String(why)));",
                vec![],
            )
            .await?;
        ensure!(copied == link.url.as_str(), "{copied}");
        let (_, _, width, height) = customer.finds("svg.qr").await?.rectangle().await?;
        ensure!(width >= 150.0 && height >= 150.0, "a QR code of {width} × {height}");

        customer.presses("Continue here anyway").await?;
        customer.sees(words::INVITATION).await
    })
    .await
}

/// Without scripts there is no button that does nothing, and the address can still be copied by hand.
#[tokio::test]
async fn inside_instagram_without_scripts_no_dead_button_is_shown() -> anyhow::Result<()> {
    tell(async |stage| {
        let customer = Person::with(Screen::Phone).await?;
        let link = stage.agency.fresh_link().await?;
        customer.switches_scripts_off().await?;
        customer
            .calls_itself(&format!("{PHONE} Instagram 300.0.0.0.100 Android"))
            .await?;
        customer.opens(&link.url).await?;
        customer.sees(words::IN_APP).await?;
        ensure!(
            !customer.finds("[data-copy]").await?.is_displayed().await?,
            "a dead button"
        );
        let shown = customer.finds("#url").await?.prop("value").await?;
        ensure!(shown.as_deref() == Some(link.url.as_str()), "{shown:?}");
        Ok(())
    })
    .await
}
