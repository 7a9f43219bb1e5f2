//! A file that cannot be read in one sitting is split: none over 500 lines, and those over 300 are named.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::files;

const MOST: usize = 500;
const NOTED: usize = 300;

pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in files::rust(root)? {
        let lines = fs::read_to_string(&path)?.lines().count();
        let shown = path.strip_prefix(root).unwrap_or(&path).display();
        if lines > MOST {
            findings.push(format!("{shown} has {lines} lines; {MOST} are the limit"));
        } else if lines > NOTED {
            println!("    note: {shown} has {lines} lines");
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_found_and_build_output_is_not_looked_at() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("domain/src")).unwrap();
        fs::create_dir_all(root.path().join("target")).unwrap();
        fs::write(root.path().join("domain/src/long.rs"), "//\n".repeat(501)).unwrap();
        fs::write(root.path().join("domain/src/fits.rs"), "//\n".repeat(500)).unwrap();
        fs::write(root.path().join("target/generated.rs"), "//\n".repeat(900)).unwrap();
        let found = check(root.path()).unwrap();
        assert_eq!(found, ["domain/src/long.rs has 501 lines; 500 are the limit"]);
    }
}
