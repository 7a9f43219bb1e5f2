//! A fake Google: faithful enough to develop and test against, honest enough to say on every page that it is one.
//!
//! It speaks Google's OAuth 2.0 and `OpenID` Connect for web servers, shows the account chooser and the
//! consent page a person would see, and answers the Business Profile APIs for a small cast of [`personas`]. What makes
//! Google hard to integrate is imitated on purpose: boxes that can be unticked, refresh tokens that are sometimes not
//! sent, error pages that never return to the caller, lists that leave out everything empty.
//!
//! ```no_run
//! # async fn run() -> Result<(), grantlink_simulator::StartError> {
//! use grantlink_simulator::{OAuthClient, Simulator, SimulatorConfig};
//!
//! let google = Simulator::start(SimulatorConfig {
//!     clients: vec![OAuthClient::new("100-app", "secret", ["http://127.0.0.1:8080/callback"])],
//!     ..SimulatorConfig::default()
//! })
//! .await?;
//! println!("the simulated Google is at {}", google.base_url());
//! # Ok(()) }
//! ```

mod account_state;
mod business_profile;
mod clock;
mod config;
mod control;
mod faults;
pub mod generic;
pub mod mail;
mod oauth;
mod pages;
mod params;
pub mod personas;
mod random;
mod request_log;
mod server;
mod serving;
mod signin;
mod state;

pub use account_state::{AccountState, Capability, Quota, TokenError};
pub use business_profile::model::{AccountKind, Address, BusinessAccount, Listing, Role, Standing};
pub use clock::Clock;
pub use config::{InvalidClient, OAuthClient, SimulatorConfig};
pub use faults::Fault;
pub use oauth::ledger::{AccountTokens, LiveGrant, TokenAudit};
pub use request_log::LoggedRequest;
pub use server::{Running, Simulator, StartError};
