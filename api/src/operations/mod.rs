//! What an operator's machines ask: is it alive, is it ready, what does it count. On a listener of its own, never on a public host.

pub mod doctor;
mod drain;
mod follow;
mod health;
mod labels;
mod measures;
mod process;
mod renewals;
mod sample;
mod serve;

pub use drain::Drain;
pub(crate) use follow::follow;
pub use labels::{Room, SignIn};
pub use measures::Measures;
pub(crate) use measures::UnderWay;
pub use sample::{DatabaseSample, DiskSample, Limits, Sample, Sampler, ViewSample};
pub use serve::{Operations, serve};
