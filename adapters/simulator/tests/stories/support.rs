//! One browser, one application and one simulated Google.

use std::collections::HashMap;

use grantlink_simulator::{Clock, OAuthClient, Running, Simulator, SimulatorConfig};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;

pub(crate) const CLIENT: &str = "4711-connect";
pub(crate) const SECRET: &str = "a-secret";
pub(crate) const CALLBACK: &str = "http://connect.localhost:9/callback/google";
pub(crate) const BUSINESS_MANAGE: &str = "https://www.googleapis.com/auth/business.manage";
pub(crate) const EVERYTHING: &str = "openid email profile https://www.googleapis.com/auth/business.manage";
/// The pair of the standard's own example (RFC 7636, appendix B).
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Everything that a story needs.
pub(crate) struct Stage {
    pub(crate) google: Running,
    pub(crate) http: Client,
    cookie: Option<String>,
}

/// What the browser got.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

/// What an endpoint without pages answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

pub(crate) fn client() -> OAuthClient {
    OAuthClient::new(CLIENT, SECRET, [CALLBACK])
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::set_with(SimulatorConfig::default()).await
    }

    /// With its own host name, which nobody resolves but the client here, and a clock that only the story moves.
    pub(crate) async fn set_with(config: SimulatorConfig) -> Self {
        let public_url = Some("http://idp.localhost:0".to_owned());
        let clock = Clock::standing_at(config.clock.now());
        let clients = if config.clients.is_empty() {
            vec![client()]
        } else {
            config.clients
        };
        let google = Simulator::start(SimulatorConfig {
            public_url,
            clients,
            clock,
            ..config
        })
        .await
        .unwrap();
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .resolve("idp.localhost", google.addr())
            .build()
            .unwrap();
        Self {
            google,
            http,
            cookie: None,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.google.base_url())
    }

    // The browser.

    /// Opens an authorization request: the usual one, with `changes` (an empty value leaves the parameter out).
    pub(crate) async fn authorize(&mut self, changes: &[(&str, &str)]) -> Page {
        let mut query = vec![
            ("client_id", CLIENT),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", EVERYTHING),
            ("state", "st/at+e ="),
            ("access_type", "offline"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        query.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        query.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let request = self.http.get(self.url("/o/oauth2/v2/auth")).query(&query);
        self.browse(request).await
    }

    pub(crate) async fn choose(&mut self, page: &Page, persona: &str) -> Page {
        let form = [("interaction", page.interaction()), ("account", persona)];
        let request = self.http.post(self.url("/signin/accounts")).form(&form);
        self.browse(request).await
    }

    /// Presses Allow with the boxes as the page shows them.
    pub(crate) async fn allow(&mut self, page: &Page) -> Page {
        let boxes = page.boxes();
        let ticked: Vec<&str> = boxes
            .iter()
            .filter(|(_, ticked)| *ticked)
            .map(|(scope, _)| scope.as_str())
            .collect();
        self.allow_only(page, &ticked).await
    }

    pub(crate) async fn allow_only(&mut self, page: &Page, scopes: &[&str]) -> Page {
        let mut form = vec![("interaction", page.interaction()), ("decision", "allow")];
        form.extend(scopes.iter().map(|scope| ("scope", *scope)));
        let request = self.http.post(self.url("/signin/consent")).form(&form);
        self.browse(request).await
    }

    pub(crate) async fn deny(&mut self, page: &Page) -> Page {
        let form = [("interaction", page.interaction()), ("decision", "deny")];
        let request = self.http.post(self.url("/signin/consent")).form(&form);
        self.browse(request).await
    }

    /// Sends a request as the browser does: with its cookie, and following Google to its own pages only.
    pub(crate) async fn browse(&mut self, request: RequestBuilder) -> Page {
        let mut response = self.send(request).await;
        while let Some(path) = response.location().filter(|location| location.starts_with('/')) {
            let next = self.http.get(self.url(&path));
            response = self.send(next).await;
        }
        Page {
            status: response.status(),
            location: response.location(),
            body: response.text().await.unwrap(),
        }
    }

    async fn send(&mut self, mut request: RequestBuilder) -> Response {
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let response = request
            .header(USER_AGENT, "Mozilla/5.0 Firefox/140.0")
            .send()
            .await
            .unwrap();
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        response
    }

    /// The whole way from the application to its callback.
    pub(crate) async fn sign_in(&mut self, persona: &str, changes: &[(&str, &str)]) -> Page {
        let chooser = self
            .authorize(&[changes, &[("prompt", "select_account consent")]].concat())
            .await;
        let consent = self.choose(&chooser, persona).await;
        self.allow(&consent).await
    }

    // The application.

    pub(crate) async fn exchange(&self, code: &str) -> Answer {
        self.exchange_with(code, &[]).await
    }

    /// Exchanges a code, with `changes` to the usual form (an empty value leaves the parameter out).
    pub(crate) async fn exchange_with(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        form.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        form.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        form.push(("code", code));
        self.post("/token", &form).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
            ("refresh_token", refresh_token),
        ];
        self.post("/token", &form).await
    }

    pub(crate) async fn revoke(&self, token: &str) -> Answer {
        self.post("/revoke", &[("token", token)]).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        Answer::of(self.http.post(self.url(path)).form(form)).await
    }

    pub(crate) async fn get(&self, path: &str, access_token: &str) -> Answer {
        Answer::of(self.http.get(self.url(path)).bearer_auth(access_token)).await
    }

    pub(crate) async fn control(&self, path: &str, body: &Value) -> StatusCode {
        self.http.post(self.url(path)).json(body).send().await.unwrap().status()
    }

    /// Tokens for somebody who allows everything they allow by themselves.
    pub(crate) async fn tokens(&mut self, persona: &str) -> Value {
        let callback = self.sign_in(persona, &[]).await;
        let answer = self.exchange(&callback.code()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    pub(crate) async fn access_token(&mut self, persona: &str) -> String {
        self.tokens(persona).await.text("access_token")
    }
}

impl Page {
    pub(crate) fn interaction(&self) -> &str {
        self.body
            .split(r#"name="interaction" value=""#)
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap()
    }

    /// Every box on the page, and whether it is ticked.
    pub(crate) fn boxes(&self) -> Vec<(String, bool)> {
        let inputs = self.body.split("<input type=\"checkbox\"").skip(1);
        let inputs = inputs.map(|rest| rest.split('>').next().unwrap());
        let value = |input: &str| {
            input
                .split("value=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .to_owned()
        };
        inputs.map(|input| (value(input), input.contains(" checked"))).collect()
    }

    /// The parameters of the callback; there must be one.
    pub(crate) fn callback(&self) -> HashMap<String, String> {
        let location = self
            .location
            .as_deref()
            .unwrap_or_else(|| panic!("no callback but {}: {}", self.status, self.body));
        let (address, query) = location.split_once('?').unwrap();
        assert_eq!(address, CALLBACK);
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    pub(crate) fn code(&self) -> String {
        self.callback().remove("code").unwrap()
    }

    /// A page that leads nowhere, least of all back to the application.
    pub(crate) fn assert_refused(&self, status: StatusCode, error: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.location, None);
        assert!(self.body.contains(error), "{}", self.body);
        assert!(!self.body.contains(CALLBACK), "{}", self.body);
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status(),
            body: response.json().await.unwrap(),
        }
    }

    pub(crate) fn assert_error(&self, status: StatusCode, error: &str, description: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["error"], error);
        assert_eq!(self.body["error_description"], description);
    }
}

/// Reading JSON in one word.
pub(crate) trait Text {
    fn text(&self, field: &str) -> String;
}

impl Text for Value {
    fn text(&self, field: &str) -> String {
        self[field]
            .as_str()
            .unwrap_or_else(|| panic!("no {field} in {self}"))
            .to_owned()
    }
}

trait Location {
    fn location(&self) -> Option<String>;
}

impl Location for Response {
    fn location(&self) -> Option<String> {
        self.headers()
            .get(LOCATION)
            .map(|location| location.to_str().unwrap().to_owned())
    }
}
