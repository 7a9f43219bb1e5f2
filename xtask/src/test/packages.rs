//! The programs that the tests drive: `PostgreSQL`, Chromium and its driver, strace. What is missing is installed from the
//! system's packages where we may; where we may not, the reader is told what to install. Nothing is skipped.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::foreground::Foreground;
use super::{CHROMEDRIVER, CHROMIUM, POSTGRES_BIN};

/// Where the programs are.
pub(super) struct Found {
    /// The folder of `initdb`, `postgres` and `pg_ctl`: stories that crash a server have one of their own.
    pub(super) postgres: PathBuf,
    pub(super) chromium: PathBuf,
    pub(super) chromedriver: PathBuf,
}

/// Debian's names of the packages.
#[derive(Debug, PartialEq)]
struct Missing(Vec<&'static str>);

/// Installs without letting Debian start a server of its own beside ours: the drop-in file is there only meanwhile.
const INSTALL: &str = r#"
set -e
export DEBIAN_FRONTEND=noninteractive
drop_in=/etc/postgresql-common/createcluster.d/grantlink.conf
made=$(test -d "${drop_in%/*}" || echo yes)
mkdir -p "${drop_in%/*}"
echo 'create_main_cluster = false' >"$drop_in"
trap 'rm -f "$drop_in"; test -z "$made" || rmdir --ignore-fail-on-non-empty "${drop_in%/*}"' EXIT
apt-get update
apt-get install --yes --no-install-recommends "$@"
"#;

/// Finds the programs, and installs what is missing.
///
/// # Errors
/// When something is missing still, with the words that tell what to install.
pub(super) fn provide(foreground: &Foreground) -> Result<Found> {
    let missing = match find() {
        Ok(found) => return Ok(found),
        Err(missing) => missing,
    };
    println!("    missing: {}", missing.0.join(", "));
    install(foreground, &missing)?;
    find().or_else(|missing| bail!("installed, and still not found. {}", missing.advice()))
}

/// Finds the folder of the `PostgreSQL` programs, and installs them where they are missing.
///
/// # Errors
/// When they are missing still, with the words that tell what to install.
pub(crate) fn provide_postgres(foreground: &Foreground) -> Result<PathBuf> {
    let missing = Missing(vec!["postgresql"]);
    if postgres_programs().is_none() {
        install(foreground, &missing)?;
    }
    match postgres_programs() {
        Some(programs) => Ok(programs),
        None => bail!("no PostgreSQL was found. {}", missing.advice()),
    }
}

fn find() -> Result<Found, Missing> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let postgres = postgres_programs();
    let chromium = named(CHROMIUM, &names);
    let chromedriver = named(CHROMEDRIVER, &["chromedriver"]);
    let there = [
        ("postgresql", postgres.is_some()),
        ("chromium", chromium.is_some()),
        ("chromium-driver", chromedriver.is_some()),
        ("strace", on_path("strace").is_some()),
    ];
    let missing: Vec<_> = there
        .iter()
        .filter(|(_, there)| !there)
        .map(|(package, _)| *package)
        .collect();
    match (postgres, chromium, chromedriver) {
        (Some(postgres), Some(chromium), Some(chromedriver)) if missing.is_empty() => Ok(Found {
            postgres,
            chromium,
            chromedriver,
        }),
        _ => Err(Missing(missing)),
    }
}

impl Missing {
    fn advice(&self) -> String {
        format!(
            "The tests need {packages}. On Debian: `sudo apt-get install {packages}`. On another system install the \
             same programs so that they are on the PATH, or name them: {CHROMIUM} and {CHROMEDRIVER} are paths, \
             {POSTGRES_BIN} is the folder of `initdb`, `postgres`, `pg_ctl`, `pg_dump` and `psql`.",
            packages = self.0.join(" "),
        )
    }
}

fn install(foreground: &Foreground, missing: &Missing) -> Result<()> {
    if on_path("apt-get").is_none() {
        bail!("no apt-get here to install packages with. {}", missing.advice());
    }
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new("sh")
    } else if sudo_asks_nothing() {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "sh"]);
        sudo
    } else {
        bail!("this user may not install packages. {}", missing.advice());
    };
    // The error would repeat the script; what apt-get said stands above.
    if foreground
        .run(command.args(["-c", INSTALL, "install"]).args(&missing.0))
        .is_err()
    {
        bail!("the packages could not be installed. {}", missing.advice());
    }
    Ok(())
}

fn sudo_asks_nothing() -> bool {
    let quiet = |command: &mut Command| {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
    };
    quiet(Command::new("sudo").args(["-n", "true"])).is_ok_and(|status| status.success())
}

/// The program that a variable names, or else the first one on the PATH.
fn named(variable: &str, names: &[&str]) -> Option<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .or_else(|| names.iter().find_map(|name| on_path(name)))
}

/// Where a program is on the PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    path_folders()
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

fn path_folders() -> impl Iterator<Item = PathBuf> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .collect::<Vec<_>>()
        .into_iter()
}

/// Debian keeps the server's programs off the PATH, one folder for each version.
fn postgres_programs() -> Option<PathBuf> {
    let named = env::var_os(POSTGRES_BIN).map(PathBuf::from);
    let versions = versions(Path::new("/usr/lib/postgresql"));
    let programs = ["initdb", "postgres", "pg_ctl", "pg_dump", "psql"];
    let mut folders = named.into_iter().chain(path_folders()).chain(versions);
    folders.find(|folder| programs.iter().all(|program| folder.join(program).is_file()))
}

/// The newest version first.
fn versions(folder: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<u32> = folder
        .read_dir()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions
        .into_iter()
        .map(|version| folder.join(version.to_string()).join("bin"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_postgresql_is_tried_first() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9", "17", "15", "common"] {
            std::fs::create_dir(folder.path().join(version)).unwrap();
        }
        let found = versions(folder.path());
        let expected = ["17", "15", "9"].map(|version| folder.path().join(version).join("bin"));
        assert_eq!(found, expected);
        assert_eq!(versions(&folder.path().join("absent")), Vec::<PathBuf>::new());
    }

    #[test]
    fn the_advice_names_each_missing_package() {
        let advice = Missing(vec!["postgresql", "chromium-driver"]).advice();
        assert!(
            advice.contains("sudo apt-get install postgresql chromium-driver"),
            "{advice}"
        );
    }
}
