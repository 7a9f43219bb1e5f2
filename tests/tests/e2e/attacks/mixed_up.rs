//! OA-7: callbacks put together from several sign-ins, at two providers that are servers of their own.

use grantlink_tests::{
    conformance::Database,
    harness::{AGENCY_HOST, Agency, Browser, CALLBACK_HOST, Consent, Issue, Issued, Other, Page, Stage, callback_path},
    on_both_databases,
};
use simulator::generic::Quirks;

use crate::flow::BAKERY;

on_both_databases!(nothing_put_together_from_two_sign_ins_connects_anything);

const NORTH: &str = "north.localhost";
const REOPEN: &str = "Please reopen your link";

/// OA-7, A34, B55: every state with every code, each `iss` and none, on either path, taken on to either agency's host: two providers times
/// two agencies make 192 cases, of which 8 are as they should be. The one provider says who answers and the other does not. What a provider sent back by
/// its own path never reaches the other's token endpoint, and nothing is connected, least of all across agencies.
///
/// Mutants: without the path check, or without the issuer check, a code reaches the other's token endpoint; without the host check it
/// is used on the other agency's host. Each fails here.
async fn nothing_put_together_from_two_sign_ins_connects_anything(database: Database) -> anyhow::Result<()> {
    let strict = Other::start("strict", Quirks::strict()).await?;
    let quiet = Quirks {
        check_pkce: true,
        ..Quirks::lax()
    };
    let quiet = Other::start("quiet", quiet).await?;
    let basic = "client_auth = \"basic\"";
    let stage = Stage::set_among(database, &[(&strict, basic), (&quiet, "")]).await?;
    let north = stage.another_agency("North Media", NORTH, &[]).await?;
    let mut town = Town {
        stage: &stage,
        providers: [&strict, &quiet],
        agencies: [stage.agency.clone(), north],
        codes: [None, None, None, None],
    };
    let mut told = 0;
    for case in Case::all() {
        if case.is_right() {
            continue;
        }
        town.refuses(&case)
            .await
            .map_err(|error| error.context(format!("{case:?}")))?;
        told += 1;
    }
    assert_eq!(told, 184);
    assert_eq!((stage.pending_credentials().await?, stage.credentials().await?), (0, 0));
    for scene in 0..4 {
        let link = town.link(scene).await?;
        Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    }
    assert_eq!(stage.credentials().await?, 4);
    Ok(())
}

/// A callback: whose state, whose code, whose `iss`, by whose path, and taken on to whose host. A scene is an agency's sign-in at a
/// provider: its number is twice the agency's and the provider's.
#[derive(Debug)]
struct Case {
    state: usize,
    code: usize,
    issuer: Option<usize>,
    path: usize,
    host: usize,
}

impl Case {
    fn all() -> Vec<Self> {
        let mut cases = vec![];
        for number in 0..192 {
            cases.push(Self {
                state: number % 4,
                code: number / 4 % 4,
                issuer: [None, Some(0), Some(1)][number / 16 % 3],
                path: number / 48 % 2,
                host: number / 96,
            });
        }
        cases
    }

    fn provider(&self) -> usize {
        self.state % 2
    }

    /// Whether there is anything to object to before the code is looked at.
    fn is_taken_in(&self) -> bool {
        self.path == self.provider() && self.issuer.is_none_or(|issuer| issuer == self.provider())
    }

    fn is_on_its_host(&self) -> bool {
        self.host == self.state / 2
    }

    fn is_right(&self) -> bool {
        self.is_taken_in() && self.is_on_its_host() && self.code == self.state
    }
}

struct Town<'a> {
    stage: &'a Stage,
    providers: [&'a Other; 2],
    agencies: [Agency; 2],
    /// A code of each scene that nobody has presented yet.
    codes: [Option<String>; 4],
}

impl Town<'_> {
    async fn link(&self, scene: usize) -> anyhow::Result<Issued> {
        let agency = &self.agencies[scene / 2];
        let issue = Issue {
            provider: Some(self.providers[scene % 2].id),
            ..Issue::default()
        };
        agency.link_with(&agency.bakery().await?, &issue).await
    }

    fn token_requests(&self) -> [usize; 2] {
        self.providers.map(Other::token_requests)
    }

    async fn refuses(&mut self, case: &Case) -> anyhow::Result<()> {
        let link = self.link(case.state).await?;
        let mut browser = Browser::new()?;
        let invitation = browser.open_link(&link.url).await?;
        let go = browser.accept(&invitation).await?;
        let code = if case.code == case.state {
            let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
            decided.parameter_onward("code").unwrap_or_default()
        } else {
            self.code(case.code).await?
        };
        let before = self.token_requests();
        let ending = self.comes_back(&mut browser, case, (&go.sent_with()?, &code)).await?;
        let mut expected = before;
        if case.is_taken_in() && case.is_on_its_host() {
            // The provider that it came in by is asked, and knows better: the code is not for this verifier, or not its own.
            expected[case.path] += 1;
            ending.expect(200, "Accept & Connect")?;
            self.codes[case.code] = None;
        } else {
            ending.expect(403, REOPEN)?;
        }
        assert_eq!(self.token_requests(), expected);
        assert!(case.path != case.code % 2 || expected[1 - case.path] == before[1 - case.path]);
        browser.open_link(&link.url).await?.expect(200, "Accept & Connect")?;
        Ok(())
    }

    /// Sends the callback, and takes what it answers on to the host of the case.
    async fn comes_back(
        &self,
        browser: &mut Browser,
        case: &Case,
        (state, code): (&str, &str),
    ) -> anyhow::Result<Page> {
        let path = callback_path(self.providers[case.path].id);
        let mut url = self.stage.url(CALLBACK_HOST, &path)?;
        let issuer = case.issuer.map(|issuer| self.providers[issuer].server.base_url());
        url.query_pairs_mut()
            .append_pair("state", state)
            .append_pair("code", code)
            .extend_pairs(issuer.map(|issuer| ("iss", issuer)));
        let handed_over = browser.get(&url).await?;
        let mut next = handed_over.leads_to()?;
        if !case.is_taken_in() {
            assert_eq!(next.path(), "/c/reopen");
            return browser.get(&next).await;
        }
        let hosts = [AGENCY_HOST, NORTH];
        next.set_host(Some(hosts[case.host]))?;
        if !case.is_on_its_host() {
            browser.take_cookies(hosts[1 - case.host], hosts[case.host]); // as no browser would
        }
        let arrived = browser.get(&next).await?;
        match arrived.location() {
            Some(on) => browser.get(&on).await,
            None => Ok(arrived),
        }
    }

    /// A code of a scene, from a browser of its own.
    async fn code(&mut self, scene: usize) -> anyhow::Result<String> {
        if let Some(code) = &self.codes[scene] {
            return Ok(code.clone());
        }
        let link = self.link(scene).await?;
        let mut browser = Browser::new()?;
        let invitation = browser.open_link(&link.url).await?;
        let go = browser.accept(&invitation).await?;
        let decided = browser.sign_in_at_provider(&go, "bea", Consent::Everything).await?;
        let code = decided.parameter_onward("code").unwrap_or_default();
        self.codes[scene] = Some(code.clone());
        Ok(code)
    }
}
