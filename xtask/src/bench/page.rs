//! The page that the table stands on. What people wrote around it stays.

use std::fs;

use anyhow::{Context as _, Result};

use super::machine::Machine;
use super::report::Report;
use crate::cargo::root;

const PAGE: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- measured: written by cargo xtask bench -->\n";
const END: &str = "<!-- end of what was measured -->\n";

pub(super) fn write(machine: &Machine, report: &Report) -> Result<()> {
    let path = root().join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let page =
        replaced(&page, &format!("{machine}\n\n{report}")).with_context(|| format!("{PAGE} has lost its markers"))?;
    fs::write(path, page)?;
    println!("wrote {PAGE}");
    Ok(())
}

fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n\n{END}{after}", table.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let page = format!("# Words\n\n{BEGIN}old\n{END}\nmore words\n");
        let written = replaced(&page, "new\n").unwrap();
        assert_eq!(written, format!("# Words\n\n{BEGIN}\nnew\n\n{END}\nmore words\n"));
        assert_eq!(replaced(&written, "new\n").unwrap(), written);
        assert_eq!(replaced("no markers", "new"), None);
    }
}
