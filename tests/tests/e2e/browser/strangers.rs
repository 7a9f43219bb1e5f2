//! Other people's pages: what they may do with ours, and what they learn.

use std::net::Ipv4Addr;

use anyhow::ensure;
use axum::{Router, extract::RawQuery, response::Html, routing::get};
use grantlink_tests::harness::PROVIDER_HOST;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    person::Person,
    screen::Screen,
    theatre::{holding_the_page_that_leads_on, tell},
    words,
};

/// A website on a site of its own, which frames or links whatever its query names.
struct Stranger {
    port: u16,
    serving: JoinHandle<()>,
}

impl Stranger {
    async fn opens_shop() -> anyhow::Result<Self> {
        let frame = async |RawQuery(of): RawQuery| {
            Html(format!(
                "<h1>Framed</h1><iframe src='{}'></iframe>",
                of.unwrap_or_default()
            ))
        };
        let link = async |RawQuery(to): RawQuery| {
            Html(format!(
                "<h1>Linked</h1><a href='{}'>Follow me</a>",
                to.unwrap_or_default()
            ))
        };
        let harmless = async || Html("<p>Harmless</p>");
        let pages = Router::new()
            .route("/frame", get(frame))
            .route("/link", get(link))
            .route("/harmless", get(harmless));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        // It serves until the story is over; what became of it then does not matter.
        let serving = tokio::spawn(async move { drop(axum::serve(listener, pages).await) });
        Ok(Self { port, serving })
    }

    fn address(&self, path: &str) -> String {
        format!("http://stranger.localhost:{}{path}", self.port)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Nobody presses our buttons without seeing them. Mutant: without `frame-ancestors` and `X-Frame-Options` the frame shows the invitation.
#[tokio::test]
async fn a_stranger_cannot_frame_an_invitation() -> anyhow::Result<()> {
    tell(async |stage| {
        let (victim, stranger) = (Person::with(Screen::Desktop).await?, Stranger::opens_shop().await?);
        let framed = |address: &str| stranger.address(&format!("/frame?{address}"));
        victim.opens(&framed(&stranger.address("/harmless"))).await?;
        victim.enters_the_frame().await?;
        victim.reads("Harmless").await?;

        let link = stage.agency.fresh_link().await?;
        victim.opens(&framed(&link.url)).await?;
        victim.sees("Framed").await?;
        victim.hears_a_complaint_about("frame-ancestors 'none'").await?;
        victim.enters_the_frame().await?;
        let shown = victim.text().await?;
        ensure!(!shown.contains(words::AGENCY), "the frame shows {shown}");
        Ok(())
    })
    .await
}

/// A33: the token in the link's address stays between the customer and the agency. Mutant: without `Referrer-Policy`, `rel` and
/// `meta` the provider learns the agency's host.
#[tokio::test]
async fn the_provider_does_not_learn_where_a_customer_comes_from() -> anyhow::Result<()> {
    tell(async |stage| {
        let (customer, stranger) = (Person::with(Screen::Phone).await?, Stranger::opens_shop().await?);
        let link = stage.agency.fresh_link().await?;
        customer
            .opens(&stranger.address(&format!("/link?{}", link.url)))
            .await?;
        customer.presses("Follow me").await?;
        customer.sees(words::INVITATION).await?;
        stage.google.inject_fault(holding_the_page_that_leads_on()).await;
        customer.presses("Accept & Connect").await?;
        customer.presses("Sign in with Google").await?;
        customer.sees(words::CHOOSER).await?;

        let record = customer.record().await?;
        let path = link.url.parse::<url::Url>()?.path().to_owned();
        let followed: Vec<_> = record.to(&path).collect();
        ensure!(
            followed
                .iter()
                .any(|request| request.header("referer") == Some(&stranger.address("/"))),
            "this browser never says where it comes from: {followed:?}"
        );
        let sent: Vec<_> = record.to("/o/oauth2/v2/auth").collect();
        ensure!(sent.len() == 2, "led on once and clicked once: {sent:?}");
        for request in sent {
            ensure!(request.url.host_str() == Some(PROVIDER_HOST), "{request:?}");
            ensure!(request.header("referer").is_none(), "{request:?}");
        }
        Ok(())
    })
    .await
}
