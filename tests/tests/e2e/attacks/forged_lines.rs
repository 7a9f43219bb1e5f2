//! OA-9: what strangers say does not become a line of the log, nor a command for the terminal that shows it.

use std::sync::Arc;

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, CALLBACK_HOST, Consent, Other, Stage},
    on_both_databases,
};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::generic::{Quirks, Trouble};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::moods::link_to;
use crate::flow::BAKERY;

on_both_databases!(nobody_who_speaks_to_the_server_writes_lines_of_its_log);

/// The end of a line, the beginning of another one, and what clears a terminal, in both ways to write it.
const FORGED: &str = "olive\nforged-line 2026-11-05T12:00:00Z ERROR everything is lost\r\u{1b}[2J\u{9b}31m";

/// OA-9: names that an agency gives, words of a provider that refuses, parameters of callbacks, headers and paths, in a log of plain lines
/// that says everything.
///
/// Mutant: when a provider's own words are repeated in the log, this fails.
async fn nobody_who_speaks_to_the_server_writes_lines_of_its_log(database: Database) -> anyhow::Result<()> {
    let other = Other::start("strict", Quirks::strict()).await?;
    let mut stage = Stage::set_among(database, &[(&other, "client_auth = \"basic\"")]).await?;
    let text = stage.files.configuration()?;
    let talkative = text.replace("filter = \"debug\"", "filter = \"trace\"\njson = false");
    stage.files.configure(&talkative)?;
    stage.server.restart().await?;

    names(&stage).await?;
    let link = link_to(&stage, other.id).await?;
    for body in [
        json!({"error": FORGED, "error_description": FORGED}),
        json!({"error": "invalid_grant", "error_description": FORGED, "error_uri": FORGED}),
        json!({"access_token": FORGED, "token_type": FORGED, "scope": FORGED}),
    ] {
        let trouble = Trouble {
            status: Some(if body["error"].is_null() { 200 } else { 400 }),
            body: Some(body),
            ..Trouble::at("exchange")
        };
        other.server.trouble(trouble.times(1)).await;
        Browser::new()?.sign_in(&link.url, "olive", Consent::Everything).await?;
    }
    callbacks(&stage, &link.url, other.id).await?;
    headers(&stage).await?;
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?; // all of it was no harm

    let log = std::fs::read(stage.files.log())?;
    let log = String::from_utf8_lossy(&log);
    assert!(
        log.contains(" INFO ") && log.lines().count() > 50,
        "these are plain lines"
    );
    assert!(
        !log.contains('\u{1b}') && !log.contains('\u{9b}'),
        "the log gives commands"
    );
    let forged = log.lines().find(|line| line.trim_start().starts_with("forged-line"));
    assert_eq!(forged, None);
    Ok(())
}

/// What an agency may call things.
async fn names(stage: &Stage) -> anyhow::Result<()> {
    for (path, body) in [
        ("/customers", json!({"name": FORGED, "locations": [{"name": FORGED}]})),
        ("/customers", json!({"name": "Olive", "email": FORGED})),
        ("/links", json!({"provider": FORGED, "name": FORGED})),
        ("/mail/habits", json!({ FORGED: FORGED })),
    ] {
        stage.agency.post(path, &body).await?;
    }
    let encoded = "%0Aforged-line%1B%5B2J";
    for path in [
        "/links/",
        "/integrations?status=",
        "/events?after=",
        "/integrations/1/credentials?purpose=",
    ] {
        stage
            .agency
            .call(Method::GET, &format!("{path}{encoded}"), None, None::<&Value>)
            .await?;
    }
    Ok(())
}

/// What comes back from a provider by way of a browser.
async fn callbacks(stage: &Stage, link: &str, provider: &str) -> anyhow::Result<()> {
    for name in ["error", "code", "state", "iss"] {
        let mut browser = Browser::new()?;
        let invitation = browser.open_link(link).await?;
        let state = browser.accept(&invitation).await?.sent_with()?;
        let mut callback = stage.url(CALLBACK_HOST, &format!("/oauth/callback/{provider}"))?;
        if name != "state" {
            callback.query_pairs_mut().append_pair("state", &state);
        }
        callback.query_pairs_mut().append_pair(name, FORGED);
        let handed_over = browser.get(&callback).await?;
        if handed_over.location().is_some() {
            browser.follow(&handed_over).await?;
        }
    }
    Ok(())
}

/// Headers that no client of ours would send.
async fn headers(stage: &Stage) -> anyhow::Result<()> {
    let forged: Arc<[u8]> = FORGED.replace(['\n', '\r'], "").into_bytes().into();
    for name in [
        "User-Agent",
        "X-Request-Id",
        "traceparent",
        "X-Forwarded-For",
        "Referer",
        "Cookie",
        "Authorization",
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", stage.server.port())).await?;
        let head = format!("GET /c/nobody HTTP/1.1\r\nHost: {CALLBACK_HOST}\r\nConnection: close\r\n{name}: ");
        stream
            .write_all(&[head.as_bytes(), &forged, b"\r\n\r\n"].concat())
            .await?;
        let mut answer = vec![];
        stream.read_to_end(&mut answer).await?;
        assert!(answer.starts_with(b"HTTP/1.1 "), "{name}");
    }
    Ok(())
}
