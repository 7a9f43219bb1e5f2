//! Appends what it is asked for, as a node does: orders come in on standard input, answers go out on standard output, a line
//! each. It is there to be killed.

use std::{
    io::{Write, stdin, stdout},
    path::Path,
    sync::Arc,
    thread,
};

use adapters::{clock::SystemClock, postgres, sql::Stores, sqlite};
use anyhow::Context;
use grantlink_tests::torture::{Answer, Order};
use tokio::{sync::mpsc, task::JoinSet};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let database = std::env::args().nth(1).context("usage: appender <database>")?;
    let stores = open(&database).await?;
    let ((orders, mut ordered), (answers, answered)) = (mpsc::channel(1_024), mpsc::channel(1_024));
    thread::spawn(move || read(&orders));
    let writing = thread::spawn(move || write(answered));
    answers.send("ready".to_owned()).await?;
    let mut commits = JoinSet::new();
    while let Some(line) = ordered.recv().await {
        let order: Order = serde_json::from_str(&line)?;
        let (log, answers) = (Arc::clone(&stores.log), answers.clone());
        commits.spawn(async move {
            let answer = Answer {
                number: order.number,
                outcome: log.commit(order.commit()).await.into(),
            };
            answers.send(serde_json::to_string(&answer)?).await?;
            anyhow::Ok(())
        });
        while let Some(done) = commits.try_join_next() {
            done??;
        }
    }
    for done in commits.join_all().await {
        done?;
    }
    stores.close().await;
    drop(answers);
    writing
        .join()
        .map_err(|_| anyhow::anyhow!("the answers cannot be written"))?
}

/// As a node does when it starts.
async fn open(database: &str) -> anyhow::Result<Stores> {
    if let Some(path) = database.strip_prefix("sqlite:") {
        sqlite::migrate(Path::new(path)).await?;
        return Ok(sqlite::open(Path::new(path), Arc::new(SystemClock)).await?);
    }
    let options = postgres::Options::new(database.to_owned().into());
    postgres::migrate(&options).await?;
    Ok(postgres::connect(&options).await?)
}

fn read(orders: &mpsc::Sender<String>) {
    for line in stdin().lines().map_while(Result::ok) {
        if orders.blocking_send(line).is_err() {
            return;
        }
    }
}

/// One write for each answer: whoever reads the pipe, or a trace of it, sees them one by one.
fn write(mut answers: mpsc::Receiver<String>) -> anyhow::Result<()> {
    while let Some(answer) = answers.blocking_recv() {
        stdout().write_all(format!("{answer}\n").as_bytes())?;
        stdout().flush()?;
    }
    Ok(())
}
