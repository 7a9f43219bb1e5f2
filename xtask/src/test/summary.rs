//! Reads from the runner's own words how many tests ran.

use std::fmt;

/// How many tests ended how. A test that timed out or could not be started has failed.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Counts {
    pub(super) fn ran(self) -> u64 {
        self.passed + self.failed
    }

    /// Adds what nextest's line says: `Summary [   0.012s] 3 tests run: 1 passed (1 slow), 1 failed, 1 timed out, 0 skipped`.
    pub(super) fn add_nextest(&mut self, line: &str) {
        let line = without_colours(line);
        if !line.trim_start().starts_with("Summary [") {
            return;
        }
        if let Some((_, counts)) = line.split_once(" run: ") {
            self.add(counts, ", ");
        }
    }

    /// Adds what libtest's line says: `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; ...`.
    pub(super) fn add_libtest(&mut self, line: &str) {
        if let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        {
            self.add(counts, "; ");
        }
    }

    fn add(&mut self, counts: &str, separator: &str) {
        for part in without_parentheses(counts).split(separator) {
            let mut words = part.split_whitespace();
            let Some(count) = words.next().and_then(|count| count.parse::<u64>().ok()) else {
                continue;
            };
            match words.collect::<Vec<_>>().join(" ").as_str() {
                "passed" | "measured" => self.passed += count,
                "skipped" | "ignored" | "filtered out" => self.skipped += count,
                _ => self.failed += count,
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, text)| text));
    }
    plain
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|&letter| {
            depth += usize::from(letter == '(');
            let outside = depth == 0;
            depth -= usize::from(letter == ')' && depth > 0);
            outside
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nextest(line: &str) -> Counts {
        let mut counts = Counts::default();
        counts.add_nextest(line);
        counts
    }

    #[test]
    fn nextests_line_is_read_with_all_its_kinds_of_failure() {
        let line = "     Summary [   0.012s] 9 tests run: 4 passed (1 slow, 2 leaky), 2 failed, 1 exec failed, 2 timed out, 3 skipped";
        assert_eq!(
            nextest(line),
            Counts {
                passed: 4,
                failed: 5,
                skipped: 3
            }
        );
    }

    #[test]
    fn nextests_line_is_read_in_colour_after_a_cancelled_run_and_with_no_test() {
        let coloured = "\u{1b}[32;1m     Summary\u{1b}[0m [   1.2s] \u{1b}[1m1\u{1b}[0m/7 tests run: \u{1b}[1m1\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped";
        assert_eq!(
            nextest(coloured),
            Counts {
                passed: 1,
                failed: 0,
                skipped: 0
            }
        );
        assert_eq!(
            nextest("Summary [ 0.0s] 0 tests run: 0 passed, 5 skipped"),
            Counts {
                skipped: 5,
                ..Counts::default()
            }
        );
        assert_eq!(nextest("1 test run: 1 passed"), Counts::default());
    }

    #[test]
    fn libtests_lines_are_added_up() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
        ] {
            counts.add_libtest(line);
        }
        assert_eq!(
            counts,
            Counts {
                passed: 4,
                failed: 2,
                skipped: 3
            }
        );
        assert_eq!(counts.to_string(), "4 passed, 2 failed, 3 skipped");
    }
}
