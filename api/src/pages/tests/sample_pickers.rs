//! The picker in every state.

use super::{
    super::{Account, Availability, Listing, Paging, PickError, Picker, Picks},
    samples::{Words, google, page},
};

pub(super) fn pickers(words: &Words) -> Vec<(String, String)> {
    let next = Some("/c/pick?attempt=a&page=3");
    let short = Paging {
        first: 1,
        last: 4,
        total: Some(4),
        ..Paging::default()
    };
    let by_cursor = Paging {
        first: 1,
        last: 4,
        next,
        ..Paging::default()
    };
    let long = Paging {
        first: 21,
        last: 24,
        total: Some(250),
        previous: Some("/c/pick?attempt=a&page=1"),
        next,
    };
    let searched = |picks| Picker {
        query: words.query,
        ..picker(words, picks)
    };
    let refused = |error, picks| {
        page(
            &format!("picker-{error:?}"),
            &Picker {
                error: Some(error),
                ..picker(words, picks)
            },
        )
    };
    let picks = |listings, paging| Picks::Listings { listings, paging };
    let mut blocked = listings(words, 0);
    blocked.retain(Listing::blocked);
    vec![
        page("picker", &picker(words, picks(listings(words, 0), short))),
        page("picker-many", &searched(picks(listings(words, 0), long))),
        page("picker-blocked", &picker(words, picks(blocked, short))),
        page("picker-no-results", &searched(Picks::NoResults)),
        page("picker-nothing", &picker(words, Picks::Nothing)),
        page("picker-over-plan", &picker(words, Picks::OverPlan)),
        page("picker-unavailable", &picker(words, Picks::Unavailable)),
        refused(PickError::NotConfirmed, picks(listings(words, 1), by_cursor)),
        refused(PickError::NothingChosen, picks(listings(words, 0), long)),
        refused(PickError::NoLongerAvailable, picks(listings(words, 0), short)),
    ]
}

fn picker<'a>(words: &'a Words, picks: Picks<'a>) -> Picker<'a> {
    Picker {
        brand: &words.brand,
        provider: google(),
        attempt: "at_0197&x=1",
        csrf: "5f1c",
        location: Some(words.place),
        account: Account {
            name: words.person,
            email: Some("owner@cafe-luna.example"),
        },
        query: "",
        page: 0,
        picks,
        error: None,
    }
}

/// The best match, one that another location has, one without an address and one that cannot be picked.
fn listings(words: &Words, selected: usize) -> Vec<Listing<'_>> {
    let elsewhere = Availability::NeedsConfirmation { elsewhere: words.place };
    let blocked = Availability::Blocked {
        reason: "Not verified at Google yet. Verify it there, then open your link again.",
    };
    let listing = |index: usize, id, title, address, availability| Listing {
        id,
        title,
        address,
        availability,
        selected: index == selected,
        best_match: index == 0,
    };
    vec![
        listing(0, "locations/1", words.title, Some(words.address), Availability::Free),
        listing(
            1,
            "locations/2",
            "Café Luna am Hafen, Terrasse und Biergarten",
            Some(words.address),
            elsewhere,
        ),
        listing(2, "locations/3", "Luna Catering", None, Availability::Free),
        listing(3, "locations/4", "Luna Pop-up", Some(words.address), blocked),
    ]
}
