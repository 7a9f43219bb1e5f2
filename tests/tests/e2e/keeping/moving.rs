//! An installation moves from one database to another, and back.

use std::{path::PathBuf, process::Stdio};

use anyhow::{Context, ensure};
use grantlink_tests::{
    conformance::{Database, Kind, run},
    harness::{Browser, Issue, Issued, Stage, program},
    on_both_databases,
};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::{BAKERY, CAKES, connect};

on_both_databases!(
    what_is_damaged_is_refused_before_anything_stands,
    an_import_that_is_killed_leaves_nothing_and_can_begin_again,
    an_export_of_a_part_is_for_reading_alone,
);

const CHECKS: &str = "SELECT count(*) FROM job WHERE kind = 'check_daily' AND state = 'queued'";
const READS: &str = "SELECT count(*) FROM credential_read";

/// Same positions, same hashes, same times; the vault as it is sealed, so links still open. And the way back, byte by byte.
#[tokio::test(flavor = "multi_thread")]
async fn an_installation_moves_from_sqlite_to_postgres_and_back() -> anyhow::Result<()> {
    let there = |from| async move { run(Kind::Postgres, |to| moved(from, to)).await };
    run(Kind::Sqlite, there).await
}

async fn moved(from: Database, to: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(from).await?;
    let (links, shown) = town(&stage).await?;
    until!("the daily check waits", stage.database.number(CHECKS).await? == 1);
    stage.server.kill()?;
    let first = archive(&stage, "first", &["--with-vault"]).await?;
    let state = said(&stage, &["verify", "log"]).await?;
    let state = state.lines().last().context("no state")?.to_owned();

    stage.files.move_to(&to)?;
    let imported = said(&stage, &["import", &first.display().to_string()]).await?;
    assert!(imported.contains(&state), "{imported}");
    let file = first.display().to_string();
    said(&stage, &["verify", "log", "--expect", &state, "--against", &file]).await?;
    assert_eq!(
        to.number(CHECKS).await?,
        1,
        "nobody has to sign in for the daily check to go on"
    );
    assert_eq!(to.number(READS).await?, 2, "who read what is evidence");
    let back = archive(&stage, "back", &["--with-vault"]).await?;
    assert!(
        std::fs::read(&first)? == std::fs::read(&back)?,
        "the way back is another"
    );

    stage.server.spawn_again()?;
    stage.server.wait_until_it_answers().await?;
    assert_eq!(views(&stage).await?, shown);
    let revealed = stage
        .agency
        .post(&format!("/links/{}/reveal", links[1].id), &json!({}))
        .await?
        .ok()?;
    assert_eq!(revealed["url"], json!(links[1].url));
    let page = Browser::new()?.open_link(&links[1].url).await?;
    page.expect(200, "Olive & Thyme Bakery, cakes")?;
    connect(&links[1], CAKES).await?;
    let moved_on = stage.agency.integration_now(&links[1]).await?;
    assert_eq!(moved_on["badge"]["usable"], json!(true));

    stage.server.kill()?;
    let last = archive(&stage, "last", &["--with-vault"]).await?;
    let home = Database::in_folder(&std::env::temp_dir()).await?;
    stage.files.move_to(&home)?;
    said(&stage, &["import", &last.display().to_string()]).await?;
    let again = archive(&stage, "again", &["--with-vault"]).await?;
    assert!(std::fs::read(&last)? == std::fs::read(&again)?);
    Ok(())
}

/// A connection that works, a link that is live, an answer that is kept, and what the views show of them.
async fn town(stage: &Stage) -> anyhow::Result<(Vec<Issued>, Value)> {
    let place = stage.agency.bakery().await?;
    let issue = Issue {
        name: Some("Reviews of the bakery"),
        ..Issue::default()
    };
    let connected = stage.agency.link_with(&place, &issue).await?;
    connect(&connected, BAKERY).await?;
    let cakes = stage
        .agency
        .another_location(&place, "Olive & Thyme Bakery, cakes")
        .await?;
    let live = stage.agency.link_with(&cakes, &issue).await?;
    let path = format!("/customers/{}/locations", place.customer);
    stage
        .agency
        .post_once(&path, "stall", &json!({"name": "Stall"}))
        .await?
        .ok()?;
    for purpose in ["sync", "audit"] {
        let path = format!("/integrations/{}/credentials?purpose={purpose}", connected.integration);
        stage.agency.read(&path).await?;
    }
    let shown = views(stage).await?;
    Ok((vec![connected, live], shown))
}

