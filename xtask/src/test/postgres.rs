//! A `PostgreSQL` server of our own: in a temporary folder, on a free loopback port, gone when the tests end. `fsync` stays
//! on, so that the tests see the times and the locks that production sees.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use super::packages::on_path;

const START: Duration = Duration::from_mins(1);
const STOP: Duration = Duration::from_secs(10);
/// Counted from 0; the same in every version since 10.
const STATUS_LINE: usize = 7;
const POLL: Duration = Duration::from_millis(20);

/// Stops, and takes its data with it, when it is dropped.
pub(crate) struct Postgres {
    server: Child,
    port: u16,
    home: Home,
}

impl Postgres {
    /// Starts a server with the programs in the folder, and waits until it accepts connections.
    pub(super) fn start(programs: &Path) -> Result<Self> {
        Self::start_with(programs, &["max_connections=400"])
    }

    /// The same with other settings.
    pub(crate) fn start_with(programs: &Path, settings: &[&str]) -> Result<Self> {
        let home = Home::new(programs)?;
        home.initdb()?;
        let port = free_port()?;
        let server = home.server(port, settings)?;
        let mut postgres = Self { server, port, home };
        postgres.wait_until_it_accepts()?;
        Ok(postgres)
    }

    /// The maintenance database; each test creates a database of its own from there.
    pub(crate) fn url(&self) -> String {
        format!("postgres://grantlink@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_it_accepts(&mut self) -> Result<()> {
        let deadline = Instant::now() + START;
        while !self.home.is_ready() {
            if let Some(status) = self.server.try_wait()? {
                bail!(
                    "PostgreSQL ended with {status} instead of starting:\n{}",
                    self.home.log()
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "PostgreSQL accepts no connections after {} s:\n{}",
                    START.as_secs(),
                    self.home.log()
                );
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Postgres {
    /// Does not wait for a checkpoint: nobody reads this data again.
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.server), Signal::QUIT);
        let deadline = Instant::now() + STOP;
        while matches!(self.server.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.server.kill();
                let _ = self.server.wait();
            }
            thread::sleep(POLL);
        }
    }
}

/// The folder that holds data, socket and log, and the user that owns it.
struct Home {
    folder: TempDir,
    programs: PathBuf,
    owner: Option<Account>,
}

impl Home {
    fn new(programs: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("grantlink-test-").tempdir()?;
        // PostgreSQL refuses to run as root.
        let owner = if geteuid().is_root() {
            Some(Account::unprivileged()?)
        } else {
            None
        };
        if let Some(account) = &owner {
            std::os::unix::fs::chown(folder.path(), Some(account.user), Some(account.group))?;
        }
        Ok(Self {
            folder,
            programs: programs.to_owned(),
            owner,
        })
    }

    fn initdb(&self) -> Result<()> {
        let mut command = self.as_owner(self.programs.join("initdb"));
        command.args([
            "--username=grantlink",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        let output = command
            .arg("--pgdata")
            .arg(self.data())
            .output()
            .context("cannot start initdb")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!(
                "initdb in {} ended with {}:\n{said}",
                self.folder.path().display(),
                output.status
            );
        }
        Ok(())
    }

    fn server(&self, port: u16, settings: &[&str]) -> Result<Child> {
        let log = File::create(self.log_path())?;
        let mut command = self.as_owner_while_we_live(self.programs.join("postgres"));
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        for setting in ["fsync=on"].iter().chain(settings) {
            command.args(["-c", setting]);
        }
        // A group of its own: Ctrl-C must not take the database away from tests that are being ended.
        command
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .context("cannot start postgres")
    }

    /// Reads what `pg_ctl --wait` reads: the last line of the server's own status file.
    fn is_ready(&self) -> bool {
        let status = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        status
            .lines()
            .nth(STATUS_LINE)
            .is_some_and(|line| line.trim_end() == "ready")
    }

    fn as_owner(&self, program: PathBuf) -> Command {
        self.owned(Command::new(program))
    }

    /// Where `setpriv` exists, the kernel stops the program even when we are killed and no guard runs.
    fn as_owner_while_we_live(&self, program: PathBuf) -> Command {
        let Some(setpriv) = on_path("setpriv") else {
            return self.as_owner(program);
        };
        let mut command = self.owned(Command::new(setpriv));
        command.args(["--pdeathsig", "QUIT"]).arg(program);
        command
    }

    fn owned(&self, mut command: Command) -> Command {
        command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env("LC_ALL", "C");
        // Settings for the caller's own server are not meant for this one.
        for variable in ["PGHOST", "PGPORT", "PGDATA", "PGOPTIONS", "PGSERVICE"] {
            command.env_remove(variable);
        }
        if let Some(account) = &self.owner {
            command.uid(account.user).gid(account.group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }
}

#[derive(Debug, PartialEq)]
struct Account {
    user: u32,
    group: u32,
}

impl Account {
    fn unprivileged() -> Result<Self> {
        let users = fs::read_to_string("/etc/passwd").context("cannot read the list of users")?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| Self::find(&users, name))
            .context(
                "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` to run it as",
            )
    }

    fn find(users: &str, name: &str) -> Option<Self> {
        let mut fields = users
            .lines()
            .map(|line| line.split(':'))
            .find(|fields| fields.clone().next() == Some(name))?;
        Some(Self {
            user: fields.nth(2)?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
        })
    }
}

/// A port that is free now. Should somebody take it before the server does, the server says so and the task ends.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody2:x:7:8::/:/bin/false\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(
            Account::find(users, "nobody"),
            Some(Account {
                user: 65534,
                group: 65533
            })
        );
        assert_eq!(Account::find(users, "postgres"), None);
    }
}
