//! A filesystem that is quickly full.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};
use rustix::process::geteuid;
use tempfile::TempDir;

/// Holds the mount until its standard input ends: so it goes whatever becomes of the story, and whoever kills it.
const KEEPER: &str = r#"
mount -t tmpfs -o "size=$1" grantlink-test "$2" || exit 1
echo mounted
cat >/dev/null
umount --lazy "$2"
"#;

/// Memory that behaves like a disk of a few megabytes. Dropped, it is gone.
pub struct SmallDisk {
    keeper: Child,
    place: TempDir,
}

impl SmallDisk {
    /// Mounts one of so many megabytes.
    ///
    /// # Errors
    /// When this user or this machine may not, with what to do about it.
    pub fn mount(megabytes: u32) -> anyhow::Result<Self> {
        let place = tempfile::Builder::new().prefix("grantlink-disk-").tempdir()?;
        let mut command = if geteuid().is_root() {
            Command::new("sh")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        };
        command
            .args(["-c", KEEPER, "keeper", &format!("{megabytes}m")])
            .arg(place.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut keeper = command.spawn().context("no shell to mount with")?;
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().context("no pipe")?).read_line(&mut said)?;
        if said.trim_end() != "mounted" {
            keeper.wait()?;
            bail!(
                "a full disk is played on a small tmpfs, and none can be mounted here (mount's reason stands above): run \
                 the tests as root or with a sudo that asks nothing, in a container with CAP_SYS_ADMIN \
                 (`--cap-add SYS_ADMIN`)"
            );
        }
        Ok(Self { keeper, place })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.place.path()
    }

    /// Fills it to the last byte. The space comes back with [`Self::make_room`].
    ///
    /// # Errors
    /// When something else stops it.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = File::create(self.ballast())?;
        for size in [1 << 20, 1 << 12, 1] {
            let block = vec![0; size];
            while let Ok(written) = ballast.write(&block) {
                anyhow::ensure!(written > 0, "a disk that takes nothing and says nothing");
            }
        }
        Ok(())
    }

    /// Gives the space back that [`Self::fill`] took.
    ///
    /// # Errors
    /// When it cannot.
    pub fn make_room(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.ballast())?)
    }

    fn ballast(&self) -> PathBuf {
        self.place.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take()); // it unmounts then
        let _ = self.keeper.wait();
    }
}
