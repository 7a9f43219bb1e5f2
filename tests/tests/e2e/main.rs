//! The end-to-end tests, in one binary.

mod attacks;
mod browser;
#[macro_use]
mod by_itself;
mod conformance;
mod flow;
mod keeping;
mod mail;
mod operations;
mod read_side;
mod torture;
