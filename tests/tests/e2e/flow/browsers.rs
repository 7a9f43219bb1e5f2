//! Who may finish a sign-in: the browser that began it, with the provider that it went to, on the host that it left.

use grantlink_tests::{
    conformance::Database,
    harness::{
        AGENCY_HOST, Agency, Browser, CALLBACK_HOST, Consent, FACEBOOK, GOOGLE, Issue, Issued, Page, Stage,
        callback_path, client_of,
    },
    on_both_databases,
};

use super::{BAKERY, CAKES, CONNECTED};

on_both_databases!(
    a_sign_in_ends_only_in_the_browser_that_began_it,
    states_codes_and_hand_offs_are_good_for_once,
    no_mix_of_providers_and_agencies_connects_anything,
    another_agencys_host_gets_nothing_out_of_a_hand_off,
);

const REOPEN: &str = "Please reopen your link";

/// OA-1: with a valid state and a valid code, but without the cookie, or with another one.
///
/// Mutant: without the browser check the token request is made in the wrong browser, and this fails.
async fn a_sign_in_ends_only_in_the_browser_that_began_it(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    for (visited_before, listing) in [(true, BAKERY), (false, CAKES)] {
        let link = stage.agency.fresh_link().await?;
        let mut browser = Browser::new()?;
        let decided = at_the_provider(&mut browser, &link).await?;
        let asked = stage.token_requests();
        let mut other = Browser::new()?;
        if visited_before {
            other.open_link(&link.url).await?;
        }
        other.come_back(&decided).await?.expect(403, REOPEN)?;
        browser.come_back(&decided).await?.expect(403, REOPEN)?; // the answer is spent for everybody
        assert_eq!(stage.token_requests(), asked);
        let trail = stage.agency.audit(&link).await?.join("\n");
        assert!(
            trail.contains("arrived in another browser and was refused; the link is untouched"),
            "{trail}"
        );
        browser.complete(&link.url, "olive", listing).await?;
    }
    Ok(())
}

/// OA-5.
///
/// Mutant: when a state is not spent by its first use, the second callback hands over again, and this fails.
async fn states_codes_and_hand_offs_are_good_for_once(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let (mut browser, mut other) = (Browser::new()?, Browser::new()?);
    let decided = at_the_provider(&mut browser, &link).await?;
    let handed_over = browser.follow(&decided).await?;
    for again in [&mut browser, &mut other] {
        let replayed = again.follow(&decided).await?;
        assert_eq!(replayed.leads_to()?.path(), "/c/reopen");
    }
    let returned = browser.follow(&handed_over).await?;
    assert_eq!(stage.token_requests(), 1);
    other.follow(&handed_over).await?.expect(403, REOPEN)?;
    let picker = browser.follow(&returned).await?.expect(200, "Which Business Profile")?;
    other.get(&picker.url).await?.expect(403, REOPEN)?;
    assert_eq!(stage.token_requests(), 1);
    for made_up in ["?state=made-up&code=made-up", "?code=made-up", "?state=made-up", ""] {
        let path = format!("{}{made_up}", callback_path(GOOGLE));
        let lost = browser.get(&stage.url(CALLBACK_HOST, &path)?).await?;
        lost.expect(403, "Please open the link from your message again")?;
    }
    browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?;
    assert_eq!(stage.token_requests(), 1);
    Ok(())
}

/// B55, OA-7.
///
/// Mutant: without the host check the code is used on the other agency's host, and this fails.
async fn another_agencys_host_gets_nothing_out_of_a_hand_off(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    stage.another_agency("North Media", "north.localhost", &[]).await?;
    for (with_the_cookie, listing) in [(true, BAKERY), (false, CAKES)] {
        let link = stage.agency.fresh_link().await?;
        let mut browser = Browser::new()?;
        let decided = at_the_provider(&mut browser, &link).await?;
        let asked = stage.token_requests();
        let mut stolen = browser.follow(&decided).await?.leads_to()?;
        stolen.set_host(Some("north.localhost"))?;
        let mut there = browser.clone();
        if with_the_cookie {
            there.take_cookies(AGENCY_HOST, "north.localhost"); // as no browser would
        }
        there.get(&stolen).await?.expect(403, REOPEN)?;
        assert_eq!(stage.token_requests(), asked);
        let trail = stage.agency.audit(&link).await?.join("\n");
        assert!(
            trail.contains("arrived at another host and was refused; the link is untouched"),
            "{trail}"
        );
        browser.complete(&link.url, "olive", listing).await?;
    }
    Ok(())
}

