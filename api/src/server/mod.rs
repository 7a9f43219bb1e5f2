//! The listener: which host was asked decides what is served.

mod hosts;
mod housekeeping;
mod run;

pub use hosts::Hosts;
pub use run::serve;
