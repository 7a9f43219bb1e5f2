//! The list that the customer picks from.

use std::{collections::BTreeSet, sync::Arc};

use domain::{connect_link::AttemptFailure, customer::Customer, ids::AttemptId, log::StreamId};

use super::found::{FoundLink, Visit};
use crate::{
    app::App,
    customers::LocationFile,
    error::CommandError,
    ports::{
        attempts::{Attempt, Stage},
        provider::{About, Account, Listing, ProviderError},
    },
};

/// So many listings stand on one page.
pub const PAGE: usize = 20;

/// The picker of an attempt.
pub struct PickerPage {
    /// The attempt.
    pub attempt: AttemptId,
    /// The link.
    pub found: FoundLink,
    /// The provider.
    pub provider: About,
    /// The place of business that it is for.
    pub location: Option<String>,
    /// Who is signed in there.
    pub account: Account,
    /// What there is to pick.
    pub state: PickerState,
}

/// What there is to pick.
pub enum PickerState {
    /// This, on this page.
    Choices {
        /// The listings of the page.
        choices: Vec<Choice>,
        /// Which page, from 0.
        page: usize,
        /// How many listings match.
        matching: usize,
    },
    /// The account manages nothing that could be picked.
    Nothing,
    /// The plan allows no more sources.
    OverPlan {
        /// How many it allows.
        allowance: u32,
    },
    /// The provider does not say right now.
    Unavailable,
}

/// One listing of the picker.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The listing.
    pub listing: Listing,
    /// Whether another location is connected to it.
    pub in_use: bool,
    /// Whether it looks like the place of business that the link is for.
    pub suggested: bool,
}

impl App {
    /// What the customer picks from: searched, best match first, a page at a time.
    ///
    /// # Errors
    /// [`CommandError::AttemptOver`] outside the attempt's browser or stage; what [`FoundLink::must_be_live`] says.
    pub async fn picker(
        self: &Arc<Self>,
        visit: &Visit,
        id: AttemptId,
        search: &str,
        page: usize,
    ) -> Result<PickerPage, CommandError> {
        let (attempt, found) = self.authorized(visit, id).await?;
        let credential = self.pending_credential(&attempt).await?;
        let customer = self
            .customer(found.tenant, found.terms.customer)
            .await?
            .unwrap_or_default();
        let location = customer.location(found.terms.location);
        let state = match self.listings_of(&attempt, &credential).await {
            Ok(listings) => {
                self.state(&attempt, &found, location, &listings, (search, page))
                    .await?
            }
            Err(CommandError::Provider(ProviderError::Refused(_))) => return Err(CommandError::AttemptOver),
            Err(CommandError::Provider(error)) => {
                tracing::warn!(%error, "the listings of an account could not be read");
                PickerState::Unavailable
            }
            Err(error) => return Err(error),
        };
        if let PickerState::OverPlan { .. } = state {
            self.note_over_plan(visit, &found).await;
        }
        let provider = self.connector_of(&attempt).await?.about().clone();
        let location = location.and_then(|location| location.name.clone());
        Ok(PickerPage {
            attempt: id,
            found,
            provider,
            location,
            account: credential.account,
            state,
        })
    }

    /// The customer wants to sign in with another account: this attempt is over, the next begins on the same link.
    ///
    /// # Errors
    /// As [`App::picker`] and [`App::begin`].
    pub async fn switch_account(self: &Arc<Self>, visit: &Visit, id: AttemptId) -> Result<AttemptId, CommandError> {
        let (attempt, found) = self.authorized(visit, id).await?;
        let context = found.context(self, visit);
        self.fail(&context, &attempt, AttemptFailure::AccountSwitched).await?;
        self.listings.forget(id).await;
        self.begin(visit, &found).await
    }

    /// The attempt of this browser that is signed in, on a link that is live. What the provider gave is dropped when the link
    /// ended meanwhile.
    pub(super) async fn authorized(
        self: &Arc<Self>,
        visit: &Visit,
        id: AttemptId,
    ) -> Result<(Attempt, FoundLink), CommandError> {
        let (attempt, found) = self.attempt_of_visit(visit, id).await?;
        if let Err(ended) = found.must_be_live(self) {
            if found.link.completed_by() != Some(id) {
                let context = found.context(self, visit);
                self.fail(&context, &attempt, AttemptFailure::Interrupted).await?;
            }
            return Err(ended);
        }
        if attempt.stage != Stage::Authorized {
            return Err(CommandError::AttemptOver);
        }
        Ok((attempt, found))
    }

    async fn state(
        &self,
        attempt: &Attempt,
        found: &FoundLink,
        location: Option<&LocationFile>,
        listings: &[Listing],
        (search, page): (&str, usize),
    ) -> Result<PickerState, CommandError> {
        if let Some(allowance) = self.exhausted_allowance(found).await? {
            return Ok(PickerState::OverPlan { allowance });
        }
        if listings.is_empty() {
            return Ok(PickerState::Nothing);
        }
        let taken = self
            .listings_in_use
            .by_others(found.tenant, &attempt.provider, found.terms.integration)
            .await?;
        let choices = ranked(listings, search, &taken, location);
        let matching = choices.len();
        let page = page.min(matching.saturating_sub(1) / PAGE);
        let choices = choices.into_iter().skip(page * PAGE).take(PAGE).collect();
        Ok(PickerState::Choices {
            choices,
            page,
            matching,
        })
    }

