//! A task is a list of stages. Each says that it begins and how it ended; the table at the end says how long each took.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// What ran so far.
#[derive(Default)]
pub(crate) struct Stages {
    done: Vec<Done>,
}

struct Done {
    name: &'static str,
    took: Duration,
    passed: bool,
}

impl Stages {
    /// Runs a stage and prints what became of it. Hands back its result, for stages that later ones need.
    pub(crate) fn run<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        println!("--- {name}");
        let began = Instant::now();
        let outcome = work();
        let took = began.elapsed();
        match &outcome {
            Ok(_) => println!("    {name}: ok, {:.1} s", took.as_secs_f64()),
            Err(error) => println!("{error:#}\n    {name}: FAILED, {:.1} s", took.as_secs_f64()),
        }
        self.done.push(Done {
            name,
            took,
            passed: outcome.is_ok(),
        });
        outcome.ok()
    }

    /// The task's result.
    ///
    /// # Errors
    /// When a stage failed; names them.
    pub(crate) fn finish(&self) -> Result<()> {
        let failed: Vec<_> = self
            .done
            .iter()
            .filter(|stage| !stage.passed)
            .map(|stage| stage.name)
            .collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Done { name, took, passed } in &self.done {
            let outcome = if *passed { "ok" } else { "FAILED" };
            writeln!(f, "{name:<22}{:>9.1} s  {outcome}", took.as_secs_f64())?;
        }
        let total: Duration = self.done.iter().map(|stage| stage.took).sum();
        write!(f, "{:<22}{:>9.1} s", "total", total.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_stage_fails_the_task_and_is_named() {
        let mut stages = Stages::default();
        assert_eq!(stages.run("first", || Ok(1)), Some(1));
        assert_eq!(stages.run("second", || -> Result<()> { bail!("no") }), None);
        assert!(stages.run("third", || Ok(())).is_some());
        assert_eq!(stages.finish().unwrap_err().to_string(), "failed: second");
        assert!(stages.to_string().contains("FAILED"));
    }
}
