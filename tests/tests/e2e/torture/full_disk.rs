//! ES-12: a full disk is an honest refusal, and the end of nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use domain::log::Position;
use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Answer, Stage},
    scale::scaled,
    torture::{Postgres, SmallDisk, figure},
};
use reqwest::Method;
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};

const MEGABYTES: u32 = 64;
/// So long after there is room again, everything is as before.
const RECOVERY: Duration = Duration::from_secs(10);
/// A disk that takes so many more customers is not full.
const MANY: usize = 500;
/// Clients that fill the server's write-ahead log.
const CLIENTS: usize = 16;
const POLL: Duration = Duration::from_millis(20);

/// ES-12. Mutant `mutant-full-disk-is-a-bug`: 500 instead of 503. Mutant: when connections are kept on which
/// `SQLite` rolled back by itself, sqlx refuses every later transaction there, and the second refusal is a 500.
#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_full_disk_refuses_and_recovers() -> anyhow::Result<()> {
    let disk = SmallDisk::mount(MEGABYTES)?;
    let database = Database::in_folder(disk.folder()).await?;
    let stage = Stage::set(database).await?;
    let outcome = refuses_and_recovers(&disk, &stage).await;
    outcome.with_context(|| complaints(&stage))
}

/// ES-12. The tables are on the full disk, the server's write-ahead log is not.
///
/// Mutant `mutant-full-disk-is-a-bug`: 500 instead of 503.
#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_full_disk_refuses_and_recovers() -> anyhow::Result<()> {
    let disk = SmallDisk::mount(MEGABYTES)?;
    let server = Postgres::start_in(&[], Some(disk.folder()), None).await?;
    let database = Database::on_server(server.url()).await?;
    let stage = Stage::set(database).await?;
    let outcome = refuses_and_recovers(&disk, &stage).await;
    outcome.with_context(|| complaints(&stage))
}

/// ES-12. `PostgreSQL` ends itself when its write-ahead log cannot grow, and may have to be started again by whoever supervises it.
///
/// Mutant `mutant-synchronous-off`: acknowledged, and lost with the server.
#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_full_disk_that_ends_the_server_loses_nothing() -> anyhow::Result<()> {
    let disk = SmallDisk::mount(MEGABYTES)?;
    let settings = [
        "wal_recycle=off",
        "max_wal_size=4MB",
        "min_wal_size=2MB",
        "wal_writer_delay=10s",
    ];
    let mut server = Postgres::start_in(&settings, None, Some(disk.folder())).await?;
    let stage = Stage::set(Database::on_server(server.url()).await?).await?;
    let mut customers = Customers::of(&stage);
    customers.create(scaled(20)).await?;
    disk.fill()?;
    let enough = Arc::new(AtomicBool::new(false));
    let mut asking = JoinSet::new();
    for _ in 0..CLIENTS {
        asking.spawn(create_until_refused(Customers::of(&stage), Arc::clone(&enough)));
    }
    let deadline = Instant::now() + 3 * RECOVERY;
    while !server.said()?.contains("PANIC") {
        ensure!(
            Instant::now() < deadline,
            "the server never ran out of space:\n{}",
            server.said()?
        );
        // So that the next segment is needed soon. It fails with everything else in the end.
        stage.database.execute("SELECT pg_switch_wal()").await.ok();
    }
    enough.store(true, Ordering::SeqCst);
    disk.make_room()?;
    let deadline = Instant::now() + RECOVERY;
    loop {
        if server.has_ended()? {
            server.start_again().await?;
        }
        if customers.ask().await? {
            break;
        }
        sleep(POLL).await; // as a client does that was told to try again
    }
    ensure!(Instant::now() < deadline, "it took longer than {RECOVERY:?}");
    for other in asking.join_all().await {
        customers.created.extend(other?.created);
    }
    customers.are_all_there(&stage.database).await?;
    figure(&format!(
        "{} customers, 0 lost; the server ended and came back",
        customers.created.len()
    ))
}

