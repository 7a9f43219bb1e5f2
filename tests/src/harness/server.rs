//! The real program as a child process.

use std::{
    fs::OpenOptions,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};

use rustix::process::{Pid, Signal, kill_process};

use super::network;

const PROGRAM: &str = "GRANTLINK_TEST_BINARY";
const LONGEST_START: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(10);

/// Where the program is: named by `GRANTLINK_TEST_BINARY`, or built beside the tests.
///
/// # Errors
/// When it is neither.
pub fn program() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os(PROGRAM) {
        return Ok(named.into());
    }
    let tests = std::env::current_exe()?;
    let mut near = tests.ancestors().skip(1).take(2).map(|folder| folder.join("grantlink"));
    near.find(|program| program.is_file())
        .with_context(|| format!("{PROGRAM} names no program: run cargo xtask test"))
}

/// `grantlink serve`, until it is dropped.
pub struct Server {
    child: Child,
    config: PathBuf,
    log: PathBuf,
    port: u16,
}

impl Server {
    /// Starts it, and comes back when it answers.
    ///
    /// # Errors
    /// When it ends instead, with what it said.
    pub async fn start(config: &Path, log: &Path, port: u16) -> anyhow::Result<Self> {
        let mut server = Self {
            child: spawn(config, log)?,
            config: config.to_owned(),
            log: log.to_owned(),
            port,
        };
        server.wait_until_it_answers().await?;
        Ok(server)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it has ended.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// When it does not, in a minute.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let deadline = Instant::now() + LONGEST_START;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(
                Instant::now() < deadline,
                "the server does not end: {}",
                self.last_said()?
            );
            tokio::time::sleep(POLL).await; // until the next question
        }
    }

    /// Ends it as a power cut would: SIGKILL, in whatever it is doing.
    ///
    /// # Errors
    /// When there is nothing to end.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again, on the same port and data.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.kill()?;
        self.spawn_again()?;
        self.wait_until_it_answers().await
    }

    /// Starts it after it was killed, and comes back at once.
    ///
    /// # Errors
    /// When the program does not start.
    pub fn spawn_again(&mut self) -> anyhow::Result<()> {
        self.child = spawn(&self.config, &self.log)?;
        Ok(())
    }

    /// What it said so far.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn said(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// The last lines of what it said: what a failure shows.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn last_said(&self) -> anyhow::Result<String> {
        const LINES: usize = 30;
        let said = self.said()?;
        let lines: Vec<&str> = said.lines().collect();
        Ok(lines[lines.len().saturating_sub(LINES)..].join("\n"))
    }

    /// Comes back when it answers.
    ///
    /// # Errors
    /// When it ends instead, with what it said.
    pub async fn wait_until_it_answers(&mut self) -> anyhow::Result<()> {
        let url = format!("http://localhost:{}/", self.port);
        let http = network::client()?;
        let deadline = Instant::now() + LONGEST_START;
        while http.get(&url).send().await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}: {}", self.last_said()?);
            }
            ensure!(
                Instant::now() < deadline,
                "the server does not answer: {}",
                self.last_said()?
            );
            tokio::time::sleep(POLL).await; // until the next question: it is its answer that is waited for
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing left to do.
        let _ = self.kill();
    }
}

fn spawn(config: &Path, log: &Path) -> anyhow::Result<Child> {
    let log = OpenOptions::new().create(true).append(true).open(log)?;
    let mut command = Command::new(program()?);
    command.arg("--config").arg(config).arg("serve");
    undisturbed(&mut command)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("the program does not start")
}

/// Runs another command of the program to its end.
///
/// # Errors
/// When it does not start.
pub(super) async fn run(config: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    let mut command = Command::new(program()?);
    command.arg("--config").arg(config).args(arguments);
    output(command).await
}

/// Runs a command of the program to its end, without the settings of whoever runs the tests.
pub(super) async fn output(mut command: Command) -> anyhow::Result<Output> {
    undisturbed(&mut command);
    let mut command = tokio::process::Command::from(command);
    command
        .kill_on_drop(true)
        .output()
        .await
        .context("the program does not start")
}

/// Variables of the one who runs the tests are no settings of the program under test.
fn undisturbed(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GRANTLINK_") {
            command.env_remove(name);
        }
    }
    command
}

/// A port that nothing else is given: below the ports that the system hands out by itself, so that the server finds it free again
/// after it was killed.
///
/// # Errors
/// When there is none.
pub fn free_port() -> anyhow::Result<u16> {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 18_000;
    for _ in 0..COUNT {
        let place = std::process::id().wrapping_mul(7919) + TRIED.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + place % COUNT)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free")
}
