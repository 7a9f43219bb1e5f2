//! Whole sign-ins at the simulated Google, with people who press its buttons.

use std::{collections::HashMap, sync::Arc};

use application::ports::provider::{
    Answer, CodeExchange, Connector, Credential, Listing, ProviderError, SignIn, Unpickable,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Method, Url, header::LOCATION};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use simulator::{AccountState, Capability, Fault, OAuthClient, Running, Simulator, SimulatorConfig, personas};

use super::{CALLBACK, Only, ProviderConfig, StoppedClock};
use crate::{
    http::{HttpClient, HttpConfig, client},
    providers::ConfiguredCatalogue,
};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const MANAGE: &str = "https://www.googleapis.com/auth/business.manage";

/// A Google, and us, registered there.
struct World {
    google: Running,
    only: Only,
    browser: HttpClient,
}

impl World {
    async fn new() -> Self {
        Self::configured(|_| {}).await
    }

    async fn configured(change: impl FnOnce(&mut ProviderConfig)) -> Self {
        let redirect_uri = format!("{CALLBACK}/oauth/callback/google");
        let google = Simulator::start(SimulatorConfig {
            public_url: Some("http://idp.localhost:0".to_owned()),
            clients: vec![OAuthClient::new("our-client", "our-secret", [redirect_uri])],
            ..SimulatorConfig::default()
        })
        .await
        .unwrap();
        let mut config = at_google(google.base_url());
        change(&mut config);
        let http = client(&HttpConfig::default()).unwrap();
        let clock: Arc<dyn application::ports::clock::Clock> = Arc::new(StoppedClock(google.clock().now()));
        let catalogue = ConfiguredCatalogue::new(vec![config], CALLBACK, &http, &clock).unwrap();
        Self {
            google,
            only: Only(catalogue),
            browser: http,
        }
    }

    fn us(&self) -> Arc<dyn Connector> {
        self.only.connector()
    }

    /// Somebody signs in, ticks what they are told to, and presses that button: what the callback gets.
    async fn callback(&self, persona: &str, ticks: &[&str], button: &str) -> HashMap<String, String> {
        let address = self
            .us()
            .authorize_url(&SignIn {
                state: &"the state".into(),
                nonce: "once",
                code_challenge: &URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)),
            })
            .unwrap();
        let chooser = self.press(Method::GET, address.parse().unwrap(), &[]).await;
        let mut form = vec![
            parameter(&chooser, "interaction"),
            ("account".to_owned(), persona.to_owned()),
        ];
        let consent = self.press(Method::POST, chooser, &form).await;
        form.truncate(1);
        form.push(("decision".to_owned(), button.to_owned()));
        form.extend(ticks.iter().map(|scope| ("scope".to_owned(), (*scope).to_owned())));
        let back = self.press(Method::POST, consent, &form).await;
        assert!(back.as_str().starts_with(self.us().redirect_uri()));
        back.query_pairs().into_owned().collect()
    }

    /// Where a page leads on to.
    async fn press(&self, method: Method, url: Url, form: &[(String, String)]) -> Url {
        let request = self.browser.request(method, url.clone()).form(form);
        let answer = self.browser.send(request, 100_000).await.unwrap();
        assert_eq!(answer.status, 302, "{}", String::from_utf8_lossy(&answer.body));
        url.join(answer.headers[LOCATION].to_str().unwrap()).unwrap()
    }

    async fn code(&self, persona: &str, ticks: &[&str]) -> SecretString {
        let callback = self.callback(persona, ticks, "allow").await;
        assert_eq!(callback["state"], "the state");
        assert_eq!(callback["iss"], self.us().issuer());
        callback["code"].as_str().into()
    }

    async fn exchange(&self, code: &SecretString, verifier: &str) -> Result<Credential, ProviderError> {
        self.us()
            .exchange(&CodeExchange {
                code,
                verifier: &verifier.into(),
                redirect_uri: self.us().redirect_uri(),
                nonce: "once",
            })
            .await
    }

    async fn sign_in(&self, persona: &str) -> Credential {
        let code = self.code(persona, &[MANAGE]).await;
        self.exchange(&code, VERIFIER).await.unwrap()
    }
}

fn parameter(url: &Url, name: &str) -> (String, String) {
    let mut pairs = url.query_pairs().into_owned();
    pairs.find(|(key, _)| key == name).unwrap()
}

