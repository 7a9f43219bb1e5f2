//! What an agency reads at a glance. "Expired" is the clock's doing, so a badge is derived whenever it is shown.

use domain::{Timestamp, integration::RequestOutcome};
use serde::{Deserialize, Serialize};

use super::IntegrationRow;

/// How an integration stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Badge {
    /// A link is on its way, and nothing works yet.
    Pending,
    /// It works, made through a link.
    ViaLink,
    /// It works, made directly.
    Connected,
    /// A link for new credentials is on its way; the old ones still work.
    PendingRefresh,
    /// The customer said no, and nothing worked before.
    Rejected,
    /// The link's time had come, and nothing worked before.
    Expired,
    /// The agency took the link back, and nothing worked before.
    Revoked,
    /// Its credentials are worth nothing any more: only a new sign-in helps.
    NeedsReconnect,
    /// It was taken off its account.
    Disconnected,
    /// It is over. A new link for its place begins anew.
    Deleted,
}

/// The badge of an integration by the clock. What works stays working, however its newest link ended.
pub fn badge(row: &IntegrationRow, now: Timestamp) -> Badge {
    if row.health().is_some_and(|health| health.broken.is_some()) {
        return Badge::NeedsReconnect; // also while a link is on its way: the old credentials do not work
    }
    if row.details.deleted_at.is_some() {
        return Badge::Deleted;
    }
    match (row.standing(), row.last_request(now).map(|last| last.outcome)) {
        (None, Some(_)) if row.details.disconnected_at.is_some() => Badge::Disconnected,
        (Some(_), None) => Badge::PendingRefresh,
        (Some(standing), Some(_)) if standing.via.is_some() => Badge::ViaLink,
        (Some(_), Some(_)) => Badge::Connected,
        (None, Some(RequestOutcome::Declined)) => Badge::Rejected,
        (None, Some(RequestOutcome::Expired)) => Badge::Expired,
        (None, Some(RequestOutcome::Revoked)) => Badge::Revoked,
        // Completed without a connection is the moment between two events of one commit.
        (None, None | Some(RequestOutcome::Completed)) => Badge::Pending,
    }
}

impl Badge {
    /// What it says.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending | Self::PendingRefresh => "Pending",
            Self::ViaLink => "Via Link",
            Self::Connected => "Connected",
            Self::Rejected => "Rejected",
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
            Self::NeedsReconnect => "Needs reconnect",
            Self::Disconnected => "Disconnected",
            Self::Deleted => "Deleted",
        }
    }

    /// The icon beside it.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Pending => "hourglass",
            Self::ViaLink => "link",
            Self::Connected => "check",
            Self::PendingRefresh => "refresh",
            Self::Rejected => "cross",
            Self::Expired => "clock",
            Self::Revoked => "ban",
            Self::NeedsReconnect => "warning",
            Self::Disconnected => "unlink",
            Self::Deleted => "bin",
        }
    }

    /// Its colour.
    pub fn colour(self) -> &'static str {
        match self {
            Self::Pending | Self::PendingRefresh => "yellow",
            Self::ViaLink => "blue",
            Self::Connected => "green",
            Self::Rejected | Self::NeedsReconnect => "red",
            Self::Expired | Self::Revoked | Self::Disconnected | Self::Deleted => "grey",
        }
    }

    /// Whether the connection can be used: its credentials work.
    pub fn usable(self) -> bool {
        matches!(self, Self::ViaLink | Self::Connected | Self::PendingRefresh)
    }
}
