//! Where a story takes place: an installation, and people with browsers. What a browser sees does not depend on the database, so
//! it is SQLite here.

use std::future::Future;

use grantlink_tests::{
    conformance::{Kind, run},
    harness::{AGENCY_HOST, Agency, Issued, Stage},
};
use simulator::Fault;

use super::{person::Person, words};

/// Tells a story on an installation of its own.
pub(super) async fn tell<F, S>(story: S) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
    S: FnOnce(Stage) -> F + Send + 'static,
{
    run(Kind::Sqlite, async |database| story(Stage::set(database).await?).await).await
}

/// Another agency, which has dressed up: a colour, a logo, somebody to ask.
pub(super) async fn dressed_up(stage: &Stage) -> anyhow::Result<Agency> {
    let logo = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/src/cli/demo/logo.svg");
    let dress = [
        "--colour",
        "#0f6b5c",
        "--logo",
        logo,
        "--support",
        "help@bright.example",
    ];
    stage.another_agency(words::AGENCY, "bright.localhost", &dress).await
}

/// The page that leads on does so at once; it can only be looked at, and its button pressed, where that leads nowhere. A browser
/// stays where it is when the answer is 204.
pub(super) fn holding_the_page_that_leads_on() -> Fault {
    Fault::status("/o/oauth2/v2/auth", 204)
}

impl Person {
    /// Opens a link and says yes.
    pub(super) async fn accepts(&self, link: &Issued) -> anyhow::Result<()> {
        self.opens(&link.url).await?;
        self.sees(words::INVITATION).await?;
        self.presses("Accept & Connect").await
    }

    /// Signs in at the provider, with the boxes as they are shown.
    pub(super) async fn signs_in_as(&self, persona: &str) -> anyhow::Result<()> {
        self.sees(words::CHOOSER).await?;
        self.clicks(&format!("#account-{persona}")).await?;
        self.sees(words::CONSENT).await?;
        self.clicks("#allow").await
    }

    /// Goes as far as the list of listings.
    pub(super) async fn comes_to_the_picker(&self, link: &Issued, persona: &str) -> anyhow::Result<()> {
        self.accepts(link).await?;
        self.signs_in_as(persona).await?;
        self.sees(words::PICKER).await
    }

    /// Goes all the way with a listing of their choice.
    pub(super) async fn connects_with(&self, link: &Issued, persona: &str, title: &str) -> anyhow::Result<()> {
        self.comes_to_the_picker(link, persona).await?;
        self.picks(title).await?;
        self.presses(words::CONNECT).await?;
        self.sees(words::SUCCESS).await
    }

    /// Goes all the way with the listing that is suggested.
    pub(super) async fn connects(&self, link: &Issued, persona: &str) -> anyhow::Result<()> {
        self.comes_to_the_picker(link, persona).await?;
        self.presses(words::CONNECT).await?;
        self.sees(words::SUCCESS).await
    }
}

/// The hosts of a sign-in, sorted: the agency's, the installation's, the provider's.
pub(super) const SITES: [&str; 3] = [
    AGENCY_HOST,
    grantlink_tests::harness::CALLBACK_HOST,
    grantlink_tests::harness::PROVIDER_HOST,
];
