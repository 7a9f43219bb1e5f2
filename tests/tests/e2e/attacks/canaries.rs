//! OA-9: what is secret is nowhere but where it belongs.

use std::time::Duration;

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Needle, Other, Stage},
    on_both_databases,
};
use reqwest::Method;
use serde_json::json;
use simulator::generic::{Cut, ErrorStyle, Quirks, Trouble};

use super::moods::link_to;
use crate::{flow::BAKERY, mail::office::PASSWORD};

on_both_databases!(no_secret_is_found_in_logs_tables_events_or_answers);

/// OA-9, B52: connections that worked, sign-ins that were refused, cut and replayed, credentials that nobody gave, a provider that repeats
/// what it was sent, a database that is half gone: then codes, tokens, states, verifiers, client secrets, API keys, the mail server's password and the keys themselves are looked for
/// in everything that was written or said, also as hexadecimal digits and in base 64. The log is at its most talkative.
///
/// Mutants: with the callback's query in the line of a request, and when a provider's own words are repeated, this fails.
async fn no_secret_is_found_in_logs_tables_events_or_answers(database: Database) -> anyhow::Result<()> {
    let other = Other::start("strict", Quirks::strict()).await?;
    let (mut stage, _folder) = talkative(database, &other).await?;
    let mut states = vec![];
    let link = link_to(&stage, other.id).await?;
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    let troubled = link_to(&stage, other.id).await?;
    for trouble in troubles() {
        other.server.trouble(trouble.times(1)).await;
        states.push(tries(&troubled.url).await?);
    }
    for errors in [ErrorStyle::Ok, ErrorStyle::OkFalse, ErrorStyle::Status] {
        other.server.change(|quirks| quirks.errors = errors).await;
        states.push(tries_with_a_code_of_nobody(&stage, &troubled.url).await?);
    }
    let mut said = answers(&stage, &link.integration).await?;
    said.push(replaced_by_nobodys(&stage, &link.integration).await?);
    stage
        .database
        .execute("ALTER TABLE attempts RENAME TO attempts_gone")
        .await?;
    said.push(Browser::new()?.open_link(&troubled.url).await?.body);
    states.push(tries(&troubled.url).await.unwrap_or_default());
    stage
        .database
        .execute("ALTER TABLE attempts_gone RENAME TO attempts")
        .await?;
    stage.server.restart().await?;

    let needles = needles(&stage, &other, states).await?;
    assert!(needles.len() > 20, "only {} needles", needles.len());
    let log = std::fs::read(stage.files.log())?;
    assert!(log.len() > 10_000, "the log says next to nothing");
    let places = [
        ("the log", log),
        ("the database", stage.database.everything().await?),
        ("an answer", said.join("\n").into_bytes()),
    ];
    for (place, hay) in &places {
        for needle in &needles {
            assert!(!needle.is_in(hay), "{place} holds {}", needle.name);
        }
    }
    Ok(())
}

/// An installation that logs everything it can, and knows a password for mail.
async fn talkative(database: Database, other: &Other) -> anyhow::Result<(Stage, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("password");
    std::fs::write(&file, PASSWORD)?;
    let mail = format!(
        "client_auth = \"basic\"\n[mail]\nallow_private_servers = true\npassword_file = \"{}\"\n[mail.account]\nhost = \"localhost\"\nport = 9\nusername = \
         \"connect\"\nfrom = \"connect@bright.example\"\n",
        file.display()
    );
    let mut stage = Stage::set_among(database, &[(other, &mail)]).await?;
    let text = stage.files.configuration()?;
    stage
        .files
        .configure(&text.replace("filter = \"debug\"", "filter = \"trace\""))?;
    stage.server.restart().await?;
    Ok((stage, folder))
}

fn troubles() -> Vec<Trouble> {
    let echo = Trouble {
        status: Some(400),
        body: Some(
            json!({"error": "canary-client-secret-of-strict", "error_description": "canary-client-secret-of-strict"}),
        ),
        ..Trouble::at("exchange")
    };
    let nonsense = Trouble {
        status: Some(200),
        body: Some(json!({"access_token": {"canary-client-secret-of-strict": 1}})),
        ..Trouble::at("exchange")
    };
    vec![
        Trouble::at("exchange").cut(Cut::Half),
        Trouble::at("userinfo").cut(Cut::Half),
        Trouble::at("listings").cut(Cut::Head),
        Trouble::at("revoke").cut(Cut::Head),
        echo,
        nonsense,
    ]
}

