//! The key that everything secret is sealed under is changed while customers connect.

use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Browser, Consent, Issued, Stage, program},
    on_both_databases,
};
use serde_json::json;

use super::{BAKERY, CAKES, connect};

on_both_databases!(
    a_new_key_takes_over_while_a_customer_is_signing_in,
    a_change_of_keys_that_was_killed_is_finished_by_the_next_call,
    a_record_that_was_moved_is_named_and_left_alone,
    a_keyring_that_is_a_text_is_changed_by_hand,
);

/// One link's record, put into another's place.
const MOVED: &str = "UPDATE vault
    SET sealed = (SELECT other.sealed FROM vault AS other WHERE other.kind = 'link_token' AND other.owner <> vault.owner
        ORDER BY other.owner DESC LIMIT 1)
    WHERE kind = 'link_token' AND owner = (SELECT min(owner) FROM vault WHERE kind = 'link_token')";
const LONGEST: Duration = Duration::from_mins(1);

/// VA-3. Halfway through the sign-in, with a stored answer, names, and credentials that were there before.
///
/// Mutants: without the attempts' records, who is halfway cannot finish once the old key is gone; without the server looking at its
/// keyring, links cannot be shown again while keys change.
async fn a_new_key_takes_over_while_a_customer_is_signing_in(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    let before = stage.agency.fresh_link().await?;
    connect(&before, BAKERY).await?;
    let place = stage.agency.bakery().await?;
    let asked = json!({"customer_id": place.customer, "location_id": place.location, "provider": "google"});
    let first_answer = stage.agency.post_once("/links", "once", &asked).await?.ok()?;
    let halfway = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&halfway.url).await?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let handed_over = browser.follow(&decided).await?;

    let stop = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn(keep_revealing(stage.agency.clone(), halfway.clone(), Arc::clone(&stop)));
    succeeds(&stage, &["vault", "rotate"], "records were brought under k2").await?;
    succeeds(&stage, &["vault", "retire", "k1"], "k1 is gone").await?;
    stop.store(true, Ordering::SeqCst);
    let revealed = reading.await??;
    ensure!(revealed > 10, "only {revealed} reads went on beside it");
    let keys = succeeds(&stage, &["vault", "keys"], "k2\tactive").await?;
    assert!(!keys.contains("k1") && !keys.contains("GONE"), "{keys}");

    stage.server.restart().await?; // nothing of the old key is in memory any more
    let signed_in = browser.follow(&handed_over).await?;
    let picker = browser.follow(&signed_in).await?;
    browser
        .pick(&picker, CAKES)
        .await?
        .expect(200, "Connection created successfully")?;
    assert_eq!(
        stage.agency.post_once("/links", "once", &asked).await?.ok()?,
        first_answer
    );
    let told = stage.agency.audit(&before).await?;
    assert!(told.iter().any(|line| line.contains("olive@example.com")), "{told:?}");
    Ok(())
}

/// VA-3. Killed after the new key was made and before anything, or everything, was brought under it.
async fn a_change_of_keys_that_was_killed_is_finished_by_the_next_call(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut rotating = begun(&stage)?;
    let deadline = Instant::now() + LONGEST;
    while !std::fs::read_to_string(stage.files.keyring())?.contains("active = \"k2\"") {
        ensure!(Instant::now() < deadline, "no new key is made");
        tokio::time::sleep(Duration::from_millis(5)).await; // until the next look
    }
    rotating.kill()?;
    rotating.wait()?;
    let refused = stage.run(&["vault", "retire", "k1"]).await?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("records stand under k1"),
        "{said}"
    );

    succeeds(&stage, &["vault", "rotate"], "going on with it").await?;
    let keys = succeeds(&stage, &["vault", "keys"], "k2\tactive").await?;
    let made_another = keys.lines().any(|key| key.starts_with("k3\t"));
    assert!(!made_another, "it went on with the key that was made: {keys}");
    succeeds(&stage, &["vault", "retire", "k1"], "k1 is gone").await?;
    reveal(&stage.agency, &link).await
}

