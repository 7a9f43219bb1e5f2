//! Every page, looked at with a careful eye: on a phone, on the narrowest phone and on a laptop, light and dark. Nothing may stick
//! out, be too faint to read, too small to hit or without a name. Mutants: a fixed width, a fainter `--muted`, a smaller button.

use grantlink_tests::harness::{Browser, Issue, Stage};
use simulator::Fault;

use super::{
    person::Person,
    screen::{PHONE, Screen},
    theatre::{dressed_up, holding_the_page_that_leads_on, tell},
    words,
};

/// A27, A28, A32.
#[tokio::test]
async fn the_pages_of_the_straight_way_look_right_everywhere() -> anyhow::Result<()> {
    tell(async |stage| {
        let (agency, owner) = (dressed_up(&stage).await?, Person::with(Screen::Phone).await?);
        let link = agency.fresh_link().await?;
        owner.calls_itself(&format!("{PHONE} Instagram 300.0")).await?;
        owner.opens(&link.url).await?;
        owner.sees(words::IN_APP).await?;
        owner.looks_around("in-app").await?;
        owner.calls_itself(PHONE).await?;
        owner.opens(&link.url).await?;
        owner.sees(words::INVITATION).await?;
        owner.looks_around("invitation").await?;
        owner.presses("I don’t know this sender").await?;
        owner.reads("Then please do not continue.").await?;
        owner.looks_around("invitation-unknown-sender").await?;

        stage.google.inject_fault(holding_the_page_that_leads_on()).await;
        owner.presses("Accept & Connect").await?;
        owner.sees(words::LEADING_ON).await?;
        owner.looks_around("leading-on").await?;
        owner.presses("Sign in with Google").await?;
        owner.signs_in_as("olive").await?;
        owner.sees(words::PICKER).await?;
        owner.looks_around("picker").await?;
        owner
            .asks("document.querySelector('.pick').noValidate = true; document.querySelector('input:checked').checked = false;")
            .await?;
        owner.presses(words::CONNECT).await?;
        owner.reads("Please choose one entry of the list first.").await?;
        owner.looks_around("picker-nothing-chosen").await?;
        owner.presses(words::CONNECT).await?;
        owner.sees(words::SUCCESS).await?;
        owner.looks_around("success").await
    })
    .await
}

