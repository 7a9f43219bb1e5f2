//! Runs one command after the other, each in a process group of its own. Ctrl-C and SIGTERM reach us alone, and we pass
//! them on: so the guards still run, in order, whoever sent the signal.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::thread;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::cargo;

/// The right to run commands that end when we are told to end.
pub(crate) struct Foreground {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The group that runs now; 0 when none does.
    group: AtomicI32,
    /// The signal that ended the task; 0 while none did.
    signal: AtomicI32,
}

impl State {
    /// Called after a signal came and after a group began, so that a signal between the two is not lost.
    fn forward(&self) {
        let signal = Signal::from_named_raw(self.signal.load(SeqCst));
        if let (Some(signal), Some(group)) = (signal, Pid::from_raw(self.group.load(SeqCst))) {
            // A group that ended meanwhile has nothing left to stop.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Foreground {
    pub(crate) fn new() -> Result<Self> {
        let state = Arc::new(State::default());
        let mut signals = Signals::new([SIGINT, SIGTERM]).context("cannot listen for signals")?;
        let told = Arc::clone(&state);
        thread::spawn(move || {
            for signal in signals.forever() {
                told.signal.store(signal, SeqCst);
                told.forward();
            }
        });
        Ok(Self { state })
    }

    /// # Errors
    /// When a signal asked us to end.
    pub(crate) fn check(&self) -> Result<()> {
        if self.state.signal.load(SeqCst) != 0 {
            bail!("interrupted");
        }
        Ok(())
    }

    /// Runs a command whose output the reader sees.
    ///
    /// # Errors
    /// When it cannot start, fails, or is interrupted.
    pub(super) fn run(&self, command: &mut Command) -> Result<()> {
        let child = self.spawn(command)?;
        let status = self.wait(child)?;
        self.succeeded(command, status)
    }

    /// Runs a command and hands each line of its standard output to `line`.
    ///
    /// # Errors
    /// As `run`.
    pub(crate) fn read_stdout(&self, command: &mut Command, line: impl FnMut(&str) + Send) -> Result<()> {
        let mut child = self.spawn(command.stdout(Stdio::piped()))?;
        let pipe = child.stdout.take();
        self.read(command, child, pipe, line)
    }

    /// Runs a command and hands each line of its standard error to `line`.
    ///
    /// # Errors
    /// As `run`.
    pub(super) fn read_stderr(&self, command: &mut Command, line: impl FnMut(&str) + Send) -> Result<()> {
        let mut child = self.spawn(command.stderr(Stdio::piped()))?;
        let pipe = child.stderr.take();
        self.read(command, child, pipe, line)
    }

    fn read(
        &self,
        command: &Command,
        child: Child,
        pipe: Option<impl Read + Send>,
        line: impl FnMut(&str) + Send,
    ) -> Result<()> {
        let pipe = pipe.context("no pipe")?;
        let status = thread::scope(|scope| {
            scope.spawn(move || each_line(pipe, line));
            self.wait(child)
        })?;
        self.succeeded(command, status)
    }

    fn spawn(&self, command: &mut Command) -> Result<Child> {
        self.check()?;
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{}`", cargo::spelled(command)))?;
        self.state.group.store(Pid::from_child(&child).as_raw_pid(), SeqCst);
        self.state.forward();
        Ok(child)
    }

    /// Also ends what the command left running in its group: it would hold the pipe, and outlive us.
    fn wait(&self, mut child: Child) -> Result<ExitStatus> {
        let group = Pid::from_child(&child);
        let status = child.wait()?;
        self.state.group.store(0, SeqCst);
        let _ = kill_process_group(group, Signal::KILL);
        Ok(status)
    }

    fn succeeded(&self, command: &Command, status: ExitStatus) -> Result<()> {
        self.check()?;
        if !status.success() {
            bail!("`{}` ended with {status}", cargo::spelled(command));
        }
        Ok(())
    }
}

fn each_line(pipe: impl Read, mut line: impl FnMut(&str)) {
    let mut reader = BufReader::new(pipe);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
        line(String::from_utf8_lossy(&bytes).trim_end_matches('\n'));
        bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commands_lines_arrive_and_its_failure_is_reported() {
        let foreground = Foreground { state: Arc::default() };
        let mut lines = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two; exit 3"]);
        let error = foreground
            .read_stdout(&mut command, |line| lines.push(line.to_owned()))
            .unwrap_err();
        assert_eq!(lines, ["one", "two"]);
        assert!(error.to_string().contains("exit status: 3"), "{error}");
    }

    /// Mutant: without the kill in `wait`, this waits for the child that was left behind and never ends.
    #[test]
    fn what_a_command_leaves_running_is_ended_with_it() {
        let foreground = Foreground { state: Arc::default() };
        foreground
            .read_stdout(Command::new("sh").args(["-c", "sleep 100000 &"]), |_| ())
            .unwrap();
    }

    /// Mutant: without the kill in `forward`, this waits for the command and never ends.
    #[test]
    fn a_signal_ends_the_command_and_lets_no_other_begin() {
        let foreground = Foreground { state: Arc::default() };
        let child = foreground.spawn(Command::new("sleep").arg("100000")).unwrap();
        foreground.state.signal.store(SIGTERM, SeqCst);
        foreground.state.forward();
        assert!(!foreground.wait(child).unwrap().success());
        assert_eq!(
            foreground.run(&mut Command::new("true")).unwrap_err().to_string(),
            "interrupted"
        );
    }
}
