//! `grantlink doctor` looks over the installation.

use std::{fs::Permissions, os::unix::fs::PermissionsExt, time::Instant};

use anyhow::{Context, ensure};
use grantlink_tests::{conformance::Database, harness::Stage, on_both_databases};
use serde_json::Value;

use super::{LONGEST, POLL};

on_both_databases!(the_doctor_says_what_is_wrong_and_what_to_do);

/// Mutant: with every exit code 0, both halves fail.
async fn the_doctor_says_what_is_wrong_and_what_to_do(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let deadline = Instant::now() + LONGEST;
    // Well, but for an address that serves this machine alone. The private server of tests may flush less than a real one.
    let (code, findings) = loop {
        let (code, findings) = examined(&stage).await?;
        if verdict(&findings, "database") == "well" {
            break (code, findings);
        }
        ensure!(Instant::now() < deadline, "{findings}");
        tokio::time::sleep(POLL).await; // until the next look
    };
    ensure!(
        code == Some(1) || verdict(&findings, "PostgreSQL") == "wrong",
        "{code:?}: {findings}"
    );
    assert_eq!(verdict(&findings, "keyring"), "well", "{findings}");
    assert_eq!(verdict(&findings, "public address"), "warning", "{findings}");
    assert_eq!(verdict(&findings, "view"), "well", "{findings}");

    std::fs::set_permissions(stage.files.keyring(), Permissions::from_mode(0o644))?;
    let (code, findings) = examined(&stage).await?;
    assert_eq!((code, verdict(&findings, "keyring")), (Some(2), "wrong"), "{findings}");
    let said = stage.files.ask(&["doctor"]).await?;
    let said = String::from_utf8(said.stdout)?;
    assert!(said.contains("chmod 600"), "{said}");
    let secret = std::fs::read_to_string(stage.files.keyring())?;
    for line in secret.lines().filter_map(|line| line.split_once(" = \"")) {
        let value = line.1.trim_end_matches('"');
        assert!(value.len() < 40 || !said.contains(value), "a key is told");
    }
    Ok(())
}

async fn examined(stage: &Stage) -> anyhow::Result<(Option<i32>, Value)> {
    let output = stage.files.ask(&["doctor", "--json"]).await?;
    let findings = serde_json::from_slice(&output.stdout);
    let findings = findings.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((output.status.code(), findings))
}

/// What was found about something, the first time that it is named.
fn verdict<'a>(findings: &'a Value, about: &str) -> &'a str {
    let found = findings.as_array().into_iter().flatten();
    let mut found = found.filter(|finding| finding["about"] == about);
    found.find_map(|finding| finding["verdict"].as_str()).unwrap_or("-")
}
