//! Promises that are broken on purpose, and the stories that must notice.

use anyhow::{Result, ensure};

use super::report::{Report, Tried};
use super::{Environment, TARGETS, build, stories};
use crate::stage::Stages;
use crate::test::BINARY;
use crate::test::foreground::Foreground;

/// A feature of the adapters that only the tests' crate forwards, and the beginnings of the stories' names.
struct Mutant {
    feature: &'static str,
    caught_by: &'static [&'static str],
}

const MUTANTS: [Mutant; 4] = [
    Mutant {
        feature: "mutant-answer-before-commit",
        caught_by: &[
            "torture::killed_node::",
            "torture::durable_before_answer::",
            "torture::two_nodes::",
        ],
    },
    Mutant {
        feature: "mutant-synchronous-off",
        caught_by: &[
            "torture::crashed_database::",
            "torture::durable_before_answer::",
            "torture::full_disk::on_postgres_a_full_disk_that_ends",
        ],
    },
    Mutant {
        feature: "mutant-lock-held-by-client",
        caught_by: &["torture::two_nodes::"],
    },
    Mutant {
        feature: "mutant-full-disk-is-a-bug",
        caught_by: &[
            "torture::full_disk::on_sqlite",
            "torture::full_disk::on_postgres_a_full_disk_refuses",
        ],
    },
];

/// Builds each mutant, also after one survived, and runs its stories at their short length.
pub(super) fn run_all(
    stages: &mut Stages,
    foreground: &Foreground,
    environment: &mut Environment,
    report: &mut Report,
) {
    for mutant in &MUTANTS {
        let tried = stages.run(mutant.feature, || try_one(mutant, foreground, environment, report));
        report.mutants.extend(tried.into_iter().flatten());
    }
    let survived: Vec<_> = report.mutants.iter().filter(|caught| !caught.caught).collect();
    stages.run("mutants", || {
        ensure!(survived.is_empty(), "a mutant survived: {survived:?}");
        Ok(())
    });
}

/// A story that fails without the mutant too has not caught it.
fn try_one(
    mutant: &Mutant,
    foreground: &Foreground,
    environment: &mut Environment,
    report: &Report,
) -> Result<Vec<Tried>> {
    let feature = format!("grantlink-tests/{}", mutant.feature);
    let arguments = ["--features", &feature];
    let binary = build(foreground, &[&TARGETS[..], &arguments].concat())?;
    environment.retain(|(name, _)| *name != BINARY);
    environment.push((BINARY, binary.into()));
    let names: Vec<_> = mutant.caught_by.iter().map(|name| format!("test(/^{name}/)")).collect();
    let quietly = [&arguments[..], &["--failure-output", "never"]].concat();
    let tests = stories(foreground, environment, &[], &names.join(" | "), &quietly)?;
    for name in mutant.caught_by {
        ensure!(
            tests.iter().any(|test| test.name.starts_with(name)),
            "no story is called {name}..."
        );
    }
    let tried = tests.into_iter().map(|test| Tried {
        mutant: mutant.feature,
        caught: !test.passed && report.is_sound(&test.name),
        by: test.name,
    });
    Ok(tried.collect())
}
