//! The configured providers: how to sign in there, what can be connected, and how access is taken back.
//!
//! Everything that differs between two providers of one kind is configuration ([`ProviderConfig`]); a new kind is a new
//! [`ProviderKind`] and a connector of its own.

mod catalogue;
mod config;
mod google;
mod oauth;
mod preset;
mod validate;

pub use catalogue::ConfiguredCatalogue;
pub use config::{ClientAuth, ProviderConfig, ProviderKind};
pub use validate::InvalidProviders;

#[cfg(test)]
mod tests;
