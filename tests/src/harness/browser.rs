//! Somebody's browser: cookies by host, forms, and the steps of a customer, each by itself.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, ensure};
use reqwest::{
    Method, Url,
    header::{ACCEPT_LANGUAGE, COOKIE, SET_COOKIE, USER_AGENT},
};

use super::{network, page::Page};

/// What somebody answers on the provider's consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Ticks every box.
    Everything,
    /// Leaves the boxes as they are; some people have theirs unticked.
    AsShown,
    /// Unticks every box that can be unticked.
    Nothing,
    /// Says no.
    Denied,
}

/// One browser in a network of its own, which follows nothing by itself.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, BTreeMap<String, String>>,
    agent: &'static str,
    network: Ipv4Addr,
}

/// A phone, as most customers have it.
const PHONE: &str = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

impl Browser {
    /// A new one, without any cookie.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn new() -> anyhow::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let [_, a, b, c] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        Ok(Self {
            http: network::client()?,
            cookies: BTreeMap::new(),
            agent: PHONE,
            network: Ipv4Addr::new(10 + a, b, c, 7),
        })
    }

    /// The same browser under another name, such as a scanner's.
    #[must_use]
    pub fn calling_itself(mut self, agent: &'static str) -> Self {
        self.agent = agent;
        self
    }

    /// The same browser in a network, as the proxy before the server tells it.
    #[must_use]
    pub fn in_network(mut self, address: Ipv4Addr) -> Self {
        self.network = address;
        self
    }

    /// The cookies that a host has set here.
    pub fn cookies_of(&self, host: &str) -> BTreeMap<String, String> {
        self.cookies.get(host).cloned().unwrap_or_default()
    }

    /// Carries the cookies of one host over to another, as no browser would.
    pub fn take_cookies(&mut self, from: &str, to: &str) {
        self.cookies.insert(to.to_owned(), self.cookies_of(from));
    }

    /// Sends one request with this browser's cookies, and keeps what the answer sets.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn send(&mut self, method: Method, url: &Url, form: Option<&[(String, String)]>) -> anyhow::Result<Page> {
        let named = url.host_str().context("an address without a host")?.to_owned();
        let mut request = self
            .http
            .request(method, url.clone())
            .header(USER_AGENT, self.agent)
            .header(ACCEPT_LANGUAGE, "en-GB,en;q=0.8")
            .header("x-forwarded-for", self.network.to_string());
        if let Some(cookies) = self.cookies.get(&named) {
            let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        if let Some(form) = form {
            request = request.form(form);
        }
        let page = Page::of(request.send().await.with_context(|| format!("{url} does not answer"))?).await?;
        for cookie in page.headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie without a value")?;
            let jar = self.cookies.entry(named.clone()).or_default();
            jar.insert(name.to_owned(), value.to_owned());
        }
        Ok(page)
    }

    /// Opens an address.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn get(&mut self, url: &Url) -> anyhow::Result<Page> {
        self.send(Method::GET, url, None).await
    }

    /// Opens a link as it stands in a message.
    ///
    /// # Errors
    /// When it is no address, or nobody answers.
    pub async fn open_link(&mut self, url: &str) -> anyhow::Result<Page> {
        self.get(&url.parse()?).await
    }

    /// Sends the form of a page that leads to an address with that end, its hidden fields and these.
    ///
    /// # Errors
    /// When the page has no such form, or nobody answers.
    pub async fn submit(&mut self, page: &Page, end: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let (action, mut form) = page.form(end)?;
        form.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        self.send(Method::POST, &action, Some(&form)).await
    }

    /// Goes where a page leads.
    ///
    /// # Errors
    /// When it leads nowhere, or nobody answers.
    pub async fn follow(&mut self, page: &Page) -> anyhow::Result<Page> {
        self.get(&page.leads_to()?).await
    }

    /// Presses "Accept & Connect", and is on our page that leads on.
    ///
    /// # Errors
    /// When the page offers it not, or it does not lead there.
    pub async fn accept(&mut self, invitation: &Page) -> anyhow::Result<Page> {
        let started = self.submit(invitation, "/start", &[]).await?;
        ensure!(
            started.status == 303,
            "start answered {}: {}",
            started.status,
            started.body
        );
        self.follow(&started).await
    }

    /// Is led on to the provider, signs in and answers there. What comes back is the provider's redirection to our callback, which
    /// is not followed yet.
    ///
    /// # Errors
    /// When the provider does not play along.
    pub async fn sign_in_at_provider(&mut self, go: &Page, persona: &str, consent: Consent) -> anyhow::Result<Page> {
        let chooser = self.get(&go.onward()?).await?;
        let chooser = self.follow(&chooser).await?;
        let chosen = self
            .submit(&chooser, "/signin/accounts", &[("account", persona)])
            .await?;
        let asked = self.follow(&chosen).await?;
        let ticked: Vec<String> = asked
            .boxes()
            .into_iter()
            .filter(|(_, ticked)| match consent {
                Consent::Everything => true,
                Consent::AsShown => *ticked,
                Consent::Nothing | Consent::Denied => false,
            })
            .map(|(scope, _)| scope)
            .collect();
        let decision = if consent == Consent::Denied { "deny" } else { "allow" };
        let mut fields = vec![("decision", decision)];
        fields.extend(ticked.iter().map(|scope| ("scope", scope.as_str())));
        let decided = self.submit(&asked, "/signin/consent", &fields).await?;
        decided.leads_to()?;
        Ok(decided)
    }

    /// Comes back from the provider: callback host, agency's host, and the page that this ends on.
    ///
    /// # Errors
    /// When a step leads nowhere.
    pub async fn come_back(&mut self, decided: &Page) -> anyhow::Result<Page> {
        let handed_over = self.follow(decided).await?;
        let returned = self.follow(&handed_over).await?;
        match returned.location() {
            Some(next) => self.get(&next).await,
            None => Ok(returned),
        }
    }

    /// From the link to the page that follows the sign-in: mostly the picker.
    ///
    /// # Errors
    /// When a step does not lead on.
    pub async fn sign_in(&mut self, link: &str, persona: &str, consent: Consent) -> anyhow::Result<Page> {
        let invitation = self.open_link(link).await?;
        let go = self.accept(&invitation).await?;
        let decided = self.sign_in_at_provider(&go, persona, consent).await?;
        self.come_back(&decided).await
    }

    /// Picks a listing, and follows to the page that says what came of it.
    ///
    /// # Errors
    /// When the picker has no form, or nobody answers.
    pub async fn pick(&mut self, picker: &Page, listing: &str) -> anyhow::Result<Page> {
        let answer = self.submit(picker, "/c/pick", &[("listing", listing)]).await?;
        match answer.location() {
            Some(done) => self.get(&done).await,
            None => Ok(answer),
        }
    }

    /// The whole way, from the link to the success page.
    ///
    /// # Errors
    /// When it does not end there.
    pub async fn complete(&mut self, link: &str, persona: &str, listing: &str) -> anyhow::Result<Page> {
        let picker = self.sign_in(link, persona, Consent::Everything).await?;
        self.pick(&picker, listing)
            .await?
            .expect(200, "Connection created successfully")
    }
}