/// A sign-in, wherever it ends; the state that it went with.
async fn tries(url: &str) -> anyhow::Result<String> {
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(url).await?;
    let go = browser.accept(&invitation).await?;
    let state = go.sent_with()?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    browser.come_back(&decided).await?;
    browser.get(&decided.leads_to()?).await?; // a replay
    Ok(state)
}

async fn tries_with_a_code_of_nobody(stage: &Stage, url: &str) -> anyhow::Result<String> {
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(url).await?;
    let go = browser.accept(&invitation).await?;
    let state = go.sent_with()?;
    let mut callback = stage.url(grantlink_tests::harness::CALLBACK_HOST, "/oauth/callback/strict")?;
    let code = [("state", state.as_str()), ("code", "canary-code-of-nobody")];
    callback.query_pairs_mut().extend_pairs(code);
    let handed_over = browser.get(&callback).await?;
    browser.follow(&handed_over).await?;
    Ok(state)
}

/// Credentials that the provider does not take, over the API.
async fn replaced_by_nobodys(stage: &Stage, integration: &str) -> anyhow::Result<String> {
    let path = format!("/integrations/{integration}/credentials");
    let body = json!({"access_token": "canary-access-of-nobody", "refresh_token": "canary-refresh-of-nobody"});
    let refused = stage.agency.call(Method::PUT, &path, None, Some(&body)).await?;
    assert_eq!(refused.status, 422, "{}", refused.text);
    Ok(refused.text)
}

/// What the API and the probes say.
async fn answers(stage: &Stage, integration: &str) -> anyhow::Result<Vec<String>> {
    let mut said = vec![];
    let audit = format!("/integrations/{integration}/audit");
    let one = format!("/integrations/{integration}");
    for path in [
        "/links",
        "/integrations",
        "/providers",
        "/mail",
        "/jobs",
        "/reports/access",
        "/nowhere",
        &one,
        &audit,
    ] {
        let answer = stage.agency.call(Method::GET, path, None, None).await?;
        said.push(format!("{:?} {}", answer.headers, answer.text));
    }
    for path in ["/metrics", "/readyz", "/healthz"] {
        said.push(stage.probe(path).await?.text);
    }
    for arguments in [["doctor"].as_slice(), &["jobs", "list"], &["vault", "keys"]] {
        let told = tokio::time::timeout(Duration::from_secs(30), stage.run(arguments)).await??;
        said.push(String::from_utf8_lossy(&told.stdout).into_owned());
        said.push(String::from_utf8_lossy(&told.stderr).into_owned());
    }
    Ok(said)
}

async fn needles(stage: &Stage, other: &Other, states: Vec<String>) -> anyhow::Result<Vec<Needle>> {
    let states = states.into_iter().filter(|state| !state.is_empty());
    let secret_part = stage.agency.key.splitn(5, '_').last().unwrap_or_default();
    let mut needles: Vec<Needle> = states.map(|state| Needle::new("a state", state)).collect();
    needles.extend(
        other
            .server
            .secrets()
            .await
            .into_iter()
            .map(|(name, text)| Needle::new(name, text)),
    );
    needles.extend([
        Needle::new("a code of nobody", "canary-code-of-nobody"),
        Needle::new("an access token of nobody", "canary-access-of-nobody"),
        Needle::new("a refresh token of nobody", "canary-refresh-of-nobody"),
        Needle::new("a client secret", other.secret()),
        Needle::new("Google's client secret", "canary-client-secret-of-google"),
        Needle::new("the API key", stage.agency.key.clone()),
        Needle::new("the API key's secret part", secret_part),
        Needle::new("the mail server's password", PASSWORD),
    ]);
    let keyring = std::fs::read_to_string(stage.files.keyring())?;
    let keys = keyring
        .lines()
        .filter_map(|line| line.split('"').nth(1))
        .filter(|text| text.len() == 44);
    needles.extend(keys.map(|key| Needle::new("a key", key.trim_end_matches('='))));
    Ok(needles)
}
