//! The program itself, which founds an agency with a customer and issues a link: real events, by the real way of writing.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, ensure};

/// What it says last, once everything is written.
const READY: &str = "Stop with Ctrl-C";

/// Writes a log, on SQLite in the folder or into the database, and ends without saying goodbye, as a machine does that loses
/// its power: what it answered must stand there all the same.
pub(crate) fn write_a_log(folder: &Path, database: Option<&str>) -> anyhow::Result<()> {
    let program =
        env::var_os("GRANTLINK_TEST_BINARY").context("GRANTLINK_TEST_BINARY names no program: run cargo xtask test")?;
    let mut command = Command::new(program);
    command
        .args(["demo", "--port", "0", "--data"])
        .arg(folder)
        .env("TMPDIR", folder)
        .env_remove("GRANTLINK_DATABASE__URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if let Some(url) = database {
        command.env("GRANTLINK_DATABASE__URL", url);
    }
    let mut running = Running(command.spawn().context("the program does not start")?);
    let said = running.0.stdout.take().context("no pipe")?;
    let mut lines = BufReader::new(said).lines();
    let ready = lines.any(|line| line.is_ok_and(|line| line.contains(READY)));
    ensure!(ready, "the program ended before it was ready");
    Ok(())
}

/// Ended with its guard.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
