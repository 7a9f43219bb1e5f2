//! From what the use cases know to what the pages say.

use application::{
    flow::{Choice, PickerPage, PickerState},
    ports::provider::{About, Unpickable},
};
use domain::connect_link::AttemptFailure;

use crate::pages::{Account, Availability, Icon, Listing, Notice, Provider};

/// The provider, in words.
pub(super) fn provider(about: &About) -> Provider<'_> {
    Provider {
        name: &about.product,
        account: &about.name,
        listing: &about.listing,
        listings: &about.listings,
        icon: match about.icon.as_str() {
            "google" => Icon::Google,
            "facebook" => Icon::Facebook,
            _ => Icon::App,
        },
    }
}

/// Why the last try did not finish, where that is worth a word.
pub(super) fn notice(failure: AttemptFailure) -> Option<Notice> {
    match failure {
        AttemptFailure::Denied => Some(Notice::Denied),
        AttemptFailure::Interrupted => Some(Notice::Interrupted),
        AttemptFailure::OtherAccount => Some(Notice::DifferentAccount),
        AttemptFailure::ProviderRefused | AttemptFailure::ProviderUnavailable => Some(Notice::ProviderFailed),
        // Their pages say it themselves; who went away knows it.
        AttemptFailure::AccountSwitched | AttemptFailure::MissingScopes | AttemptFailure::Abandoned => None,
    }
}

/// Who is signed in.
pub(super) fn account(page: &PickerPage) -> Account<'_> {
    let (name, email) = (page.account.name.as_deref(), page.account.email.as_deref());
    match name.or(email) {
        Some(shown) => Account {
            name: shown,
            email: email.filter(|email| *email != shown),
        },
        None => Account {
            name: &page.provider.name,
            email: None,
        },
    }
}

/// One listing, and whether it can be picked.
pub(super) fn listing<'a>(choice: &'a Choice, chosen: Option<&str>) -> Listing<'a> {
    let id = choice.listing.reference.id.as_str();
    Listing {
        id,
        title: &choice.listing.title,
        address: choice.listing.address.as_deref(),
        availability: match choice.listing.unpickable {
            Some(reason) => Availability::Blocked {
                reason: reason_in_words(reason),
            },
            None if choice.in_use => Availability::NeedsConfirmation {
                elsewhere: "another location",
            },
            None => Availability::Free,
        },
        selected: chosen.map_or(choice.suggested, |chosen| chosen == id),
        best_match: choice.suggested,
    }
}

/// Where the listings of a page stand among all that match: first and last from 1, and the pages around.
pub(super) struct Place {
    /// The number of the first listing on the page.
    pub(super) first: usize,
    /// The number of the last.
    pub(super) last: usize,
    /// The path of the page before.
    pub(super) previous: Option<String>,
    /// The path of the page after.
    pub(super) next: Option<String>,
}

/// Where a page of choices stands.
pub(super) fn place(page: &PickerPage, query: &str) -> Option<Place> {
    let PickerState::Choices {
        choices,
        page: number,
        matching,
    } = &page.state
    else {
        return None;
    };
    let before = number * application::flow::PAGE;
    let path = |number: usize| {
        let query = serde_urlencoded::to_string([
            ("attempt", page.attempt.to_string().as_str()),
            ("q", query),
            ("page", number.to_string().as_str()),
        ]);
        query.ok().map(|query| format!("/c/pick?{query}"))
    };
    Some(Place {
        first: before + 1,
        last: before + choices.len(),
        previous: number.checked_sub(1).and_then(path),
        next: (before + choices.len() < *matching).then(|| path(number + 1)).flatten(),
    })
}

fn reason_in_words(reason: Unpickable) -> &'static str {
    match reason {
        Unpickable::Unverified => "Not verified yet. Please finish its verification first, then open your link again.",
        Unpickable::Suspended => "Suspended or disabled. It has to be reinstated first.",
        Unpickable::Duplicate => "A duplicate of another entry. Please choose that one.",
        Unpickable::Closed => "Marked as permanently closed.",
    }
}