fn at_google(base: &str) -> ProviderConfig {
    ProviderConfig {
        client_id: "our-client".to_owned(),
        client_secret: "our-secret".into(),
        authorize_url: format!("{base}/o/oauth2/v2/auth"),
        token_url: format!("{base}/token"),
        userinfo_url: format!("{base}/v1/userinfo"),
        jwks_url: format!("{base}/oauth2/v3/certs"),
        revoke_url: format!("{base}/revoke"),
        issuer: base.to_owned(),
        accounts_url: base.to_owned(),
        business_information_url: base.to_owned(),
        verifications_url: base.to_owned(),
        reviews_url: base.to_owned(),
        performance_url: base.to_owned(),
        ..ProviderConfig::google()
    }
}

/// A29, A30.
#[tokio::test]
async fn olive_signs_in_and_sees_her_three_listings_one_of_them_unverified() {
    let world = World::new().await;
    let credential = world.sign_in(personas::OLIVE).await;
    assert_eq!(credential.account.email.as_deref(), Some("olive@example.com"));
    assert_eq!(credential.account.name.as_deref(), Some("Olive Hartley"));
    assert!(credential.refresh_token.is_some());
    assert!(world.us().required_scopes().is_subset(&credential.scopes));
    let listings = world.us().listings(&credential.access_token).await.unwrap();
    let shown: Vec<_> = listings
        .iter()
        .map(|one| (one.title.as_str(), one.address.as_deref(), one.unpickable))
        .collect();
    assert_eq!(
        shown,
        [
            ("Olive & Thyme Bakery", Some("48 Lamb Lane, E8 3PJ London, GB"), None),
            (
                "Olive & Thyme Bakery Peckham",
                Some("7 Choumert Road, SE15 4SE London, GB"),
                Some(Unpickable::Unverified)
            ),
            ("Olive & Thyme Wedding Cakes", None, None),
        ]
    );
    let asked = world
        .google
        .requests()
        .into_iter()
        .find(|request| request.path == "/o/oauth2/v2/auth")
        .unwrap();
    assert_eq!(asked.query["prompt"].as_deref(), Some("select_account consent"));
    assert!(!asked.query.contains_key("include_granted_scopes"));
}

#[tokio::test]
async fn basic_client_authentication_works_as_well() {
    let world = World::configured(|config| config.client_auth = crate::providers::ClientAuth::Basic).await;
    world.sign_in(personas::OLIVE).await;
}

/// The sign-in succeeds, and what is missing can be seen.
#[tokio::test]
async fn who_unticks_the_box_is_signed_in_without_the_scope() {
    let world = World::new().await;
    let code = world.code(personas::UWE, &[]).await;
    let credential = world.exchange(&code, VERIFIER).await.unwrap();
    let us = world.us();
    let missing: Vec<_> = us.required_scopes().difference(&credential.scopes).collect();
    assert_eq!(missing, [MANAGE]);
    let refused = world.us().listings(&credential.access_token).await.unwrap_err();
    assert_eq!(
        refused,
        ProviderError::Refused("a permission was not granted".to_owned())
    );
}

#[tokio::test]
async fn who_says_no_comes_back_with_an_error_and_without_a_code() {
    let world = World::new().await;
    let callback = world.callback(personas::OLIVE, &[], "deny").await;
    assert_eq!(callback["error"], "access_denied");
    assert!(!callback.contains_key("code"));
}

#[tokio::test]
async fn a_code_works_once() {
    let world = World::new().await;
    let code = world.code(personas::OLIVE, &[MANAGE]).await;
    world.exchange(&code, VERIFIER).await.unwrap();
    let again = world.exchange(&code, VERIFIER).await.err();
    assert_eq!(again, Some(ProviderError::Refused("invalid_grant".to_owned())));
}

/// B55. Mutant: with PKCE off, a stolen code works with any verifier.
#[tokio::test]
async fn a_code_works_with_its_own_verifier_only() {
    let world = World::new().await;
    let code = world.code(personas::OLIVE, &[MANAGE]).await;
    let stolen = world
        .exchange(&code, "a-verifier-that-somebody-else-has-made-up-1")
        .await
        .err();
    assert_eq!(stolen, Some(ProviderError::Refused("invalid_grant".to_owned())));
}

