//! What the pages say.

pub(super) const AGENCY: &str = "Bright Side Marketing";

pub(super) const INVITATION: &str = "Bright Side Marketing would like to connect your Google Business Profile";
pub(super) const LEADING_ON: &str = "Taking you to Google…";
pub(super) const PICKER: &str = "Which Business Profile should be connected?";
pub(super) const CONNECT: &str = "Connect this listing";
pub(super) const SUCCESS: &str = "Connection created successfully";
pub(super) const NOTHING: &str = "We found no Business Profile in this account";
pub(super) const UNTICKED: &str = "One box was left unticked";
pub(super) const REJECTED: &str = "You rejected this request";
pub(super) const ENDED: &str = "This link is no longer active";
pub(super) const IN_APP: &str = "Please open this page in your browser";

/// At the simulated Google.
pub(super) const CHOOSER: &str = "Choose an account";
pub(super) const CONSENT: &str = "connect.localhost wants access to your account";
