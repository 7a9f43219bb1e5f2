//! The system calls of a running program, in the order in which the kernel saw them.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, ChildStderr, Command, Stdio},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;

/// Reading, writing, and waiting until it is on disk.
const CALLS: &str = "trace=read,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range";

/// Programs under strace, until it is asked for what it saw.
pub struct Trace {
    strace: Child,
    said: BufReader<ChildStderr>,
    file: NamedTempFile,
}

impl Trace {
    /// Watches these processes, and all of their threads, from now on.
    ///
    /// # Errors
    /// When this machine does not let anybody watch, with what to do about it.
    pub fn attach(processes: &[u32]) -> anyhow::Result<Self> {
        let file = NamedTempFile::new()?;
        let mut command = Command::new("strace");
        command
            .args(["-f", "-y", "-s", "64", "-e", CALLS, "-e", "signal=none", "-o"])
            .arg(file.path());
        for process in processes {
            command.args(["-p", &process.to_string()]);
        }
        let mut strace = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("strace is not installed: run cargo xtask test, or install it")?;
        let mut said = BufReader::new(strace.stderr.take().context("no pipe")?);
        for process in processes {
            let mut line = String::new();
            said.read_line(&mut line)?;
            if !line.contains("attached") {
                strace.kill()?;
                strace.wait()?;
                bail!(
                    "strace cannot watch process {process}: {line}. The story watches system calls, so it needs ptrace: \
                     run it as the same user with kernel.yama.ptrace_scope=0, as root, or in a container with \
                     CAP_SYS_PTRACE (`--cap-add SYS_PTRACE`)"
                );
            }
        }
        Ok(Self { strace, said, file })
    }

    /// Lets the processes go, and answers with what was seen: a line for each call that began or ended.
    ///
    /// # Errors
    /// When strace failed.
    pub fn detach(mut self) -> anyhow::Result<String> {
        kill_process(Pid::from_child(&self.strace), Signal::INT)?;
        let mut said = String::new();
        while self.said.read_line(&mut said)? > 0 {}
        self.strace.wait()?;
        Ok(std::fs::read_to_string(self.file.path())?)
    }
}

/// How far what was written to a file is on disk.
#[derive(Default)]
struct Durability {
    /// So many writes to the file began.
    writes: usize,
    /// So many of them are on disk.
    synced: usize,
    /// Syncs that began and did not end yet, by thread: so many writes had begun before.
    syncing: HashMap<String, usize>,
}

/// Reads a trace in which orders came one at a time, each when nothing of the one before it was still to be written. Tells how
/// many answers there are, and which of them were given before something was written for the order and all of it was on disk.
///
/// # Errors
/// When it is no trace.
pub fn unsynced_answers(trace: &str, file: &str) -> anyhow::Result<(usize, Vec<u64>)> {
    let mut state = Durability::default();
    let mut writes_before = HashMap::new();
    let (mut answers, mut unsynced) = (0, Vec::new());
    for line in trace.lines() {
        let (thread, call) = line
            .split_once(' ')
            .with_context(|| format!("no line of strace: {line}"))?;
        let call = call.trim_start();
        if let Some(order) = number(call, &["read(0<", "<... read resumed>"]) {
            writes_before.insert(order, state.writes);
        } else if let Some(order) = number(call, &["write(1<"]) {
            // The first order may have been read by a thread that was not watched yet; nothing was written before it.
            let unseen = (answers == 0).then_some(&0);
            let before = writes_before.get(&order).or(unseen);
            let before = before.context("an answer without an order")?;
            if state.writes == *before || state.synced < state.writes {
                unsynced.push(order);
            }
            answers += 1;
        } else {
            state.see(thread, call, file);
        }
    }
    Ok((answers, unsynced))
}

impl Durability {
    fn see(&mut self, thread: &str, call: &str, file: &str) {
        let syncs = call.starts_with("fdatasync(") || call.starts_with("fsync(");
        let ends_a_sync = call.starts_with("<... fdatasync resumed>") || call.starts_with("<... fsync resumed>");
        let succeeds = call.trim_end().ends_with("= 0");
        if ends_a_sync {
            if let Some(writes) = self.syncing.remove(thread).filter(|_| succeeds) {
                self.synced = self.synced.max(writes);
            }
        } else if !call.split_once('>').is_some_and(|(head, _)| head.contains(file)) {
            // Another file.
        } else if syncs && call.contains("<unfinished ...>") {
            self.syncing.insert(thread.to_owned(), self.writes);
        } else if syncs && succeeds {
            self.synced = self.writes;
        } else if call.starts_with("write") || call.starts_with("pwrite") {
            self.writes += 1;
        }
    }
}

/// The number of the order that is in the text of a call, if it is one of these calls.
fn number(call: &str, calls: &[&str]) -> Option<u64> {
    calls.iter().find(|&&begin| call.starts_with(begin))?;
    let (_, text) = call.split_once(r#"{\"number\":"#)?;
    text.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAL: &str = "log.db-wal";
    const ORDER: &str = r#"6 <... read resumed>"{\"number\":12,\"tenant\":\"", 8192) = 300"#;
    const WRITE: &str = r#"7 pwrite64(9</x/log.db-wal>, "abc", 3, 0) = 3"#;
    const BEGINS: &str = r"7 fdatasync(9</x/log.db-wal> <unfinished ...>";
    const ENDS: &str = r"7 <... fdatasync resumed>) = 0";
    const ANSWER: &str = r#"8 write(1<pipe:[5]>, "{\"number\":12,\"outcome\":{", 30) = 30"#;

    fn read(lines: &[&str]) -> (usize, Vec<u64>) {
        unsynced_answers(&lines.join("\n"), WAL).unwrap()
    }

    #[test]
    fn an_answer_after_the_sync_is_durable() {
        let noise = r#"8 write(1<pipe:[5]>, "noise", 5) = 5"#;
        assert_eq!(read(&[ORDER, WRITE, BEGINS, noise, ENDS, ANSWER]), (1, vec![]));
    }

    #[test]
    fn an_answer_before_without_or_during_the_sync_is_not() {
        let fails = r"7 <... fdatasync resumed>) = -1 EIO (Input/output error)";
        let other = r"7 fdatasync(9</x/views.db-wal>) = 0";
        for lines in [
            &[ORDER, ANSWER, WRITE, BEGINS, ENDS][..],
            &[WRITE, BEGINS, ENDS, ORDER, ANSWER],
            &[ORDER, WRITE, ANSWER],
            &[ORDER, WRITE, BEGINS, ANSWER, ENDS],
            &[ORDER, WRITE, other, ANSWER],
            &[ORDER, WRITE, BEGINS, fails, ANSWER],
            &[ORDER, BEGINS, WRITE, ENDS, ANSWER],
        ] {
            assert_eq!(read(lines), (1, vec![12]), "{lines:?}");
        }
    }
}
