//! What a story counted, for the table of a long run.

use std::{fs::OpenOptions, io::Write};

/// Says it, and adds it to the file that `GRANTLINK_TEST_FIGURES` names, with the test's name before it.
///
/// # Errors
/// When the file cannot be written.
pub fn figure(words: &str) -> anyhow::Result<()> {
    println!("{words}");
    if let Some(file) = std::env::var_os("GRANTLINK_TEST_FIGURES") {
        // The runner starts a process for each test, and names it there.
        let test = std::env::args()
            .find(|argument| argument.contains("::"))
            .unwrap_or_default();
        let mut file = OpenOptions::new().create(true).append(true).open(file)?;
        file.write_all(format!("{test}\t{words}\n").as_bytes())?;
    }
    Ok(())
}
