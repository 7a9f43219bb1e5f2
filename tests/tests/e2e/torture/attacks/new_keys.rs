//! VA-3: the key that everything is sealed under changes, is killed while it does, and nobody notices.

use std::{
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{bail, ensure};
use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Issued, Stage, program},
    on_both_databases,
    scale::scaled,
    seed::seed,
    torture::figure,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;
use tokio::{task::JoinSet, time::interval};

on_both_databases!(a_change_of_keys_that_is_killed_again_and_again_fails_no_read);

/// In a short run; a long one has ten thousand.
const RECORDS: usize = 400;
/// A hundred reads a second.
const BETWEEN_READS: Duration = Duration::from_millis(10);
const LINKS_READ: usize = 20;
/// Until every server has looked at its keyring, a change does nothing else.
const WAITS_MS: u64 = 3_000;

/// VA-3: sealed addresses of links are read a hundred times a second while `grantlink vault rotate` is killed, three times
/// or twenty at length, and then let finish: before the new key seals, after it, and while records are brought under it.
/// No read fails; afterwards everything stands under the new key, the old one is destroyed, and everything still opens.
///
/// Mutant: without the server looking at its keyring, reads fail while keys change, and so does this.
async fn a_change_of_keys_that_is_killed_again_and_again_fails_no_read(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let links = issued(&stage, scaled(RECORDS)).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let readers = read_on(&stage.agency, &links[..LINKS_READ], &stop);
    let mut chance = StdRng::seed_from_u64(seed());
    let kills = if scaled(1) > 1 { 20 } else { 3 };
    change_keys(&stage, &mut chance, kills, links.len()).await?;
    stop.store(true, Ordering::SeqCst);
    let reads = readers.await??;
    for link in &links {
        reveal(&stage.agency, link).await?;
    }
    figure(&format!(
        "{reads} reads of {} records through {kills} kills",
        links.len()
    ))
}

/// Changes the key, is killed so often while it does, and destroys the old ones: one key is left. So many records are brought under
/// it.
pub(in crate::torture) async fn change_keys(
    stage: &Stage,
    chance: &mut StdRng,
    kills: usize,
    records: usize,
) -> anyhow::Result<()> {
    let bringing = 100 + records as u64 / 4;
    for kill in 0..kills {
        // Which instant it is, is the chance of the story.
        let instant = match kill {
            0 => chance.random_range(50..WAITS_MS),
            1 => chance.random_range(WAITS_MS + 200..2 * WAITS_MS),
            _ => chance.random_range(WAITS_MS..WAITS_MS + bringing),
        };
        let mut command = Command::new(program()?);
        command.arg("--config").arg(stage.files.config());
        let rotating = command
            .args(["vault", "rotate"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut rotating = rotating.spawn()?;
        tokio::time::sleep(Duration::from_millis(instant)).await;
        rotating.kill()?;
        rotating.wait()?;
    }
    succeeds(stage, &["vault", "rotate"]).await?;
    let keys = succeeds(stage, &["vault", "keys"]).await?;
    for old in keys.lines().filter(|line| !line.contains("\tactive")) {
        let id = old.split('\t').next().unwrap_or_default();
        succeeds(stage, &["vault", "retire", id]).await?;
    }
    let left = succeeds(stage, &["vault", "keys"]).await?;
    ensure!(left.lines().filter(|line| line.contains('\t')).count() == 1, "{left}");
    Ok(())
}

async fn issued(stage: &Stage, count: usize) -> anyhow::Result<Vec<Issued>> {
    let mut links = vec![];
    let mut tasks: JoinSet<anyhow::Result<Vec<Issued>>> = JoinSet::new();
    for _ in 0..8 {
        let (agency, count) = (stage.agency.clone(), count / 8);
        tasks.spawn(async move {
            let mut links = vec![];
            for _ in 0..count {
                links.push(agency.fresh_link().await?);
            }
            Ok(links)
        });
    }
    while let Some(some) = tasks.join_next().await {
        links.extend(some??);
    }
    Ok(links)
}

fn read_on(
    agency: &Agency,
    links: &[Issued],
    stop: &Arc<AtomicBool>,
) -> tokio::task::JoinHandle<anyhow::Result<usize>> {
    let (agency, links, stop) = (agency.clone(), links.to_vec(), Arc::clone(stop));
    tokio::spawn(async move {
        let (mut beat, mut reads) = (interval(BETWEEN_READS), JoinSet::new());
        let mut count = 0;
        while !stop.load(Ordering::SeqCst) {
            beat.tick().await;
            let (agency, link) = (agency.clone(), links[count % links.len()].clone());
            reads.spawn(async move { reveal(&agency, &link).await });
            count += 1;
            while let Some(read) = reads.try_join_next() {
                read??;
            }
        }
        while let Some(read) = reads.join_next().await {
            read??;
        }
        Ok(count)
    })
}

async fn reveal(agency: &Agency, link: &Issued) -> anyhow::Result<()> {
    let path = format!("/links/{}/reveal", link.id);
    let shown = agency.post(&path, &json!({})).await?.ok()?;
    ensure!(shown["url"] == json!(link.url), "another address was shown");
    Ok(())
}

async fn succeeds(stage: &Stage, arguments: &[&str]) -> anyhow::Result<String> {
    let told = stage.run(arguments).await?;
    if told.status.success() {
        return Ok(String::from_utf8_lossy(&told.stdout).into_owned());
    }
    bail!("{arguments:?}: {}", String::from_utf8_lossy(&told.stderr))
}
