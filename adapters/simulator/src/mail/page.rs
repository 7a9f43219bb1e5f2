//! The mailbox as a page, for people who try things out. A mail is shown as its recipient would see it, in a frame that may load
//! nothing and run nothing.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;

use super::kept::KeptMail;
use super::server::Shared;

const LIST: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'";
const MAIL: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";

#[derive(Template)]
#[template(path = "mailbox.html")]
struct Mailbox {
    mails: Vec<(usize, String, KeptMail)>,
}

pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let router = Router::new()
        .route("/", get(list))
        .route("/mails/{number}", get(mail))
        .route("/mails/{number}/text", get(text))
        .with_state(shared);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the mailbox ended");
    }
}

async fn list(State(shared): State<Arc<Shared>>) -> Response {
    let numbered = shared.mails().into_iter().enumerate();
    let mut mails: Vec<_> = numbered.map(|(number, mail)| (number, mail.subject(), mail)).collect();
    mails.reverse();
    match (Mailbox { mails }).render() {
        Ok(page) => shown(Html(page), LIST),
        Err(error) => {
            tracing::error!(%error, "the mailbox cannot be shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn mail(State(shared): State<Arc<Shared>>, Path(number): Path<usize>) -> Response {
    match shared.mails().get(number) {
        Some(mail) => shown(Html(with_pictures(mail)), MAIL),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn text(State(shared): State<Arc<Shared>>, Path(number): Path<usize>) -> Response {
    match shared.mails().get(number) {
        Some(mail) => shown(([(CONTENT_TYPE, "text/plain; charset=utf-8")], mail.text()), LIST),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The page of a mail, the pictures inside it where a browser finds them.
fn with_pictures(mail: &KeptMail) -> String {
    let mut page = String::new();
    let html = mail.html();
    let mut pieces = html.split("\"cid:");
    page.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (id, rest) = piece.split_once('"').unwrap_or((piece, ""));
        let (kind, bytes) = mail.picture(id).unwrap_or_default();
        page.extend(["\"data:", &kind, ";base64,", &STANDARD.encode(bytes), "\"", rest]);
    }
    page
}

fn shown(body: impl IntoResponse, policy: &'static str) -> Response {
    let headers = [(CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, policy)];
    (headers, body).into_response()
}
