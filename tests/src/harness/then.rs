//! The installation at another time: the very same use cases on the very same database, but on a clock that stands where a story
//! wants it. The served program then finds what was done back then.

use std::sync::Arc;

use adapters::clock::SystemClock;
use anyhow::Context as _;
use application::{
    Actor, Context,
    flow::{CallbackAnswer, ProviderAnswer, Visit},
    links::IssueLink,
    ports::clock::Clock,
};
use chrono::TimeDelta;
use domain::{
    Timestamp,
    connect_link::LinkToken,
    host::HostName,
    ids::{AgencyId, AttemptId, Mode, RequestId, TenantId},
    provider::ProviderId,
};
use grantlink::{config::Config, installation::Installation};
use reqwest::Url;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::{
    agency::{Agency, Issued, Place},
    browser::Browser,
    provider::{GOOGLE, callback_path},
    stage::Stage,
};

struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The real time, which the program under test lives by.
pub fn now() -> Timestamp {
    SystemClock.now()
}

/// An installation whose clock stands still.
pub struct Then {
    installation: Installation,
    at: Timestamp,
}

impl Then {
    /// Opens a stage's installation at some time.
    ///
    /// # Errors
    /// When it does not open.
    pub async fn at(stage: &Stage, at: Timestamp) -> anyhow::Result<Self> {
        let config = Config::load(Some(&stage.files.config()))?;
        let installation = Installation::open_with(&config, Arc::new(Standing(at))).await?;
        Ok(Self { installation, at })
    }

    /// Issues a link to Google.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn issue(&self, agency: &Agency, place: &Place, life: Option<TimeDelta>) -> anyhow::Result<Issued> {
        let app = &self.installation.app;
        let id: AgencyId = agency.id.parse()?;
        let members = app.members(id).await?;
        let member = *members.keys().next().context("an agency without a member")?;
        let context = Context {
            tenant: TenantId::of(id, Mode::Live),
            agency: id,
            actor: Actor::Member(member),
            request: RequestId(app.entropy.id(self.at)),
            now: self.at,
            network: None,
        };
        let command = IssueLink {
            token: LinkToken::issue(self.at, app.random()),
            customer: place.customer.parse()?,
            location: place.location.parse()?,
            provider: ProviderId::parse(GOOGLE)?,
            requested_by: member,
            name: None,
            life,
            replaces_account: false,
            is_direct: false,
            mends: false,
        };
        let issued = app.run(&context, command).await?.answer;
        Ok(Issued {
            id: issued.id.to_string(),
            url: issued.address,
            integration: issued.terms.integration.to_string(),
        })
    }

    /// The refresh token that serves a connection then.
    ///
    /// # Errors
    /// When nothing serves it.
    pub async fn refresh_token_of(&self, link: &Issued) -> anyhow::Result<SecretString> {
        let serving = self.installation.app.credential_of(link.integration.parse()?).await?;
        let serving = serving.context("it is not connected")?;
        serving.credential.refresh_token.context("no refresh token")
    }

    /// A browser presses "accept" then; answers with the attempt, and the `state` that it went to the provider with.
    ///
    /// # Errors
    /// When the link cannot be started then.
    pub async fn accept(&self, browser: &Browser, link: &Issued) -> anyhow::Result<(AttemptId, String)> {
        let app = &self.installation.app;
        let visit = self.visit(browser, &link.url)?;
        let token = LinkToken::parse(link.token())?;
        let found = app.link_of_token(&visit.host, &token).await?.context("no such link")?;
        let attempt = app.begin(&visit, &found).await?;
        let departure = app.departure(&visit, attempt).await?;
        let address: Url = secrecy::ExposeSecret::expose_secret(&departure.address).parse()?;
        let state = address.query_pairs().find(|(name, _)| name == "state");
        Ok((attempt, state.context("no state")?.1.into_owned()))
    }

    /// The provider's answer arrives then; answers with the address that the browser is sent to.
    ///
    /// # Errors
    /// When it is not taken in.
    pub async fn call_back(&self, state: &str, code: &str) -> anyhow::Result<Url> {
        let app = &self.installation.app;
        let callback = CallbackAnswer {
            path: callback_path(GOOGLE),
            state: state.into(),
            issuer: None,
            answer: ProviderAnswer::Code(code.into()),
            request: RequestId(app.entropy.id(self.at)),
        };
        Ok(app.receive_callback(callback).await?.parse()?)
    }

    /// The installation.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Does everything that is due then.
    ///
    /// # Errors
    /// When jobs cannot be taken.
    pub async fn work_off(&self) -> anyhow::Result<()> {
        Ok(self.installation.worker().work_off().await?)
    }

    /// Closes it.
    pub async fn close(self) {
        self.installation.close().await;
    }

    fn visit(&self, browser: &Browser, url: &str) -> anyhow::Result<Visit> {
        let url: Url = url.parse()?;
        let host = url.host_str().context("no host")?;
        let cookies = browser.cookies_of(host);
        let id = cookies.values().next().context("the browser was never there")?;
        Ok(Visit {
            host: HostName::parse(host)?,
            browser: Sha256::digest(id.as_bytes()).into(),
            network: None,
            request: RequestId(self.installation.app.entropy.id(self.at)),
        })
    }
}