#[tokio::test]
async fn a_wrong_client_secret_is_the_operators_business() {
    let world = World::configured(|config| config.client_secret = "outdated".into()).await;
    let code = world.code(personas::OLIVE, &[MANAGE]).await;
    let error = world.exchange(&code, VERIFIER).await.err();
    assert_eq!(error, Some(ProviderError::Misconfigured("invalid_client".to_owned())));
}

#[tokio::test]
async fn who_has_no_business_gets_an_empty_list() {
    let world = World::new().await;
    let credential = world.sign_in(personas::NADIA).await;
    assert_eq!(world.us().listings(&credential.access_token).await, Ok(vec![]));
}

/// 26 accounts (two pages), 277 entries, 250 listings.
#[tokio::test]
async fn who_manages_250_listings_sees_each_of_them_once() {
    let world = World::new().await;
    let credential = world.sign_in(personas::MAX).await;
    let listings = world.us().listings(&credential.access_token).await.unwrap();
    assert_eq!(listings.len(), 250);
    let titles: Vec<_> = listings.iter().map(|one| one.title.to_lowercase()).collect();
    assert!(titles.is_sorted());
    let mut by_reason: HashMap<Option<Unpickable>, usize> = HashMap::new();
    for listing in &listings {
        *by_reason.entry(listing.unpickable).or_default() += 1;
    }
    let expected = [
        (None, 228),
        (Some(Unpickable::Unverified), 9),
        (Some(Unpickable::Suspended), 8),
        (Some(Unpickable::Duplicate), 4),
        (Some(Unpickable::Closed), 1),
    ];
    assert_eq!(by_reason, HashMap::from(expected));
    assert_eq!(world.google.count("GET", "/v1/accounts"), 2);
}

#[tokio::test]
async fn an_outage_in_the_middle_is_no_short_list() {
    let world = World::new().await;
    let credential = world.sign_in(personas::MAX).await;
    world.google.inject_fault(Fault::status("/v1/accounts/*", 503)).await;
    let error = world.us().listings(&credential.access_token).await.unwrap_err();
    assert_eq!(error, ProviderError::Unavailable("it answered 503".to_owned()));
}

/// Mutant: without the request, the grant lives on.
#[tokio::test]
async fn taking_back_ends_the_grant_and_can_be_said_twice() {
    let world = World::new().await;
    let credential = world.sign_in(personas::OLIVE).await;
    assert_eq!(world.google.live_grants().await.len(), 1);
    assert_eq!(world.us().revoke(&credential).await, Ok(()));
    assert!(world.google.live_grants().await.is_empty());
    assert_eq!(world.us().revoke(&credential).await, Ok(()));
    let error = world.us().listings(&credential.access_token).await.unwrap_err();
    assert_eq!(
        error,
        ProviderError::Refused("the access token does not work".to_owned())
    );
}

/// A2, A60: the account of a listing may lose a right, and the listing its place; the rest goes on.
#[tokio::test]
async fn google_is_asked_what_a_listing_is_good_for() {
    let world = World::new().await;
    let credential = world.sign_in(personas::OLIVE).await;
    let listings = world.us().listings(&credential.access_token).await.unwrap();
    let said = async |listing: &Listing| {
        let answers = world.us().probe(&credential, &listing.reference).await;
        answers.into_iter().map(|probed| probed.answer).collect::<Vec<_>>()
    };
    let (bakery, unverified) = (&listings[0], &listings[1]);
    assert_eq!(said(bakery).await, [Answer::Allowed; 3]);
    assert_eq!(
        said(unverified).await,
        [Answer::Unverified, Answer::Unverified, Answer::Allowed]
    );
    let denied = AccountState {
        denied: vec![Capability::Metrics],
        ..AccountState::default()
    };
    world.google.set_account(personas::OLIVE, denied).await;
    assert_eq!(said(bakery).await, [Answer::Allowed, Answer::Allowed, Answer::Denied]);
    let id = bakery.reference.id.trim_start_matches("locations/").to_owned();
    let removed = AccountState {
        removed: vec![id],
        ..AccountState::default()
    };
    world.google.set_account(personas::OLIVE, removed).await;
    assert_eq!(said(bakery).await, [Answer::Gone; 3]);
    assert!(world.google.requests().iter().all(|request| request.method != "PUT"));
}
