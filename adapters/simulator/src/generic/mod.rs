//! Some other provider: a plain OAuth 2.0 server whose habits can be switched, at the start and while it runs.
//!
//! Real servers differ from the standard, and from each other, in ways that break clients. Each of those ways is a field of
//! [`Quirks`]; [`Quirks::strict`] and [`Quirks::lax`] are the two ends. What goes wrong on the way is a [`Trouble`]. Both are set
//! under `/_simulator/` as well, for tests in another process.

mod books;
mod control;
mod identity;
mod quirks;
mod resources;
mod server;
mod sign_in;
mod state;
mod token;
mod trouble;
mod workspaces;

pub use books::{Account, Audit, Minted};
pub use quirks::{ErrorStyle, ExpiresIn, Listings, Quirks, ShownBy};
pub use server::{GenericConfig, GenericServer, RunningGeneric};
pub use trouble::{Cut, Trouble};
