//! Promises that can be broken on purpose, to see that a test notices. Each is a feature of its own, which only the tests' crate
//! forwards; without it, the condition is the constant `false` and its branch is not in the program.

use application::ports::log::{Commit, Committed};
use domain::{Timestamp, log::Position};
use tokio::sync::oneshot;

use crate::sql::Outcome;

#[cfg(all(
    not(debug_assertions),
    any(
        feature = "mutant-answer-before-commit",
        feature = "mutant-full-disk-is-a-bug",
        feature = "mutant-lock-held-by-client",
        feature = "mutant-synchronous-off",
    )
))]
compile_error!("a mutant breaks a promise on purpose: it is for tests, and never for a release");

/// Whether the mutant of this name was built.
macro_rules! mutant {
    ($feature:tt) => {
        cfg!(feature = $feature)
    };
}

pub(crate) use mutant;

/// Answers those who leave a receipt, as if nothing could go wrong any more: for `mutant-answer-before-commit`.
pub(crate) fn answer_early(batch: &[Commit], answers: &mut [oneshot::Sender<Outcome>], mut head: Position) {
    for (commit, answer) in batch.iter().zip(answers) {
        head.0 += (commit.appends.len() + commit.observations.len()) as u64;
        if commit.receipt.is_some() {
            let (nobody, _) = oneshot::channel();
            let guess = Committed {
                position: head,
                recorded_at: Timestamp::UNIX_EPOCH,
            };
            std::mem::replace(answer, nobody).send(Ok(guess)).ok();
        }
    }
}
