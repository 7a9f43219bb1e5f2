//! After the sign-in: which of the customer's listings is it?

use askama::Template;

use super::{Brand, Provider};

/// `GET /c/pick`.
#[derive(Debug, Template)]
#[template(path = "pages/picker.html")]
pub struct Picker<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
    /// Where the listings come from.
    pub provider: Provider<'a>,
    /// Which run through the sign-in this is; a browser may have several.
    pub attempt: &'a str,
    /// Bound to this browser.
    pub csrf: &'a str,
    /// For which place of business.
    pub location: Option<&'a str>,
    /// Who is signed in at the provider.
    pub account: Account<'a>,
    /// What was searched for; empty when nothing was.
    pub query: &'a str,
    /// Which page of the list it is, from 0; the form brings it back, so that a refused choice is still on the page.
    pub page: usize,
    /// What there is to pick from.
    pub picks: Picks<'a>,
    /// Why the last choice was not taken.
    pub error: Option<PickError>,
}

/// The account at the provider, so that a wrong one is noticed before anything is connected.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// Its name, or its e-mail address when the provider tells no name.
    pub name: &'a str,
    /// Its e-mail address, where there is one beside the name.
    pub email: Option<&'a str>,
}

/// What the list came to.
#[derive(Debug)]
pub enum Picks<'a> {
    /// One page of listings.
    Listings {
        /// In the order of likelihood.
        listings: Vec<Listing<'a>>,
        /// Where in the list this page is.
        paging: Paging<'a>,
    },
    /// The search found nothing.
    NoResults,
    /// The account has no listing at all: mostly it is the wrong account.
    Nothing,
    /// The agency's plan has no room for another connection; the link stays usable.
    OverPlan,
    /// The provider does not answer at the moment.
    Unavailable,
}

/// One thing to pick.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// The provider's id of it, the value that the form sends.
    pub id: &'a str,
    /// Its name.
    pub title: &'a str,
    /// Its address, or whatever tells it from others of the same name.
    pub address: Option<&'a str>,
    /// Whether it can be picked.
    pub availability: Availability<'a>,
    /// The likeliest one, or the one that was picked before an error.
    pub selected: bool,
    /// Whether to mark it as the one that fits the location best.
    pub best_match: bool,
}

/// Whether a listing can be picked.
#[derive(Debug, Clone, Copy)]
pub enum Availability<'a> {
    /// It can.
    Free,
    /// Another location has it already; picking it needs a tick in `confirm`.
    NeedsConfirmation {
        /// That other location.
        elsewhere: &'a str,
    },
    /// It cannot: shown greyed, because a missing listing is a riddle and a greyed one is an answer.
    Blocked {
        /// Why not, as a sentence.
        reason: &'a str,
    },
}

/// Where in the list a page is. Providers that page by cursor know no total.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paging<'a> {
    /// The number of the first listing on this page, from 1.
    pub first: usize,
    /// The number of the last.
    pub last: usize,
    /// How many there are.
    pub total: Option<usize>,
    /// The path of the page before.
    pub previous: Option<&'a str>,
    /// The path of the page after.
    pub next: Option<&'a str>,
}

/// Why a choice was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickError {
    /// The form came without one.
    NothingChosen,
    /// It is connected to another location and the box was not ticked.
    NotConfirmed,
    /// It vanished, or was taken, between the page and the button.
    NoLongerAvailable,
}

impl PickError {
    fn text(self) -> &'static str {
        match self {
            Self::NothingChosen => "Please choose one entry of the list first.",
            Self::NotConfirmed => {
                "This one is already connected to another location. Please tick the box below it, or choose another one."
            }
            Self::NoLongerAvailable => "The one you chose is no longer available. Please choose again.",
        }
    }
}

/// From how many listings on a search is worth its place on a small screen.
const SEARCH_FROM: usize = 6;

impl Picker<'_> {
    /// Whether the button below the list could do anything.
    fn any_free(&self) -> bool {
        matches!(&self.picks, Picks::Listings { listings, .. } if listings.iter().any(|listing| !listing.blocked()))
    }

    fn shows_search(&self) -> bool {
        match &self.picks {
            Picks::Listings { listings, paging } => {
                !self.query.is_empty()
                    || paging.previous.is_some()
                    || paging.next.is_some()
                    || listings.len() >= SEARCH_FROM
            }
            Picks::NoResults => true,
            Picks::Nothing | Picks::OverPlan | Picks::Unavailable => false,
        }
    }
}

impl Account<'_> {
    fn initial(&self) -> String {
        Brand::monogram_of(self.name).chars().take(1).collect()
    }
}

impl Listing<'_> {
    pub(super) fn blocked(&self) -> bool {
        matches!(self.availability, Availability::Blocked { .. })
    }
}

impl Paging<'_> {
    fn shown(&self) -> bool {
        self.previous.is_some() || self.next.is_some()
    }
}