#[tokio::test]
async fn the_pages_of_ended_links_look_right_everywhere() -> anyhow::Result<()> {
    tell(async |stage| {
        let (agency, customer) = (dressed_up(&stage).await?, Person::with(Screen::Phone).await?);
        let link = agency.fresh_link().await?;
        customer.opens(&link.url).await?;
        customer.presses("Reject").await?;
        customer.sees(words::REJECTED).await?;
        customer.looks_around("rejected").await?;
        customer.opens(&link.url).await?;
        customer.sees(words::ENDED).await?;
        customer.looks_around("ended").await?;
        customer.presses("Ask for a new link").await?;
        customer.reads("We told Bright Side Marketing.").await?;
        customer.looks_around("ended-asked").await?;

        let pages = [
            ("/c/reopen", "Please reopen your link", "reopen"),
            (
                "/c/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                words::ENDED,
                "unknown-link",
            ),
            ("/somewhere", "This page does not exist", "no-such-page"),
        ];
        for (path, heading, name) in pages {
            customer.opens(stage.url(&agency.host, path)?.as_str()).await?;
            customer.sees(heading).await?;
            customer.looks_around(name).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_pages_beside_the_way_look_right_everywhere() -> anyhow::Result<()> {
    tell(async |stage| {
        let (agency, customer) = (dressed_up(&stage).await?, Person::with(Screen::Phone).await?);
        let link = agency.fresh_link().await?;
        customer.accepts(&link).await?;
        customer.clicks("#account-olive").await?;
        customer.clicks("#deny").await?;
        customer.sees(words::INVITATION).await?;
        customer.looks_around("invitation-after-a-no").await?;

        customer.accepts(&link).await?;
        customer.signs_in_as("nadia").await?;
        customer.sees(words::NOTHING).await?;
        customer.looks_around("picker-nothing").await?;

        stage
            .google
            .inject_fault(Fault {
                times: 9,
                ..Fault::status("/v1/accounts", 503)
            })
            .await;
        customer.presses("Switch account").await?;
        customer.signs_in_as("olive").await?;
        customer.sees("Google is not answering right now").await?;
        customer.looks_around("picker-unavailable").await?;

        customer.accepts(&link).await?;
        customer.signs_in_as("uwe").await?;
        customer.sees(words::UNTICKED).await?;
        customer.looks_around("unticked").await
    })
    .await
}

#[tokio::test]
async fn the_pages_of_refusals_look_right_everywhere() -> anyhow::Result<()> {
    tell(async |stage| {
        let (agency, customer) = (dressed_up(&stage).await?, Person::with(Screen::Phone).await?);
        let full = agency.bakery_with_room_for(Some(0)).await?;
        let link = agency.link(&full).await?;
        customer.accepts(&link).await?;
        customer.signs_in_as("olive").await?;
        customer.sees("Almost there").await?;
        customer.looks_around("picker-over-plan").await?;

        customer.opens(&link.url).await?;
        customer.sees(words::INVITATION).await?;
        customer.client().delete_all_cookies().await?;
        customer.presses("Accept & Connect").await?;
        customer.sees("This page was open too long").await?;
        customer.looks_around("stale-form").await?;

        tries_too_often(&link.url).await?;
        customer.accepts(&link).await?;
        customer.sees("Too many tries").await?;
        customer.looks_around("too-many-tries").await
    })
    .await
}

/// Somebody in the same network, as far as the server can tell.
async fn tries_too_often(link: &str) -> anyhow::Result<()> {
    let mut somebody = Browser::new()?.in_network([127, 0, 0, 1].into());
    let invitation = somebody.open_link(link).await?;
    for _ in 0..20 {
        somebody.submit(&invitation, "/start", &[]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_pages_of_long_lists_look_right_everywhere() -> anyhow::Result<()> {
    tell(async |stage| {
        let (agency, max) = (dressed_up(&stage).await?, Person::with(Screen::Phone).await?);
        let bakery = agency.bakery().await?;
        max.connects_with(&agency.link(&bakery).await?, "max", "Blumen Fuchs Aachen")
            .await?;
        let stall = agency.another_location(&bakery, "Blumen Fuchs, Marktstand").await?;
        let link = agency
            .link_with(
                &stall,
                &Issue {
                    name: Some("Google reviews"),
                    ..Issue::default()
                },
            )
            .await?;
        max.opens(&link.url).await?;
        max.reads("Google reviews").await?;
        max.looks_around("invitation-named").await?;
        max.comes_to_the_picker(&link, "max").await?;
        max.looks_around("picker-250").await?;
        max.presses("Next").await?;
        max.reads("Showing 21–40 of 250").await?;
        max.looks_around("picker-250-middle").await?;
        max.enters("#q", "zzz").await?;
        max.reads("Nothing found for “zzz”").await?;
        max.looks_around("picker-no-results").await?;
        max.enters("#q", "fuchs aachen").await?;
        max.picks("Blumen Fuchs Aachen").await?;
        max.looks_around("picker-in-use").await?;
        max.presses(words::CONNECT).await?;
        max.reads("Please tick the box below it").await?;
        max.looks_around("picker-in-use-not-confirmed").await
    })
    .await
}

/// A name that does not fit, a place that is written from right to left, a colour that nobody can read white on.
#[tokio::test]
async fn an_awkward_agency_looks_right_everywhere() -> anyhow::Result<()> {
    tell(async |stage| awkward(&stage).await).await
}

async fn awkward(stage: &Stage) -> anyhow::Result<()> {
    let name =
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenmanufaktur & Söhne, Marketing und Öffentlichkeitsarbeit";
    let agency = stage
        .another_agency(name, "awkward.localhost", &["--colour", "#ffe14d"])
        .await?;
    let customer = Person::with(Screen::Phone).await?;
    let bakery = agency.bakery().await?;
    let place = agency
        .another_location(&bakery, "مخبز الزيتون والزعتر في سوق الجمعة 🥐")
        .await?;
    let link = agency.link(&place).await?;
    customer.opens(&link.url).await?;
    customer
        .sees(&format!("{name} would like to connect your Google Business Profile"))
        .await?;
    customer.looks_around("awkward-invitation").await?;
    customer.presses("Accept & Connect").await?;
    customer.signs_in_as("bea").await?;
    customer.sees(words::PICKER).await?;
    customer.looks_around("awkward-picker").await?;
    customer.picks("Second Chapter Café").await?;
    customer.presses(words::CONNECT).await?;
    customer.sees(words::SUCCESS).await?;
    customer.looks_around("awkward-success").await
}
