//! What it was measured on: without that, no figure means anything.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cargo;

/// What the private server is started with, besides `fsync`, which is always on. The rest is the server's own default.
pub(super) const SETTINGS: &[&str] = &["shared_buffers=1GB", "max_connections=600"];

pub(super) struct Machine {
    date: String,
    cores: usize,
    processor: String,
    gigabytes: f64,
    postgres: String,
    disk: String,
}

impl Machine {
    pub(super) fn look(postgres: &Path, folder: &Path) -> Result<Self> {
        let said = |command: &mut Command| -> Result<String> {
            Ok(String::from_utf8(cargo::output(command)?)?.trim().to_owned())
        };
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Ok(Self {
            date: said(Command::new("date").args(["-u", "+%Y-%m-%d"]))?,
            cores: std::thread::available_parallelism()?.get(),
            processor: value(&cpu, "model name")
                .unwrap_or("a processor without a name")
                .to_owned(),
            gigabytes: memory().context("the kernel does not say how much memory there is")?,
            postgres: said(Command::new(postgres.join("postgres")).arg("--version"))?,
            disk: file_system(folder)?,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            date,
            cores,
            processor,
            gigabytes,
            postgres,
            disk,
        } = self;
        let settings = SETTINGS.join(", ");
        write!(
            f,
            "Measured on {date}: {cores} cores ({processor}), shared by clients and servers; {gigabytes:.0} GB of memory; \
             {postgres} with fsync=on, {settings}, else stock, over loopback; SQLite with synchronous=FULL; data on {disk}."
        )
    }
}

fn memory() -> Option<f64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes: f64 = value(&info, "MemTotal")?.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e9)
}

/// The first value under a name in a file of the kernel's.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// The kind of file system that a folder is on.
///
/// # Errors
/// When the kernel does not say.
pub(super) fn file_system(folder: &Path) -> Result<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").context("the kernel does not say what is mounted")?;
    let found = under(&mounts, &folder.canonicalize()?);
    Ok(found.context("the folder is on no file system")?.to_owned())
}

/// The innermost mount above a folder; of two on one place, the later one.
fn under<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((Path::new(fields.next()?), fields.next()?))
    });
    let above = mounts.filter(|(place, _)| folder.starts_with(place));
    above
        .max_by_key(|(place, _)| place.components().count())
        .map(|(_, kind)| kind)
}

/// Whether nothing that is written there reaches a disk.
pub(super) fn is_memory(file_system: &str) -> bool {
    matches!(file_system, "tmpfs" | "ramfs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_on_the_innermost_mount_above_it() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/disk xfs rw 0 0\n";
        let of = |folder: &str| under(mounts, Path::new(folder)).unwrap();
        assert_eq!(
            [of("/srv/x"), of("/tmp/x"), of("/tmp/disk/x"), of("/tmpfoo")],
            ["ext4", "tmpfs", "xfs", "ext4"]
        );
        assert!(is_memory(of("/tmp/x")) && !is_memory(of("/tmp/disk")));
    }
}