/// VA-1. One link's token stands where another's belongs.
async fn a_record_that_was_moved_is_named_and_left_alone(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    for _ in 0..3 {
        stage.agency.fresh_link().await?;
    }
    stage.database.execute(MOVED).await?;
    let told = stage.run(&["vault", "rotate"]).await?;
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(!told.status.success(), "{said}");
    assert!(
        said.contains("A link_token of tenant") && said.contains("1 records were moved or altered"),
        "{said}"
    );
    let refused = stage.run(&["vault", "retire", "k1"]).await?;
    assert!(!refused.status.success(), "a record stands under it still");
    let keys = succeeds(&stage, &["vault", "keys"], "k1\topens\t1 records").await?;
    assert!(keys.contains("k2\tactive"), "{keys}");
    Ok(())
}

/// VA-3. The keyring stands in the configuration: the second key is written beside the first, made the active one, and the first taken out,
/// with a start of the server each time.
///
/// Mutant: when `vault rotate` wants a keyring's file also to go on with a change, this fails.
async fn a_keyring_that_is_a_text_is_changed_by_hand(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let first = std::fs::read_to_string(stage.files.keyring())?;
    let file = format!("file = \"{}\"", stage.files.keyring().display());
    let configuration = stage.files.configuration()?.replace(&file, "<keys>");
    let ledger = stage.files.folder().join("erasures.ndjson");
    let configuration = format!("{configuration}\n[erasure]\nledger = \"{}\"\n", ledger.display());
    let second = format!("{first}k2 = \"{}\"\n", STANDARD.encode(rand::random::<[u8; 32]>()));
    let active = second.replace("active = \"k1\"", "active = \"k2\"");
    for text in [&first, &second, &active] {
        stage
            .files
            .configure(&configuration.replace("<keys>", &format!("text = '''\n{text}'''")))?;
        stage.server.restart().await?;
        reveal(&stage.agency, &link).await?;
    }
    let refused = stage.run(&["vault", "retire", "k1"]).await?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("change keys.text yourself"),
        "{said}"
    );
    succeeds(&stage, &["vault", "rotate"], "records were brought under k2").await?;

    let without: String = active
        .lines()
        .filter(|line| !line.starts_with("k1 ="))
        .fold(String::new(), |all, line| all + line + "\n");
    stage
        .files
        .configure(&configuration.replace("<keys>", &format!("text = '''\n{without}'''")))?;
    stage.server.restart().await?;
    reveal(&stage.agency, &link).await?;
    connect(&link, BAKERY).await
}

/// What a command says when it succeeds, which must hold some words.
async fn succeeds(stage: &Stage, arguments: &[&str], words: &str) -> anyhow::Result<String> {
    let told = stage.run(arguments).await?;
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    if told.status.success() && said.contains(words) {
        return Ok(said);
    }
    bail!("{arguments:?}: {said}{}", String::from_utf8_lossy(&told.stderr))
}

fn begun(stage: &Stage) -> anyhow::Result<Child> {
    let mut command = Command::new(program()?);
    command
        .arg("--config")
        .arg(stage.files.config())
        .args(["vault", "rotate"]);
    Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

/// Shows a link's address again, again and again; how often it could be shown.
async fn keep_revealing(agency: Agency, link: Issued, stop: Arc<AtomicBool>) -> anyhow::Result<usize> {
    let mut revealed = 0;
    while !stop.load(Ordering::SeqCst) {
        reveal(&agency, &link).await?;
        revealed += 1;
    }
    Ok(revealed)
}

async fn reveal(agency: &Agency, link: &Issued) -> anyhow::Result<()> {
    let shown = agency
        .post(&format!("/links/{}/reveal", link.id), &json!({}))
        .await?
        .ok()?;
    ensure!(shown["url"] == json!(link.url), "another address was shown");
    Ok(())
}
