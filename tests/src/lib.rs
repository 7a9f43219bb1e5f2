//! What the end-to-end tests stand on.

pub mod conformance;
pub mod harness;
pub mod scale;
pub mod seed;
pub mod torture;
