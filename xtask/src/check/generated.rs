//! Files that the code writes and the repository keeps, so that a change of the API is seen in review. A stale one fails
//! the check.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::cargo::{self, cargo};

struct Generated {
    file: &'static str,
    /// What `grantlink` is asked for; its standard output is the file.
    arguments: &'static [&'static str],
}

const GENERATED: [Generated; 1] = [Generated {
    file: "docs/openapi.json",
    arguments: &["openapi"],
}];

impl Generated {
    fn path(&self) -> PathBuf {
        cargo::root().join(self.file)
    }

    fn content(&self) -> Result<Vec<u8>> {
        let content =
            cargo::output(cargo(["run", "--quiet", "--locked", "--package", "grantlink", "--"]).args(self.arguments))?;
        if content.is_empty() {
            bail!("`grantlink {}` printed nothing", self.arguments.join(" "));
        }
        Ok(content)
    }
}

/// Compares each file with what the code would write now.
pub(super) fn check() -> Result<()> {
    for generated in &GENERATED {
        let content = generated.content()?;
        if fs::read(generated.path()).unwrap_or_default() != content {
            bail!(
                "{} is missing or stale: run `cargo xtask generate` and look at the difference",
                generated.file
            );
        }
    }
    Ok(())
}

/// Writes each file.
///
/// # Errors
/// When the code cannot say what belongs in it, or it cannot be written.
pub(crate) fn write() -> Result<()> {
    for generated in &GENERATED {
        let path = generated.path();
        let content = generated.content()?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, content).with_context(|| format!("cannot write {}", generated.file))?;
        println!("wrote {}", generated.file);
    }
    Ok(())
}
