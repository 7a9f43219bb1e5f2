//! What a long run found, as tables.

use std::fmt;

/// How one story ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Test {
    pub(super) name: String,
    pub(super) seconds: f64,
    pub(super) passed: bool,
    /// What it counted; empty when it says nothing, or failed before.
    pub(super) figure: String,
}

/// Whether one story noticed a mutant.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) mutant: &'static str,
    pub(super) by: String,
    pub(super) caught: bool,
}

/// All of it.
#[derive(Default)]
pub(super) struct Report {
    pub(super) rounds: Vec<Vec<Test>>,
    pub(super) mutants: Vec<Tried>,
}

impl Report {
    /// Whether a story passed in every round: only then does it say something when it fails with a mutant.
    pub(super) fn is_sound(&self, story: &str) -> bool {
        let mut told = self
            .rounds
            .iter()
            .flatten()
            .filter(|test| test.name == story)
            .peekable();
        told.peek().is_some() && told.all(|test| test.passed)
    }
}

impl Test {
    /// Adds what nextest's line says, once: `PASS [   0.012s] (1/3) grantlink-tests::e2e torture::two_nodes::...`.
    pub(super) fn add_nextest(tests: &mut Vec<Self>, line: &str) {
        let Some((outcome, rest)) = line.split_once('[') else {
            return;
        };
        let outcome = outcome.trim();
        let ended = ["PASS", "FAIL", "TIMEOUT", "ABORT", "LEAK"].contains(&outcome) || outcome.starts_with("SIG");
        let Some((time, rest)) = rest.split_once("s]") else {
            return;
        };
        let (Ok(seconds), Some(name)) = (time.trim().parse(), rest.split_whitespace().last()) else {
            return;
        };
        // The runner repeats at the end what failed.
        if ended && tests.iter().all(|test| test.name != name) {
            tests.push(Self {
                name: name.to_owned(),
                seconds,
                passed: ["PASS", "LEAK"].contains(&outcome),
                figure: String::new(),
            });
        }
    }

    /// Adds what the stories wrote down: `name, tab, words`.
    pub(super) fn add_figures(tests: &mut [Self], written: &str) {
        for (name, words) in written.lines().filter_map(|line| line.split_once('\t')) {
            if let Some(test) = tests.iter_mut().find(|test| test.name == name) {
                words.clone_into(&mut test.figure);
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (round, tests) in self.rounds.iter().enumerate() {
            writeln!(f, "round {}", round + 1)?;
            for test in tests {
                let outcome = if test.passed { "ok" } else { "FAILED" };
                let name = test.name.trim_start_matches("torture::");
                writeln!(f, "{outcome:<7}{:>7.1} s  {name}", test.seconds)?;
                if !test.figure.is_empty() {
                    writeln!(f, "{:>18}{}", "", test.figure)?;
                }
            }
        }
        for Tried { mutant, by, caught } in &self.mutants {
            let outcome = if *caught { "caught" } else { "SURVIVED" };
            writeln!(f, "{mutant:<30}{outcome:<10}{}", by.trim_start_matches("torture::"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_story_is_counted_once_with_its_figure() {
        let mut tests = Vec::new();
        for line in [
            "    Starting 2 tests across 1 binary",
            "        SLOW [> 60.000s] (1/2) grantlink-tests::e2e torture::a::b",
            "        PASS [  61.500s] (1/2) grantlink-tests::e2e torture::a::b",
            "        FAIL [   0.250s] (2/2) grantlink-tests::e2e torture::c::d",
            "     Summary [  61.750s] 2 tests run: 1 passed (1 slow), 1 failed, 9 skipped",
            "        FAIL [   0.250s] (2/2) grantlink-tests::e2e torture::c::d",
        ] {
            Test::add_nextest(&mut tests, line);
        }
        Test::add_figures(&mut tests, "torture::a::b\t10 kills, 0 lost\n");
        let told: Vec<_> = tests
            .iter()
            .map(|test| (&*test.name, test.passed, &*test.figure))
            .collect();
        assert_eq!(
            told,
            [
                ("torture::a::b", true, "10 kills, 0 lost"),
                ("torture::c::d", false, "")
            ]
        );
    }

    #[test]
    fn a_story_is_sound_when_it_passed_in_every_round() {
        let story = |name: &str, passed| Test {
            name: name.to_owned(),
            seconds: 1.0,
            passed,
            figure: String::new(),
        };
        let report = Report {
            rounds: vec![
                vec![story("a", true), story("b", true)],
                vec![story("a", true), story("b", false)],
            ],
            mutants: vec![],
        };
        assert!(report.is_sound("a") && !report.is_sound("b") && !report.is_sound("c"));
    }

    #[test]
    fn a_story_that_was_ended_has_failed() {
        let mut tests = Vec::new();
        Test::add_nextest(
            &mut tests,
            "     TIMEOUT [ 600.001s] grantlink-tests::e2e torture::a::b",
        );
        Test::add_nextest(
            &mut tests,
            "     SIGKILL [   1.001s] grantlink-tests::e2e torture::c::d",
        );
        assert!(tests.len() == 2 && tests.iter().all(|test| !test.passed));
    }
}
