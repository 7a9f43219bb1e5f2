//! The end-to-end tests, in one binary.

#[macro_use]
mod by_itself;

mod attacks;
mod browser;
mod conformance;
mod flow;
mod keeping;
mod mail;
mod operations;
mod read_side;
mod torture;
