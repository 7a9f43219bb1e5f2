//! The load of every benchmark, ours and the peers': so many callers, each of whom asks again as soon as it is answered.
//!
//! One program makes one measurement and prints it as one line of JSON; who compares starts the programs in turn, so that
//! whatever else the machine does falls on all of them alike.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// How hard, and for how long.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Load {
    /// Callers at once.
    #[arg(long, default_value_t = 1)]
    pub callers: usize,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
    /// Seconds before, which are not.
    #[arg(long, default_value_t = 0.5)]
    pub warm_up: f64,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Operations.
    pub count: usize,
    /// Operations a second, of all callers together.
    pub per_second: f64,
    /// Half of the answers came within so many microseconds.
    pub p50_us: f64,
    /// 99 of 100 answers came within so many microseconds.
    pub p99_us: f64,
}

impl Measured {
    /// Prints it as the one line that whoever started the program reads.
    ///
    /// # Errors
    /// Never for numbers that JSON can hold.
    pub fn print(&self) -> anyhow::Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }

    /// One long operation over many items: so many items in that time.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn of_one_run(items: usize, took: Duration) -> Self {
        let micros = took.as_secs_f64() * 1e6;
        Self {
            count: items,
            per_second: items as f64 / took.as_secs_f64(),
            p50_us: micros,
            p99_us: micros,
        }
    }
}

/// One figure that is no rate: a size, a time. Its unit is the row's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Amount {
    /// The figure.
    pub amount: f64,
}

impl Amount {
    /// Prints it as the one line that whoever started the program reads.
    ///
    /// # Errors
    /// Never for numbers that JSON can hold.
    pub fn print(&self) -> anyhow::Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}

/// Lets the callers loose. `caller` makes each one's operation, which answers whether there was anything left to do.
///
/// # Errors
/// The first error of an operation, or when nothing was measured.
pub async fn drive<C, O, F>(load: &Load, caller: C) -> anyhow::Result<Measured>
where
    C: Fn(usize) -> O,
    O: FnMut() -> F + Send + 'static,
    F: Future<Output = anyhow::Result<bool>> + Send + 'static,
{
    let begin = Instant::now() + Duration::from_secs_f64(load.warm_up);
    let end = begin + Duration::from_secs_f64(load.seconds);
    let mut callers = JoinSet::new();
    for number in 0..load.callers {
        callers.spawn(call(caller(number), begin, end));
    }
    let mut answers: Vec<Answer> = Vec::new();
    while let Some(done) = callers.join_next().await {
        answers.extend(done??);
    }
    summary(answers, begin)
}

/// When an answer came, and how long it took.
type Answer = (Instant, Duration);

async fn call<O, F>(mut operation: O, begin: Instant, end: Instant) -> anyhow::Result<Vec<Answer>>
where
    O: FnMut() -> F,
    F: Future<Output = anyhow::Result<bool>>,
{
    let mut answers = Vec::new();
    loop {
        let asked = Instant::now();
        if !operation().await? {
            return Ok(answers);
        }
        let answered = Instant::now();
        if answered > end {
            return Ok(answers);
        }
        if asked >= begin {
            answers.push((answered, answered - asked));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn summary(mut answers: Vec<Answer>, begin: Instant) -> anyhow::Result<Measured> {
    let last = answers.iter().map(|(at, _)| *at).max();
    let took = last.ok_or_else(|| anyhow::anyhow!("nothing was measured"))? - begin;
    answers.sort_unstable_by_key(|(_, took)| *took);
    let at = |share: usize| answers[(answers.len() - 1) * share / 100].1.as_secs_f64() * 1e6;
    Ok(Measured {
        count: answers.len(),
        per_second: answers.len() as f64 / took.as_secs_f64(),
        p50_us: at(50),
        p99_us: at(99),
    })
}