/// A34, OA-7: every state with every code, on either path, with the right issuer, a wrong one and none: 96 cases from two agencies
/// and two providers, of which 8 are as they should be.
///
/// Mutant: without the path check, or without the issuer check, a code goes to a token endpoint, and this fails.
async fn no_mix_of_providers_and_agencies_connects_anything(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let other = stage.another_agency("North Media", "north.localhost", &[]).await?;
    let mut scenes = vec![];
    for agency in [&stage.agency, &other] {
        for provider in [GOOGLE, FACEBOOK] {
            scenes.push(Scene::of(agency, provider).await?);
        }
    }
    let mut cases = 0;
    for (number, scene) in scenes.iter().enumerate() {
        for (from, codes) in scenes.iter().enumerate() {
            let code = codes.code(&stage).await?;
            for path in [GOOGLE, FACEBOOK] {
                for issuer in [Some(stage.google.base_url()), Some("https://elsewhere.example"), None] {
                    let is_sent = path == scene.provider && issuer != Some("https://elsewhere.example");
                    if is_sent && from == number {
                        continue; // the way it should be
                    }
                    let code = if is_sent {
                        codes.code(&stage).await?
                    } else {
                        code.clone()
                    };
                    let link = &scene.links[cases % 2];
                    scene.refuses(&stage, link, (path, issuer, &code), is_sent).await?;
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 88);
    assert_eq!((stage.pending_credentials().await?, stage.credentials().await?), (0, 0));
    Ok(())
}

/// Where a sign-in belongs.
struct Scene {
    provider: &'static str,
    /// Two to be attacked, so that neither is started too often, and one that codes come from.
    links: [Issued; 3],
}

impl Scene {
    async fn of(agency: &Agency, provider: &'static str) -> anyhow::Result<Self> {
        let issue = Issue {
            provider: Some(provider),
            ..Issue::default()
        };
        let link = async || agency.link_with(&agency.bakery().await?, &issue).await;
        let links = [link().await?, link().await?, link().await?];
        Ok(Self { provider, links })
    }

    /// A code of this scene, which nobody has used.
    async fn code(&self, stage: &Stage) -> anyhow::Result<String> {
        let mut browser = stage.browser()?;
        let decided = at_the_provider(&mut browser, &self.links[2]).await?;
        Ok(decided.parameter_onward("code").unwrap_or_default())
    }

    /// A callback for a sign-in of this scene that is not as it should be: refused before the code is touched, or by the provider,
    /// which is then asked in the name of this scene's client and no other.
    async fn refuses(
        &self,
        stage: &Stage,
        link: &Issued,
        (path, issuer, code): (&str, Option<&str>, &str),
        is_sent: bool,
    ) -> anyhow::Result<()> {
        let mut browser = stage.browser()?;
        let invitation = browser.open_link(&link.url).await?;
        let go = browser.accept(&invitation).await?;
        let mut url = stage.url(CALLBACK_HOST, &callback_path(path))?;
        url.query_pairs_mut()
            .append_pair("state", &go.sent_with()?)
            .append_pair("code", code)
            .extend_pairs(issuer.map(|issuer| ("iss", issuer)));
        let asked = stage.token_requests();
        let handed_over = browser.get(&url).await?;
        let page = browser.follow(&handed_over).await?;
        if is_sent {
            browser.follow(&page).await?.expect(200, "Accept & Connect")?;
            let requests = stage.google.requests();
            let last = requests.iter().rev().find(|request| request.path == "/token");
            let client = last.and_then(|request| request.form.get("client_id").cloned().flatten());
            assert_eq!(client, Some(client_of(self.provider)));
            assert_eq!(stage.token_requests(), asked + 1);
        } else {
            assert_eq!(handed_over.leads_to()?.path(), "/c/reopen");
            page.expect(403, REOPEN)?;
            assert_eq!(stage.token_requests(), asked);
        }
        browser.open_link(&link.url).await?.expect(200, "Accept & Connect")?;
        Ok(())
    }
}

/// As far as the provider's redirection, which nobody followed yet.
async fn at_the_provider(browser: &mut Browser, link: &Issued) -> anyhow::Result<Page> {
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    browser.sign_in_at_provider(&go, "olive", Consent::Everything).await
}
