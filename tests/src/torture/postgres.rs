//! A `PostgreSQL` of a story's own, which may be crashed.

use std::{
    fs::{self, File},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::harness::free_port;

const PROGRAMS: &str = "GRANTLINK_TEST_POSTGRES_BIN";
const LONGEST_START: Duration = Duration::from_mins(1);
const LONGEST_STOP: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);
/// Counted from 0; the same in every version since 10.
const STATUS_LINE: usize = 7;

/// A server on a free loopback port, with `fsync` on. Dropped, it ends at once and takes its data with it.
pub struct Postgres {
    home: TempDir,
    data: PathBuf,
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    settings: Vec<String>,
    port: u16,
    server: Option<Child>,
}

impl Postgres {
    /// Starts one with further settings (`name=value`).
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(settings: &[&str]) -> anyhow::Result<Self> {
        Self::start_in(settings, None, None).await
    }

    /// Starts one whose tables or whose write-ahead log are in a folder of the caller's choice.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_in(settings: &[&str], tables: Option<&Path>, wal: Option<&Path>) -> anyhow::Result<Self> {
        let home = tempfile::Builder::new().prefix("grantlink-torture-").tempdir()?;
        let owner = owner()?;
        if let Some((user, group)) = owner {
            for folder in [Some(home.path()), tables, wal].into_iter().flatten() {
                chown(folder, Some(user), Some(group))?;
            }
        }
        let mut postgres = Self {
            data: tables.unwrap_or(home.path()).join("data"),
            programs: programs()?,
            owner,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            port: free_port()?,
            server: None,
            home,
        };
        postgres.initdb(&wal.unwrap_or(postgres.home.path()).join("wal"))?;
        postgres.start_again().await?;
        Ok(postgres)
    }

    /// Its maintenance database.
    pub fn url(&self) -> String {
        format!("postgres://grantlink@127.0.0.1:{}/postgres", self.port)
    }

    /// What it said so far.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn said(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.home.path().join("log"))?)
    }

    /// Whether it ended by itself.
    ///
    /// # Errors
    /// When nobody knows.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        self.server
            .as_mut()
            .map_or(Ok(true), |server| Ok(server.try_wait()?.is_some()))
    }

    /// `pg_ctl stop -m immediate`: every process ends at once, nothing is written any more.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn stop_immediately(&mut self) -> anyhow::Result<()> {
        let mut command = self.as_owner(self.programs.join("pg_ctl"));
        command.args(["stop", "-m", "immediate", "-D"]).arg(&self.data);
        succeeded("pg_ctl stop", &command.output()?)?;
        self.server.take().context("it does not run")?.wait()?;
        Ok(())
    }

    /// SIGKILL of the first process; the others end when they notice.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let mut server = self.server.take().context("it does not run")?;
        server.kill()?;
        server.wait()?;
        Ok(())
    }

    /// Starts it after a crash, as whoever supervises it would: until the processes of its former life are gone it refuses.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + LONGEST_START;
        let mut server = self.spawn()?;
        while !self.is_ready(&server) {
            if server.try_wait()?.is_some() {
                server = self.spawn()?;
            }
            if Instant::now() > deadline {
                server.kill()?;
                bail!("PostgreSQL does not start:\n{}", self.said()?);
            }
            sleep(POLL).await; // until the next look at its status file
        }
        self.server = Some(server);
        Ok(())
    }

    /// Small segments: the write-ahead log changes files often, as it does on a busy server.
    fn initdb(&self, wal: &Path) -> anyhow::Result<()> {
        let mut command = self.as_owner(self.programs.join("initdb"));
        command.args(["--username=grantlink", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        command.args(["--no-sync", "--wal-segsize=1"]);
        command.arg("--pgdata").arg(&self.data).arg("--waldir").arg(wal);
        succeeded("initdb", &command.output().context("initdb does not start")?)
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.home.path().join("log"))?;
        // The kernel stops it when the story is killed and no guard runs.
        let mut command = self.as_owner("setpriv".into());
        command
            .args(["--pdeathsig", "QUIT"])
            .arg(self.programs.join("postgres"));
        command.arg("-D").arg(&self.data).arg("-k").arg(self.home.path());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-c", "fsync=on"]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.stdout(log.try_clone()?).stderr(log).process_group(0);
        command.spawn().context("PostgreSQL cannot be started through setpriv")
    }

    /// Reads what `pg_ctl --wait` reads: this life's status file, and its last line.
    fn is_ready(&self, server: &Child) -> bool {
        let status = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let mut lines = status.lines();
        let first = lines.next().map(str::trim_end);
        first == Some(&server.id().to_string())
            && lines
                .nth(STATUS_LINE - 1)
                .is_some_and(|line| line.trim_end() == "ready")
    }

    fn as_owner(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .env("LC_ALL", "C");
        for variable in ["PGHOST", "PGPORT", "PGDATA", "PGOPTIONS", "PGSERVICE"] {
            command.env_remove(variable); // they are meant for the caller's own server
        }
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let _ = kill_process(Pid::from_child(&server), Signal::QUIT);
        let deadline = Instant::now() + LONGEST_STOP;
        while matches!(server.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = server.kill();
                let _ = server.wait();
            }
            std::thread::sleep(POLL);
        }
    }
}

fn succeeded(what: &str, output: &Output) -> anyhow::Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{what} ended with {}:\n{said}", output.status);
    Ok(())
}

/// The folder of `initdb`, `postgres` and `pg_ctl`.
fn programs() -> anyhow::Result<PathBuf> {
    let folder = std::env::var_os(PROGRAMS).map(PathBuf::from);
    folder
        .filter(|folder| folder.join("pg_ctl").is_file())
        .with_context(|| format!("{PROGRAMS} names no folder with PostgreSQL's programs: run cargo xtask test"))
}

/// `PostgreSQL` refuses to run as root: user and group of an account without rights.
fn owner() -> anyhow::Result<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let account = |name| {
        let mut users = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let fields = users.find(|fields| fields.first() == Some(&name))?;
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    let owner = ["postgres", "nobody"].into_iter().find_map(account);
    Ok(Some(owner.context(
        "there is neither a user `postgres` nor `nobody` to run PostgreSQL as",
    )?))
}