async fn refuses_and_recovers(disk: &SmallDisk, stage: &Stage) -> anyhow::Result<()> {
    let (rounds, mut refused) = (scaled(1), 0);
    let mut customers = Customers::of(stage);
    for _ in 0..rounds {
        customers.create(20).await?;
        disk.fill()?;
        refused += customers.are_refused(10).await?;
        disk.make_room()?;
        let room_since = Instant::now();
        while !customers.ask().await? || !customers.views_follow().await? {
            ensure!(
                room_since.elapsed() < RECOVERY,
                "it does not recover within {RECOVERY:?}"
            );
            sleep(POLL).await; // as a client does that was told to try again
        }
    }
    customers.are_all_there(&stage.database).await?;
    let created = customers.created.len();
    figure(&format!(
        "{rounds} times full, {refused} refused, {created} customers, 0 lost"
    ))
}

/// What the server had to complain about.
fn complaints(stage: &Stage) -> String {
    let said = stage.server.said().unwrap_or_default();
    let complaints = said
        .lines()
        .filter(|line| line.contains("ERROR") || line.contains("WARN"));
    complaints.collect::<Vec<_>>().join("\n")
}

async fn create_until_refused(mut customers: Customers, enough: Arc<AtomicBool>) -> anyhow::Result<Customers> {
    while !enough.load(Ordering::SeqCst) && customers.ask().await? {}
    Ok(customers)
}

/// Customers as the agency knows them: those whose creation was acknowledged.
struct Customers {
    agency: Agency,
    created: Vec<String>,
}

impl Customers {
    fn of(stage: &Stage) -> Self {
        Self {
            agency: stage.agency.clone(),
            created: vec![],
        }
    }

    /// Asks for one more; whether there is one. A refusal must be an honest one.
    async fn ask(&mut self) -> anyhow::Result<bool> {
        let answer = self
            .agency
            .post("/customers", &json!({"name": "Olive Hartley"}))
            .await?;
        if answer.status != 503 {
            let created = answer.ok()?;
            self.created.push(created["id"].as_str().context("no id")?.to_owned());
            return Ok(true);
        }
        let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
        ensure!(
            header("retry-after").is_some(),
            "a 503 that does not say when to try again"
        );
        ensure!(
            header("content-type") == Some("application/problem+json"),
            "a 503 that is no problem"
        );
        Ok(false)
    }

    async fn create(&mut self, customers: usize) -> anyhow::Result<()> {
        for _ in 0..customers {
            ensure!(self.ask().await?, "refused, though there is room");
        }
        Ok(())
    }

    /// Asks until so many were refused; reads go on meanwhile.
    async fn are_refused(&mut self, times: usize) -> anyhow::Result<usize> {
        let mut refused = 0;
        for _ in 0..MANY {
            if self.ask().await? {
                continue;
            }
            refused += 1;
            self.read(&self.created[0]).await?.ok().context("reads must go on")?;
            self.get("/links").await?.ok().context("reads must go on")?;
            if refused == times {
                return Ok(refused);
            }
        }
        anyhow::bail!("the disk is not full")
    }

    /// Whether the views show what was just created.
    async fn views_follow(&self) -> anyhow::Result<bool> {
        Ok(self.agency.read("/links").await.is_ok())
    }

    async fn are_all_there(&self, database: &Database) -> anyhow::Result<()> {
        for id in &self.created {
            self.read(id).await?.ok().context("an acknowledged customer is lost")?;
        }
        let stores = database.open().await?;
        let head = stores.log.head().await?.0;
        let all: Vec<_> = (1..=head).map(Position).collect();
        ensure!(stores.log.at(&all).await?.len() == all.len(), "a position is missing");
        Ok(())
    }

    async fn read(&self, customer: &str) -> anyhow::Result<Answer> {
        self.get(&format!("/customers/{customer}")).await
    }

    async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.agency.call(Method::GET, path, None, None).await
    }
}
