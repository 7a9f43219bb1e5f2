//! The authorization request: what an application asks a person for.

use axum::http::StatusCode;

use crate::oauth::pkce::Challenge;
use crate::oauth::scopes::Scopes;
use crate::params::Params;
use crate::state::World;

/// A request that passed every check.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Scopes,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) login_hint: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) prompt: Prompt,
    pub(crate) access: Access,
}

/// What the caller wants the person to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// Nothing at all: go back with an error rather than show a page.
    Nothing,
    /// What is needed, and these even if they are not.
    Pages { choose_account: bool, consent: bool },
}

/// What the tokens are to be good for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// `access_type=offline`: with a refresh token, if there is a consent page.
    pub(crate) offline: bool,
    /// `include_granted_scopes=true`: also for what was granted earlier.
    pub(crate) with_earlier_grants: bool,
}

/// Why a request is refused on Google's own page: the caller never hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) error: &'static str,
    pub(crate) explanation: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, error: &'static str, explanation: impl Into<String>) -> Self {
        Self {
            status,
            error,
            explanation: explanation.into(),
        }
    }

    pub(crate) fn invalid_request(explanation: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", explanation)
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::invalid_request(format!("Missing required parameter: {parameter}"))
    }

    pub(crate) fn bad_value(parameter: &str) -> Self {
        Self::invalid_request(format!("Invalid parameter value for {parameter}"))
    }

    pub(crate) fn embedded_browser() -> Self {
        let explanation = "This app's built-in browser cannot be used to sign in. Open the page in Safari, Chrome or another browser.";
        Self::new(StatusCode::FORBIDDEN, "disallowed_useragent", explanation)
    }

    pub(crate) fn unknown_account() -> Self {
        Self::invalid_request("Choose one of the accounts on the page before.")
    }

    pub(crate) fn ended() -> Self {
        let explanation = "This sign-in has ended. Go back to the app that sent you here and start again.";
        Self::invalid_request(explanation)
    }
}

impl AuthorizationRequest {
    /// Checks in Google's order: first who asks and where the answer would go, then what is asked.
    pub(crate) fn check(params: &Params, world: &World, require_pkce: bool) -> Result<Self, Refusal> {
        if let Some(name) = params.repeated() {
            let explanation = format!("OAuth 2 parameters can only have a single value: {name}");
            return Err(Refusal::invalid_request(explanation));
        }
        let (client_id, redirect_uri) = client_and_redirect(params, world)?;
        match params.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(Refusal::bad_value("response_type")),
            None => return Err(Refusal::missing("response_type")),
        }
        if params.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(Refusal::bad_value("response_mode"));
        }
        let challenge = Challenge::of(params).map_err(Refusal::bad_value)?;
        if require_pkce && challenge.is_none() {
            return Err(Refusal::missing("code_challenge"));
        }
        let text = |name: &str| params.get(name).map(str::to_owned);
        Ok(Self {
            client_id,
            redirect_uri,
            scopes: scopes(params)?,
            state: text("state"),
            nonce: text("nonce"),
            login_hint: text("login_hint"),
            challenge,
            prompt: prompt(params)?,
            access: access(params)?,
        })
    }
}

fn client_and_redirect(params: &Params, world: &World) -> Result<(String, String), Refusal> {
    let client_id = params.get("client_id").ok_or_else(|| Refusal::missing("client_id"))?;
    let not_found = || {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "The OAuth client was not found.",
        )
    };
    let client = world.client(client_id).ok_or_else(not_found)?;
    let redirect_uri = params
        .get("redirect_uri")
        .ok_or_else(|| Refusal::missing("redirect_uri"))?;
    if client.redirect_uris.iter().any(|registered| registered == redirect_uri) {
        return Ok((client.id.clone(), redirect_uri.to_owned()));
    }
    let explanation =
        "You can't sign in because this app sent an invalid request: its redirect address is not registered.";
    Err(Refusal::new(
        StatusCode::BAD_REQUEST,
        "redirect_uri_mismatch",
        explanation,
    ))
}

fn scopes(params: &Params) -> Result<Scopes, Refusal> {
    let requested = params.get("scope").ok_or_else(|| Refusal::missing("scope"))?;
    let scopes = Scopes::parse(requested).map_err(|invalid| {
        let explanation = format!(
            "Some requested scopes were invalid. {{invalid=[{}]}}",
            invalid.join(", ")
        );
        Refusal::new(StatusCode::BAD_REQUEST, "invalid_scope", explanation)
    })?;
    if scopes.is_empty() {
        Err(Refusal::missing("scope"))
    } else {
        Ok(scopes)
    }
}

fn prompt(params: &Params) -> Result<Prompt, Refusal> {
    let wishes: Vec<&str> = params.get("prompt").unwrap_or_default().split_whitespace().collect();
    if wishes == ["none"] {
        return Ok(Prompt::Nothing);
    }
    if wishes.iter().any(|wish| !matches!(*wish, "consent" | "select_account")) {
        return Err(Refusal::bad_value("prompt"));
    }
    let has = |wish| wishes.contains(&wish);
    Ok(Prompt::Pages {
        choose_account: has("select_account"),
        consent: has("consent"),
    })
}

fn access(params: &Params) -> Result<Access, Refusal> {
    let offline = match params.get("access_type") {
        None | Some("online") => false,
        Some("offline") => true,
        Some(_) => return Err(Refusal::bad_value("access_type")),
    };
    let with_earlier_grants = params.get("include_granted_scopes") == Some("true");
    Ok(Access {
        offline,
        with_earlier_grants,
    })
}