/// What the views show, once they show everything.
async fn views(stage: &Stage) -> anyhow::Result<Value> {
    let links = stage.agency.read("/links").await?;
    let integrations = stage.agency.integrations_once_checked().await?;
    Ok(json!([links["data"], integrations["data"]]))
}

async fn archive(stage: &Stage, name: &str, more: &[&str]) -> anyhow::Result<PathBuf> {
    let file = stage.files.folder().join(name);
    let shown = file.display().to_string();
    said(stage, &[&["export", &shown], more].concat()).await?;
    Ok(file)
}

/// What a command says when it succeeds.
async fn said(stage: &Stage, arguments: &[&str]) -> anyhow::Result<String> {
    let output = stage.run(arguments).await?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {complaint}");
    Ok(String::from_utf8(output.stdout)?)
}

/// What a command complains about.
async fn refused(stage: &Stage, arguments: &[&str]) -> anyhow::Result<String> {
    let output = stage.run(arguments).await?;
    ensure!(!output.status.success(), "{arguments:?} succeeded");
    Ok(String::from_utf8(output.stderr)?)
}

/// A new database of the same kind, which the stage's configuration names from now on.
async fn new_home(stage: &Stage) -> anyhow::Result<Database> {
    let home = match stage.database.kind() {
        Kind::Sqlite => Database::in_folder(&std::env::temp_dir()).await?,
        Kind::Postgres => {
            let server = std::env::var("GRANTLINK_TEST_POSTGRES").context("GRANTLINK_TEST_POSTGRES names no server")?;
            Database::on_server(server).await?
        }
    };
    stage.files.move_to(&home)?;
    Ok(home)
}

const ROWS: &str =
    "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM vault) + (SELECT count(*) FROM receipts)";

/// ES-12, as it were: a file that was cut off, altered, reordered or added to; a row beside the log that was altered; a database
/// that is not empty.
///
/// Mutant: when the footer's hash is not compared, the altered vault row is imported, and this fails.
async fn what_is_damaged_is_refused_before_anything_stands(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    town(&stage).await?;
    stage.server.kill()?;
    let file = archive(&stage, "whole", &["--with-vault"]).await?;
    let whole = std::fs::read_to_string(&file)?;
    let lines: Vec<&str> = whole.lines().collect();
    let complaint = refused(&stage, &["import", &file.display().to_string()]).await?;
    assert!(complaint.contains("the database is not empty"), "{complaint}");

    let home = new_home(&stage).await?;
    let without = |place: usize| [&lines[..place], &lines[place + 1..]].concat().join("\n") + "\n";
    let sealed = whole.find("\"sealed\":\"01").context("nothing is sealed")? + 14;
    let other = |place: usize| if whole[place..].starts_with('f') { '0' } else { 'f' };
    let altered = |place: usize| format!("{}{}{}", &whole[..place], other(place), &whole[place + 1..]);
    let mut exchanged = lines.clone();
    exchanged.swap(3, 4);
    let damaged = [
        ("without its end", without(lines.len() - 1)),
        ("cut within a line", whole[..whole.len() - 20].to_owned()),
        ("without an event", without(4)),
        ("without a vault row", without(lines.len() - 3)),
        (
            "with an altered event",
            whole
                .replacen("\"google\"", "\"yahoo!\"", 1)
                .replacen("\\\"google\\\"", "\\\"googly\\\"", 1),
        ),
        ("with an altered seal", altered(sealed + 100)),
        ("with two events exchanged", exchanged.join("\n") + "\n"),
        ("with something behind it", format!("{whole}{{}}\n")),
        ("that is empty", String::new()),
        ("that is something else", "Dear agency,\n".to_owned()),
    ];
    let bad = stage.files.folder().join("bad");
    for (how, text) in damaged {
        assert!(text != whole, "{how}");
        std::fs::write(&bad, text)?;
        let complaint = refused(&stage, &["import", &bad.display().to_string()]).await?;
        assert!(complaint.contains("is not what was exported"), "{how}: {complaint}");
        assert_eq!(home.number(ROWS).await?, 0, "{how}");
    }
    let strangers = whole.replacen("\"installation\":\"0", "\"installation\":\"1", 1);
    std::fs::write(&bad, strangers)?;
    let complaint = refused(&stage, &["import", &bad.display().to_string()]).await?;
    assert!(complaint.contains("another installation's"), "{complaint}");

    said(&stage, &["import", &file.display().to_string()]).await?;
    assert_eq!(home.number(ROWS).await?, stage.database.number(ROWS).await?);
    home.destroy().await
}