    async fn exhausted_allowance(&self, found: &FoundLink) -> Result<Option<u32>, CommandError> {
        let customer = self
            .replay::<Customer>(&StreamId::of::<Customer>(found.terms.customer))
            .await?;
        Ok(customer
            .filter(|customer| !customer.state.has_room_for(found.terms.integration))
            .and_then(|customer| customer.state.source_allowance()))
    }
}

/// The listings that match a search; the one that looks most like the location leads.
fn ranked(listings: &[Listing], search: &str, taken: &[String], location: Option<&LocationFile>) -> Vec<Choice> {
    let wanted = words(search);
    let mut choices: Vec<Choice> = listings
        .iter()
        .filter(|listing| wanted.iter().all(|word| searched(listing).contains(word.as_str())))
        .map(|listing| Choice {
            in_use: taken.contains(&listing.reference.id),
            listing: listing.clone(),
            suggested: false,
        })
        .collect();
    let likeness = |choice: &Choice| location.map_or(0, |location| likeness(&choice.listing, location));
    let best = choices.iter().map(likeness).max().unwrap_or(0);
    let mut likest = (0..choices.len()).filter(|place| likeness(&choices[*place]) == best);
    // A guess only where one stands out, and can be picked: a wrong one would be connected by whoever just presses the button.
    if let (Some(place), None, true) = (likest.next(), likest.next(), best > 0) {
        let is_free = choices[place].listing.unpickable.is_none() && !choices[place].in_use;
        let mut choice = choices.remove(place);
        choice.suggested = is_free;
        choices.insert(0, choice);
    }
    choices
}

/// How many words of the location's name and address a listing shares; the name counts double.
fn likeness(listing: &Listing, location: &LocationFile) -> usize {
    let shared = |ours: Option<&str>, theirs: Option<&str>| {
        let (ours, theirs) = (words(ours.unwrap_or_default()), words(theirs.unwrap_or_default()));
        ours.intersection(&theirs).count()
    };
    2 * shared(location.name.as_deref(), Some(&listing.title))
        + shared(location.address.as_deref(), listing.address.as_deref())
}

fn searched(listing: &Listing) -> String {
    format!("{} {}", listing.title, listing.address.as_deref().unwrap_or_default()).to_lowercase()
}

fn words(text: &str) -> BTreeSet<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::{ids::LocationId, provider::ListingRef};
    use uuid::Uuid;

    use super::*;
    use crate::ports::provider::Unpickable;

    fn listing(id: &str, title: &str, address: &str) -> Listing {
        let reference = ListingRef {
            id: id.to_owned(),
            account: None,
        };
        Listing {
            reference,
            title: title.to_owned(),
            address: Some(address.to_owned()),
            unpickable: None,
        }
    }

    fn bakery() -> LocationFile {
        let name = Some("Bakery North".to_owned());
        LocationFile {
            id: LocationId(Uuid::nil()),
            name,
            address: Some("Dam 1, Amsterdam".to_owned()),
        }
    }

    fn ids(choices: &[Choice]) -> Vec<&str> {
        choices
            .iter()
            .map(|choice| choice.listing.reference.id.as_str())
            .collect()
    }

    /// A30: the matching listing leads; nothing is hidden.
    #[test]
    fn the_listing_that_looks_like_the_location_leads() {
        let all = [
            listing("a", "Cafe South", "Elsewhere 4"),
            listing("b", "Bakery South", "Rokin 2"),
            listing("c", "BAKERY north", "Dam 1"),
        ];
        let choices = ranked(&all, "", &[], Some(&bakery()));
        assert_eq!(ids(&choices), ["c", "a", "b"]);
        assert!(choices[0].suggested && !choices[1].suggested);
    }

    #[test]
    fn what_cannot_be_picked_or_is_in_use_is_shown_but_never_suggested() {
        let mut greyed = listing("a", "Bakery North", "Dam 1");
        greyed.unpickable = Some(Unpickable::Unverified);
        let choices = ranked(&[listing("c", "North", ""), greyed], "", &[], Some(&bakery()));
        assert_eq!(ids(&choices), ["a", "c"]);
        let all = [listing("c", "North", ""), listing("b", "Bakery North", "Dam 1")];
        let taken = ranked(&all, "", &["b".to_owned()], Some(&bakery()));
        assert!(taken[0].in_use);
        assert!(choices.iter().chain(&taken).all(|choice| !choice.suggested));
    }

    #[test]
    fn nothing_is_suggested_where_two_fit_equally_well() {
        let all = [
            listing("a", "Bakery North", "Rokin 2"),
            listing("b", "Bakery North", "Rokin 4"),
        ];
        assert!(
            ranked(&all, "", &[], Some(&bakery()))
                .iter()
                .all(|choice| !choice.suggested)
        );
    }

    #[test]
    fn every_word_of_a_search_must_be_found_in_title_or_address() {
        let all = [
            listing("a", "Bäckerei Nord", "Hauptstraße 1"),
            listing("b", "Bäckerei Süd", "Am Markt"),
        ];
        assert_eq!(ids(&ranked(&all, "bäckerei haupt", &[], None)), ["a"]);
        assert!(ranked(&all, "nowhere", &[], None).is_empty());
        assert_eq!(ranked(&all, "  ", &[], None).len(), 2);
    }
}
