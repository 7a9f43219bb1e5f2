//! The command line beside a server that serves, and a server that refuses to.

use std::process::Output;

use anyhow::Context;
use domain::ids::InstallationId;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Stage},
    on_both_databases,
};
use serde_json::{Value, json};

use super::BAKERY;

on_both_databases!(
    the_story_of_a_link_can_be_replayed_by_its_id_and_by_its_address,
    every_view_can_be_rebuilt_while_the_server_serves,
    a_key_that_the_command_line_took_back_is_dead_with_the_next_call,
    a_server_that_would_not_be_safe_says_what_to_change,
);

/// Who did what when, readable by a person, and by a machine.
async fn the_story_of_a_link_can_be_replayed_by_its_id_and_by_its_address(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    let by_id = said(&stage.run(&["replay", &link.id]).await?)?;
    assert_eq!(said(&stage.run(&["replay", &link.url]).await?)?, by_id);
    let told = stage.agency.audit(&link).await?;
    assert_eq!(by_id.lines().count(), told.len(), "{by_id}");
    for (line, sentence) in by_id.lines().zip(&told) {
        assert!(line.contains(sentence), "{sentence}: {line}");
    }
    assert!(!by_id.contains(link.token()));
    let json = said(&stage.run(&["replay", &link.id, "--json"]).await?)?;
    for line in json.lines() {
        serde_json::from_str::<Value>(line)?;
    }
    let nobody = stage.run(&["replay", "01900000-0000-8000-8000-000000000001"]).await?;
    assert!(!nobody.status.success() && complaint(&nobody).contains("there is no such link"));
    Ok(())
}

/// A rebuilt view reads as the live one did, and goes on from there.
async fn every_view_can_be_rebuilt_while_the_server_serves(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (connected, waiting) = (stage.agency.fresh_link().await?, stage.agency.fresh_link().await?);
    Browser::new()?.complete(&connected.url, "olive", BAKERY).await?;
    let read = async || -> anyhow::Result<Vec<Value>> {
        let audit = format!("/links/{}/audit?limit=200", connected.id);
        let integrations = stage.agency.integrations_once_checked().await?;
        let (links, audit) = (stage.agency.read("/links?limit=200"), stage.agency.read(&audit));
        Ok(vec![integrations, links.await?, audit.await?])
    };
    let before = read().await?;
    for view in ["link", "integration", "audit_entry"] {
        let done = said(&stage.run(&["rebuild", view]).await?)?;
        assert!(done.contains(&format!("{view} is rebuilt up to position")), "{done}");
        assert_eq!(read().await?, before, "after {view} was rebuilt");
    }
    said(&stage.run(&["rebuild"]).await?)?;
    Browser::new()?.complete(&waiting.url, "bea", super::BOOKS).await?;
    assert_eq!(
        stage.agency.integration_now(&waiting).await?["badge"]["label"],
        "Via Link"
    );
    assert_eq!(stage.agency.link_now(&waiting).await?["status"], "completed");
    let unknown = stage.run(&["rebuild", "nothing"]).await?;
    assert!(
        complaint(&unknown).contains("there are: link, integration, audit_entry"),
        "{}",
        complaint(&unknown)
    );
    Ok(())
}

/// ES-11: the server has the agency in its memory; another process changes it.
///
/// Mutant: when the server answers from memory without asking the log for what is new, the key that was just issued opens nothing.
async fn a_key_that_the_command_line_took_back_is_dead_with_the_next_call(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let issued = stage
        .run(&["agency", "issue-key", "--agency", &stage.agency.id])
        .await?;
    let key = said(&issued)?
        .split_whitespace()
        .find(|word| word.starts_with("glk_"))
        .map(str::to_owned);
    let mut second = stage.agency.clone();
    second.key = key.context("no key was printed")?;
    second.link_now(&link).await?;
    said(
        &stage
            .run(&["agency", "revoke-key", "--agency", &stage.agency.id, "--number", "1"])
            .await?,
    )?;
    let refused = stage
        .agency
        .post(&format!("/links/{}/revoke", link.id), &json!({}))
        .await?;
    assert_eq!(refused.status, 401, "{}", refused.text);
    assert_eq!(second.link_now(&link).await?["status"], "pending");
    Ok(())
}

/// B54: each refusal names what to set, and none of them a secret.
async fn a_server_that_would_not_be_safe_says_what_to_change(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    stage.server.kill()?;
    let good = stage.files.configuration()?;
    let keyring = stage.files.keyring().display().to_string();
    let demo = stage.files.folder().join("demo.toml");
    adapters::vault::Keyring::generate(InstallationId(grantlink_tests::conformance::id()))
        .into_demo()
        .create_file(&demo)?;
    let cases = [
        (
            "connect.localhost",
            "connect.example.com",
            "server.public_url must be https",
        ),
        ("public_url = ", "# public_url = ", "set server.public_url"),
        ("file = ", "# file = ", "grantlink keyring init"),
        (
            keyring.as_str(),
            "/nowhere/keyring.toml",
            "/nowhere/keyring.toml cannot be read",
        ),
        (keyring.as_str(), &demo.display().to_string(), "made by the demo"),
        (
            "[database]\nurl = \"",
            "[database]\nurl = \"mysql://",
            "set database.url",
        ),
        ("client_secret = ", "# client_secret = ", "set client_secret"),
        (
            "listen = \"127.0.0.1",
            "listen = \"0.0.0.0",
            "server.public_url must be https",
        ),
        ("[log]", "[log]\nfliter = 1", "fliter"),
    ];
    for (old, new, words) in cases {
        stage.files.configure(&good.replace(old, new))?;
        let refused = stage.run(&["serve"]).await?;
        let complaint = complaint(&refused);
        assert!(
            !refused.status.success() && complaint.contains(words),
            "{old} -> {new}: {complaint}"
        );
        assert!(!complaint.contains("canary"), "{complaint}");
    }
    stage.files.configure(&good)?;
    stage.server.restart().await?;
    Ok(())
}

pub(super) fn said(output: &Output) -> anyhow::Result<String> {
    anyhow::ensure!(output.status.success(), "{}", complaint(output));
    Ok(String::from_utf8(output.stdout.clone())?)
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
