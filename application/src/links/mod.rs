//! Links, as the agency handles them: issue, show again, revoke.

mod expire;
mod issue;
mod live;
mod reveal;
mod revoke;
mod several;

pub use expire::{SweepLinks, Swept};
pub use issue::{IssueLink, IssuedLink};
pub use live::LinkInHand;
pub(crate) use live::{note_terms, withdraw_needless};
pub use reveal::RevealLink;
pub use revoke::RevokeLink;
pub(crate) use several::issue_all;
pub use several::{IssueLinks, IssuedLinks};

use domain::{connect_link::LinkToken, host::HostName};

use crate::app::App;

impl App {
    /// The address that a customer opens. Whoever reads it may use the link: it goes to the issuer and nowhere else.
    pub fn link_address(&self, host: &HostName, token: &LinkToken) -> String {
        self.addresses.on(host, &format!("/c/{}", token.reveal()))
    }
}
