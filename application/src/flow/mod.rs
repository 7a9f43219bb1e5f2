//! The customer's way: open the link, sign in at the provider, pick a listing, done.

mod abandon;
mod ask_fresh;
mod begin;
mod callback;
mod complete;
mod credential;
mod decline;
mod fail;
mod found;
mod listings;
mod network;
mod open;
mod over_plan;
mod page;
mod picker;
mod sign_in;

pub use abandon::AbandonAttempts;
pub use begin::Departure;
pub use callback::{CallbackAnswer, ProviderAnswer};
pub use complete::Pick;
pub(crate) use credential::serialized;
pub use found::{FoundLink, Visit};
pub use listings::ListingCache;
pub use network::NetworkKeys;
pub use page::{Completion, Invitation, InvitationCache, LinkPage};
pub use picker::{Choice, PAGE, PickerPage, PickerState};
pub use sign_in::SignedIn;
