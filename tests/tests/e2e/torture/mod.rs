//! Races: what many callers, several nodes, strangers and broken lines do to the log, at random and on purpose.
//!
//! Each figure is a short one; `GRANTLINK_TEST_SCALE` makes it long. `GRANTLINK_TEST_SEED` repeats the choices of a run.

mod interleavings;
mod left_callers;
mod line;
mod lost_answers;
mod model;
mod mutants;
mod returned_connections;
mod silent_holder;
mod strangers_transaction;
mod tailing_readers;
