//! The public connect pages: what an agency's customer sees, on a phone, after a tap on a link in a chat.
//!
//! Each page is a plain struct with the words it needs; rendering it is all it can do. The agency's name, logo and colours lead and the product's own name
//! appears nowhere. The pages work without a script, load nothing from elsewhere and hold under [`CONTENT_SECURITY_POLICY`]: there is no inline style,
//! no inline script and no `data:` image, so an agency's colours come from a stylesheet of its own ([`BrandCss`]).

mod assets;
mod brand;
mod colours;
mod connected_already;
mod contact;
mod dates;
mod declined;
mod ended;
mod go;
mod icons;
mod in_app;
mod invitation;
mod missing_permission;
mod picker;
mod problem;
mod provider;
pub mod qr;
mod reopen;
mod success;
mod tab;
#[cfg(test)]
mod tests;

pub use askama::Template;
pub use assets::{BUSY, CONTENT_SECURITY_POLICY, PAGE_CSS, PAGE_JS, UNCLAIMED_HOST};
pub use brand::Brand;
pub use colours::{BrandCss, Colour, InvalidColour};
pub use connected_already::ConnectedAlready;
pub use contact::{Contact, InvalidContact};
pub use declined::Declined;
pub use ended::{Ask, Ended};
pub use go::{Go, ProviderUrl, UnsafeUrl};
pub use icons::Icon;
pub use in_app::InAppBrowser;
pub use invitation::{Invitation, Notice, Requester};
pub use missing_permission::MissingPermission;
pub use picker::{Account, Availability, Listing, Paging, PickError, Picker, Picks};
pub use problem::{Problem, Trouble};
pub use provider::Provider;
pub use reopen::Reopen;
pub use success::Success;
pub use tab::TabIcon;
