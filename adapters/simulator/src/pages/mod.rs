//! The pages that people see: plain forms without scripts, in a look that cannot be taken for the real Google's.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::oauth::request::Refusal;
use crate::personas::Persona;
use crate::state::{App, Shared};

/// Our own style sheet and faces, and nothing else.
const ONLY_OURS: &str = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'";

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home))
        .route("/_simulator/style.css", get(style))
        .route("/_simulator/faces/{face}", get(face))
}

/// Who wants to sign in.
#[derive(Template)]
#[template(path = "accounts.html")]
pub(crate) struct AccountChooser<'a> {
    pub(crate) display_name: &'a str,
    pub(crate) application: &'a str,
    pub(crate) interaction: &'a str,
    pub(crate) choices: Vec<Choice<'a>>,
}

/// One account to choose.
pub(crate) struct Choice<'a> {
    pub(crate) persona: &'a Persona,
    pub(crate) signed_in: bool,
    pub(crate) hinted: bool,
}

/// What an application would get.
#[derive(Template)]
#[template(path = "consent.html")]
pub(crate) struct Consent<'a> {
    pub(crate) display_name: &'a str,
    pub(crate) application: &'a str,
    pub(crate) interaction: &'a str,
    pub(crate) persona: &'a Persona,
    pub(crate) fixed: Vec<&'a str>,
    pub(crate) optional: Vec<Permission<'a>>,
}

/// Something with a box of its own.
pub(crate) struct Permission<'a> {
    pub(crate) scope: &'a str,
    pub(crate) description: &'a str,
    pub(crate) ticked: bool,
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct RefusalPage<'a> {
    display_name: &'a str,
    status: u16,
    error: &'a str,
    explanation: &'a str,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    display_name: &'a str,
    base_url: &'a str,
    personas: &'a [Persona],
}

/// Renders a page with the headers that all of them have.
pub(crate) fn show(page: &impl Template) -> Response {
    let headers = [
        (CONTENT_SECURITY_POLICY, ONLY_OURS),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    match page.render() {
        Ok(html) => (headers, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The answer, or the page that says why there is none. It never leads back to the application.
pub(crate) fn or_refusal(app: &Shared, answer: Result<Response, Refusal>) -> Response {
    answer.unwrap_or_else(|refusal| refused(&app.settings.display_name, &refusal))
}

/// The page that says why.
pub(crate) fn refused(display_name: &str, refusal: &Refusal) -> Response {
    let page = show(&RefusalPage {
        display_name,
        status: refusal.status.as_u16(),
        error: refusal.error,
        explanation: &refusal.explanation,
    });
    (refusal.status, page).into_response()
}

async fn home(State(app): State<App>) -> Response {
    let settings = &app.settings;
    show(&Home {
        display_name: &settings.display_name,
        base_url: &settings.base_url,
        personas: &app.personas,
    })
}

pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css"))
}

async fn face(State(app): State<App>, Path(file): Path<String>) -> Response {
    portrait(&app.personas, &file)
}

/// Initials on a colour of one's own.
pub(crate) fn portrait(personas: &[Persona], file: &str) -> Response {
    let id = file.trim_end_matches(".svg");
    let Some(position) = personas.iter().position(|persona| persona.id == id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let initials = personas[position].initials();
    // Steps of the golden angle never come close to each other.
    let hue = (position * 137 + 200) % 360;
    let svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="20" fill="hsl({hue} 45% 40%)"/><text x="20" y="21" fill="white" font-family="sans-serif" font-size="16" text-anchor="middle" dominant-baseline="middle">{initials}</text></svg>"#
    );
    ([(CONTENT_TYPE, "image/svg+xml")], svg).into_response()
}
