//! The configured providers: how to sign in there, what can be connected, and how access is taken back.
//!
//! Everything that differs between two providers of one kind is configuration ([`ProviderConfig`]); a new kind is a new
//! [`ProviderKind`] with interfaces of its own.

mod catalogue;
mod config;
mod connector;
mod fields;
mod generic;
mod google;
mod oauth;
mod preset;
mod validate;

pub use catalogue::ConfiguredCatalogue;
pub use config::{AccountFields, ClientAuth, ListingApi, ProviderConfig, ProviderKind};
pub use validate::InvalidProviders;

#[cfg(test)]
mod tests;
