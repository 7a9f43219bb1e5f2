//! Agencies: how one joins, its API keys, and who stands behind a call.

mod api_key;
mod apps;
mod authenticate;
mod found;
mod keys;
mod logo;
mod members;
mod read;
mod spent_apps;

pub use api_key::{ApiKeyText, InvalidApiKey};
pub use apps::{AppInUse, RemoveProviderApp};
pub use authenticate::{Caller, Denied};
pub use found::{FoundAgency, Founded, Owner};
pub use keys::{IssueApiKey, RevokeApiKey};
pub use logo::SetLogo;
pub use members::AddMember;
pub use read::{AgencyFace, Person};
pub use spent_apps::KeptApp;
