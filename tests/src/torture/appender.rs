//! The appender as a child process, over all its lives.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{mpsc, oneshot, watch},
    time::{sleep, timeout},
};

use super::{Answer, Order, Outcome};
use crate::conformance::{Database, Kind};

/// An order without an answer after so long shows that something hangs.
const LONGEST_WAIT: Duration = Duration::from_secs(90);
/// As a client does that was told to try again.
const RETRY_AFTER: Duration = Duration::from_millis(20);
const LONGEST_START: Duration = Duration::from_mins(1);

type Ask = (Order, oneshot::Sender<Outcome>);

/// A program that appends; dropped, it ends.
pub struct Appender {
    program: PathBuf,
    database: String,
    child: Child,
    life: watch::Sender<mpsc::Sender<Ask>>,
}

/// The way to the appender, whichever of its lives it is in.
#[derive(Clone)]
pub struct Line(watch::Receiver<mpsc::Sender<Ask>>);

impl Appender {
    /// Starts it over a database, and comes back when it takes orders.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(program: impl AsRef<Path>, database: &Database) -> anyhow::Result<Self> {
        let program = program.as_ref().to_owned();
        let database = match database.kind() {
            Kind::Sqlite => format!("sqlite:{}", database.path()?.display()),
            Kind::Postgres => database.url()?,
        };
        let mut child = spawn(&program, &database)?;
        let life = begin(&mut child).await?;
        Ok(Self {
            program,
            database,
            child,
            life: watch::Sender::new(life),
        })
    }

    /// For a client.
    pub fn line(&self) -> Line {
        Line(self.life.subscribe())
    }

    /// Its process.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("the appender has ended")
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it has ended.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.pid()?)?).context("no process")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Ends it by SIGKILL, in whatever it is doing.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the appender ended by itself with {status}");
        }
        Ok(self.child.kill().await?)
    }

    /// Starts it and kills it so soon after, ready or not.
    ///
    /// # Errors
    /// When it does not start at all.
    pub async fn start_in_vain(&mut self, life: Duration) -> anyhow::Result<()> {
        self.child = spawn(&self.program, &self.database)?;
        sleep(life).await; // how long it may live is the point of it
        Ok(self.child.kill().await?)
    }

    /// Starts it again after a kill. Clients find the new life by themselves.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.child = spawn(&self.program, &self.database)?;
        self.life.send_replace(begin(&mut self.child).await?);
        Ok(())
    }
}

impl Line {
    /// Asks until there is an answer that says what became of the order: over kills, and where it was told to try again.
    ///
    /// # Errors
    /// When there is none for too long.
    pub async fn ask(&mut self, order: &Order) -> anyhow::Result<Outcome> {
        timeout(LONGEST_WAIT, self.insist(order))
            .await
            .with_context(|| format!("order {} was never answered", order.number))?
    }

    async fn insist(&mut self, order: &Order) -> anyhow::Result<Outcome> {
        loop {
            let life = self.0.borrow_and_update().clone();
            let (answer, outcome) = oneshot::channel();
            life.send((order.clone(), answer)).await.ok(); // in a life that is over, there is no answer either
            match outcome.await {
                Ok(Outcome::Unavailable) => sleep(RETRY_AFTER).await,
                Ok(outcome) => return Ok(outcome),
                Err(_) => self.0.changed().await.context("the appender is gone for good")?,
            }
        }
    }
}

fn spawn(program: &Path, database: &str) -> anyhow::Result<Child> {
    let mut command = Command::new(program);
    command.arg(database).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
        .kill_on_drop(true)
        .spawn()
        .context("the appender does not start")
}

/// Waits until it is ready, and carries orders and answers from then on.
async fn begin(child: &mut Child) -> anyhow::Result<mpsc::Sender<Ask>> {
    let orders = child.stdin.take().context("no standard input")?;
    let mut answers = BufReader::new(child.stdout.take().context("no standard output")?).lines();
    let first = timeout(LONGEST_START, answers.next_line()).await;
    let first = first.context("the appender is not ready in time")??;
    ensure!(
        first.as_deref() == Some("ready"),
        "the appender ended instead of starting"
    );
    let (asks, asked) = mpsc::channel(64);
    tokio::spawn(carry(asked, orders, answers));
    Ok(asks)
}

/// Ends with the life: whoever waits for an answer then learns that there will be none.
async fn carry(mut asked: mpsc::Receiver<Ask>, mut orders: ChildStdin, mut answers: Lines<BufReader<ChildStdout>>) {
    let mut waiting = HashMap::new();
    loop {
        tokio::select! {
            ask = asked.recv() => {
                let Some((order, answer)) = ask else { return };
                let Ok(line) = serde_json::to_string(&order) else { return };
                waiting.insert(order.number, answer);
                // It may be dead already; what it answered before is read all the same.
                orders.write_all(format!("{line}\n").as_bytes()).await.ok();
            }
            line = answers.next_line() => {
                let Ok(Some(line)) = line else { return };
                // A line that was cut off by a kill is no answer.
                let Ok(answer) = serde_json::from_str::<Answer>(&line) else { return };
                if let Some(caller) = waiting.remove(&answer.number) {
                    caller.send(answer.outcome).ok();
                }
            }
        }
    }
}