/// SIGKILL in the middle: one transaction, so there is nothing to clean up.
///
/// Mutant: with a commit after every batch, half a log stands there, and this fails.
async fn an_import_that_is_killed_leaves_nothing_and_can_begin_again(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    for number in 0..300 {
        let body = json!({"name": format!("Neighbour {number}"), "locations": [{"name": "Here"}]});
        stage.agency.post("/customers", &body).await?.ok()?;
    }
    stage.server.kill()?;
    let file = archive(&stage, "whole", &["--with-vault"]).await?;
    let whole = std::fs::read(&file)?;
    let home = new_home(&stage).await?;
    let mut import = tokio::process::Command::new(program()?);
    import.arg("--config").arg(stage.files.config()).args(["import", "-"]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GRANTLINK_") {
            import.env_remove(name);
        }
    }
    let mut import = import
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut half = import.stdin.take().context("no standard input")?;
    // More than fits into the pipe: when this returns, most of it was read, and batches were written.
    half.write_all(&whole[..whole.len() * 9 / 10]).await?;
    import.kill().await?;
    assert_eq!(home.number(ROWS).await?, 0);
    said(&stage, &["import", &file.display().to_string()]).await?;
    said(&stage, &["verify", "log", "--against", &file.display().to_string()]).await?;
    home.destroy().await
}

/// Without the keys of what is sealed in it, a log can be looked at, and nothing can go on.
async fn an_export_of_a_part_is_for_reading_alone(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (links, _) = town(&stage).await?;
    let part = archive(&stage, "part", &["--from", "3", "--to", "9"]).await?;
    let text = std::fs::read_to_string(&part)?;
    let events = text.lines().filter(|line| line.starts_with("{\"event\":"));
    assert_eq!(events.count(), 7);
    assert!(!text.contains("Olive"), "what is sealed stays sealed");
    let log = archive(&stage, "log", &[]).await?.display().to_string();
    let overwriting = refused(&stage, &["export", &log]).await?;
    assert!(overwriting.contains("cannot be made"), "{overwriting}");
    let complaint = refused(&stage, &["export", "--with-vault", "--from", "2"]).await?;
    assert!(complaint.contains("the whole log alone"), "{complaint}");

    let home = new_home(&stage).await?;
    let complaint = refused(&stage, &["import", &part.display().to_string()]).await?;
    assert!(complaint.contains("does not begin with the first event"), "{complaint}");
    let complaint = refused(&stage, &["import", &log]).await?;
    assert!(complaint.contains("without the keys"), "{complaint}");
    said(&stage, &["import", "--log-only", &log]).await?;
    said(&stage, &["verify", "log", "--against", &log]).await?;
    let told = said(&stage, &["replay", &links[0].id]).await?;
    assert!(
        told.contains("issued a connect link") && !told.contains("Reviews of the bakery"),
        "{told}"
    );
    home.destroy().await
}
