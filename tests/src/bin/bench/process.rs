//! The program itself: how much memory it takes, how fast it starts, how large it is.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use application::ports::log::Commit;
use grantlink_load::Amount;
use grantlink_tests::{
    conformance::{Draft, opening},
    harness::{Browser, CALLBACK_HOST, Stage, program},
};
use reqwest::Method;
use serde_json::json;

use crate::{
    database::{On, on_new},
    http::{Connection, Link, Town, settled},
    log,
    many::by_many,
};

/// Pages that are looked at before the memory is read.
const LOOKS: usize = 200;
/// Observations in one commit of those that the log is filled with.
const BATCH: usize = 1_000;
/// Times that it is started.
const STARTS: usize = 10;
const LONGEST: Duration = Duration::from_mins(10);
const POLL: Duration = Duration::from_millis(1);

/// How large the program is, in megabytes.
pub(crate) fn size() -> anyhow::Result<Amount> {
    Ok(megabytes(std::fs::metadata(program()?)?.len()))
}

/// The resident memory of a server that nobody asks for anything, in megabytes.
pub(crate) async fn idle_memory() -> anyhow::Result<Amount> {
    on_new(On::Postgres, |database| async move {
        let mut stage = Stage::set(database).await?;
        settled(&mut stage).await?;
        tokio::time::sleep(Duration::from_secs(2)).await; // idle is what is measured
        resident(stage.server.pid())
    })
    .await
}

/// The resident memory of a server that has followed a log of so many links and events, and was looked at a bit; in megabytes.
pub(crate) async fn memory(links: usize, events: u64) -> anyhow::Result<Amount> {
    on_new(On::Postgres, move |database| async move {
        let town = Town::build(database).await?;
        let issued = town.links(&town.places(links).await?).await?;
        fill(&town, &issued, events).await?;
        look_around(&town, &issued).await?;
        resident(town.stage.server.pid())
    })
    .await
}

/// Openings of the links, until the log is that long.
async fn fill(town: &Town, links: &[Link], events: u64) -> anyhow::Result<()> {
    let app = town.app();
    let missing = usize::try_from(events.saturating_sub(app.log.head().await?.0))?;
    let tenant = town.tenant();
    by_many(missing.div_ceil(BATCH), |number| {
        let log = app.log.clone();
        let openings = (number * BATCH..missing.min((number + 1) * BATCH)).map(|at| &links[at % links.len()]);
        let commit = Commit {
            observations: openings
                .map(|link| opening(tenant, link.id, link.integration))
                .collect(),
            ..Draft::of(tenant).commit()
        };
        async move {
            log.commit(commit).await?;
            Ok(())
        }
    })
    .await?;
    Ok(())
}

/// Waits until the views show everything, then opens links and turns pages of lists.
async fn look_around(town: &Town, links: &[Link]) -> anyhow::Result<()> {
    let agency = &town.stage.agency;
    let created = agency.post("/customers", &json!({ "name": "The last one" })).await?;
    created.ok()?;
    let position = created
        .headers
        .get("grantlink-position")
        .context("no position")?
        .to_str()?;
    let deadline = Instant::now() + LONGEST;
    for path in [
        "/links?limit=100".to_owned(),
        "/integrations?limit=100".to_owned(),
        format!("/links/{}/audit", links[0].id),
    ] {
        while agency.call(Method::GET, &path, Some(position), None).await?.status == 503 {
            ensure!(Instant::now() < deadline, "the views do not get there");
        }
    }
    for link in links.iter().take(LOOKS) {
        Browser::new()?
            .open_link(&link.address)
            .await?
            .expect(200, "Accept & Connect")?;
        agency.call(Method::GET, "/links?limit=100", None, None).await?.ok()?;
    }
    Ok(())
}

/// From the start of the program to its first answer on a database that it has served before: the median, in milliseconds.
pub(crate) async fn start() -> anyhow::Result<Amount> {
    on_new(On::Postgres, |database| async move {
        let mut town = Town::build(database).await?;
        town.links(&town.places(LOOKS).await?).await?;
        let server = &mut town.stage.server;
        let request = format!(
            "GET /openapi.json HTTP/1.1\r\nhost: {CALLBACK_HOST}:{}\r\n\r\n",
            server.port()
        );
        let mut took = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            server.kill()?;
            let began = Instant::now();
            server.spawn_again()?;
            let mut connection = loop {
                match Connection::open(server.port()).await {
                    Ok(connection) => break connection,
                    Err(error) => ensure!(began.elapsed() < LONGEST, "it does not start: {error}"),
                }
                tokio::time::sleep(POLL).await;
            };
            connection.ask(request.as_bytes(), 200).await?;
            took.push(began.elapsed().as_secs_f64() * 1e3);
        }
        took.sort_unstable_by(f64::total_cmp);
        Ok(Amount {
            amount: f64::midpoint(took[STARTS / 2 - 1], took[STARTS / 2]),
        })
    })
    .await
}

/// The most memory that `grantlink rebuild` holds while it folds so many events into as many rows, in megabytes.
pub(crate) async fn rebuild_memory(events: usize) -> anyhow::Result<Amount> {
    on_new(On::Postgres, move |database| async move {
        let mut stage = Stage::set(database.clone()).await?;
        stage.server.kill()?;
        let stores = database.open().await?;
        log::fill(&database, &stores.log, events).await?;
        stores.close().await;
        let mut rebuild = std::process::Command::new(program()?)
            .arg("--config")
            .arg(stage.files.config())
            .args(["rebuild", "link"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut most = megabytes(0);
        let ended = loop {
            if let Ok(peak) = memory_of(rebuild.id(), "VmHWM:") {
                most = peak; // the kernel counts the peak; what is read last is all of it but the last moment
            }
            if let Some(ended) = rebuild.try_wait()? {
                break ended;
            }
            tokio::time::sleep(POLL).await;
        };
        ensure!(ended.success(), "the rebuild ended with {ended}");
        Ok(most)
    })
    .await
}

/// What the kernel says that a process holds in memory.
fn resident(process: u32) -> anyhow::Result<Amount> {
    memory_of(process, "VmRSS:")
}

fn memory_of(process: u32, figure: &str) -> anyhow::Result<Amount> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(figure));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    let kilobytes: u64 = kilobytes.context("the kernel does not say")?.parse()?;
    Ok(megabytes(kilobytes * 1024))
}

#[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^52")]
fn megabytes(bytes: u64) -> Amount {
    Amount {
        amount: bytes as f64 / 1e6,
    }
}
