//! The server is killed, as by a power cut, and started again: the same link goes on with the same cookies.

use anyhow::Context;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Issued, Page, Stage},
    on_both_databases,
};
use simulator::Fault;

use super::{BAKERY, CONNECTED};

on_both_databases!(
    the_server_may_be_killed_between_any_two_clicks,
    a_kill_in_the_middle_of_the_token_request_costs_one_more_try,
    a_kill_in_the_middle_of_the_pick_leaves_all_of_it_or_nothing,
);

/// What a customer's browser asks of the server, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Click {
    Open,
    Accept,
    Go,
    Callback,
    Return,
    Picker,
    Pick,
    Done,
}

const CLICKS: [Click; 8] = [
    Click::Open,
    Click::Accept,
    Click::Go,
    Click::Callback,
    Click::Return,
    Click::Picker,
    Click::Pick,
    Click::Done,
];

/// A customer on the way.
struct Walk {
    browser: Browser,
    link: Issued,
    page: Option<Page>,
}

impl Walk {
    async fn click(&mut self, click: Click) -> anyhow::Result<()> {
        let (browser, page) = (&mut self.browser, self.page.as_ref());
        let next = match (click, page) {
            (Click::Open, _) => browser.open_link(&self.link.url).await?,
            (Click::Accept, Some(page)) => browser.submit(page, "/start", &[]).await?,
            (Click::Callback, Some(go)) => {
                let decided = browser.sign_in_at_provider(go, "olive", Consent::Everything).await?;
                browser.follow(&decided).await?
            }
            (Click::Pick, Some(page)) => {
                browser
                    .submit(page, "/c/pick", &[("listing", BAKERY), ("confirm", BAKERY)])
                    .await?
            }
            (Click::Go | Click::Return | Click::Picker | Click::Done, Some(page)) => browser.follow(page).await?,
            (_, None) => anyhow::bail!("{click:?} comes after a page"),
        };
        self.page = Some(next);
        Ok(())
    }
}

/// Mutant: with form tokens that only one life of the server knows, this fails.
async fn the_server_may_be_killed_between_any_two_clicks(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    for killed_before in &CLICKS[1..] {
        let mut walk = Walk {
            browser: Browser::new()?,
            link: stage.agency.fresh_link().await?,
            page: None,
        };
        for click in &CLICKS {
            if click == killed_before {
                stage.server.restart().await?;
            }
            walk.click(*click).await?;
        }
        let connection = stage.agency.integration_now(&walk.link).await?;
        let last = walk.page.context("no page")?;
        assert!(last.says(CONNECTED), "killed before {killed_before:?}: {}", last.body);
        assert_eq!(
            connection["badge"]["label"], "Via Link",
            "killed before {killed_before:?}"
        );
    }
    assert_eq!(stage.token_requests(), CLICKS.len() - 1);
    assert_eq!(stage.pending_credentials().await?, 0);
    Ok(())
}

/// The hand-off was claimed, so its code may have been used: that attempt is over, the link is not.
///
/// Mutant: when nobody looks for an attempt that was cut off, the trail does not say so, and this fails.
async fn a_kill_in_the_middle_of_the_token_request_costs_one_more_try(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let handed_over = browser.follow(&decided).await?;
    stage.google.inject_fault(Fault::delay("/token", 60_000)).await;
    let mut waiting = browser.clone();
    let ticket = handed_over.clone();
    let cut_off = tokio::spawn(async move { waiting.follow(&ticket).await });
    stage.google.wait_for("POST", "/token", 1).await;
    stage.server.restart().await?;
    assert!(cut_off.await?.is_err());

    let again = browser.follow(&handed_over).await?; // reloaded by the customer
    assert!(
        again.status == 303 || again.status == 403,
        "{}: {}",
        again.status,
        again.body
    );
    let page = browser.open_link(&link.url).await?.expect(200, "Accept & Connect")?;
    assert!(page.body.contains("class=\"notice\""), "{}", page.body);
    browser.complete(&link.url, "olive", BAKERY).await?;
    let trail = stage.agency.audit(&link).await?.join("\n");
    assert!(
        trail.contains("The server was stopped in the middle of the sign-in; the link stays usable"),
        "{trail}"
    );
    Ok(())
}

/// Wherever the kill falls, the same pick sent once more ends on the success page, and there is one connection.
async fn a_kill_in_the_middle_of_the_pick_leaves_all_of_it_or_nothing(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    for polls in [1, 4, 16, 64, 256] {
        let link = stage.agency.fresh_link().await?;
        let mut browser = Browser::new()?;
        let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
        let (mut hasty, page) = (browser.clone(), picker.clone());
        let cut_off = tokio::spawn(async move {
            hasty
                .submit(&page, "/c/pick", &[("listing", BAKERY), ("confirm", BAKERY)])
                .await
        });
        for _ in 0..polls {
            tokio::task::yield_now().await;
        }
        stage.server.restart().await?;
        drop(cut_off.await?); // answered or not
        let picker = browser.get(&picker.url).await?;
        if picker.says(CONNECTED) {
            continue;
        }
        let done = browser
            .submit(&picker, "/c/pick", &[("listing", BAKERY), ("confirm", BAKERY)])
            .await?;
        browser.follow(&done).await?.expect(200, CONNECTED)?;
    }
    assert_eq!((stage.pending_credentials().await?, stage.credentials().await?), (0, 1));
    let made = "SELECT count(*) FROM events WHERE event_type = 'Connected'";
    assert_eq!(stage.database.number(made).await?, 5);
    Ok(())
}
