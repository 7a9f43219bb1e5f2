//! The whole way of a customer: the agency issues a link, somebody opens it, signs in at the provider, picks a listing, and is told
//! that it worked. The provider is the simulated one, in this process.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use grantlink_load::{Load, Measured, drive};
use grantlink_tests::harness::{Agency, Browser, Consent, Persona, everyone};

use super::{
    Town,
    town::{Place, network},
};
use crate::database::{On, on_new};

/// Places to connect. Without any left, the measurement ends early.
const PLACES: usize = 1_500;
/// Accounts at the provider: more than callers, so that no two of them connect the same one at once.
const PEOPLE: usize = 32;

pub(super) async fn run(load: Load) -> anyhow::Result<Measured> {
    on_new(On::Postgres, move |database| async move {
        let cast: Vec<Persona> = (0..PEOPLE).filter_map(owner).collect();
        let town = Town::with(database, cast.clone()).await?;
        let walk = Arc::new(Walk {
            agency: town.stage.agency.clone(),
            places: town.places(PLACES).await?,
            browser: Browser::new()?,
            cast,
            next: AtomicUsize::new(0),
        });
        drive(&load, |_| {
            let walk = walk.clone();
            move || walk.clone().next()
        })
        .await
    })
    .await
}

/// Somebody with a bakery, and with an account and listings of her own.
fn owner(number: usize) -> Option<Persona> {
    let mut owner = everyone().into_iter().next()?;
    owner.id = format!("{}-{number}", owner.id);
    owner.subject = format!("{}{number:02}", owner.subject);
    owner.email = format!("{}@example.com", owner.id);
    for account in &mut owner.accounts {
        account.id = format!("{}{number:02}", account.id);
        for listing in &mut account.listings {
            listing.id = format!("{}{number:02}", listing.id);
        }
    }
    Some(owner)
}

struct Walk {
    agency: Agency,
    places: Vec<Place>,
    /// No cookies yet; its copies share the connections.
    browser: Browser,
    cast: Vec<Persona>,
    next: AtomicUsize,
}

impl Walk {
    async fn next(self: Arc<Self>) -> anyhow::Result<bool> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(place) = self.places.get(number) else {
            return Ok(false);
        };
        let owner = &self.cast[number % PEOPLE];
        let link = self.agency.link(&place.named()).await?;
        let mut browser = self.browser.clone().in_network(network(number));
        let picker = browser.sign_in(&link.url, &owner.id, Consent::Everything).await?;
        let listing = format!("locations/{}", owner.accounts[0].listings[0].id);
        // An account has connected other places before: that the same listing is meant is confirmed.
        let fields = [("listing", listing.as_str()), ("confirm", listing.as_str())];
        let picked = browser.submit(&picker, "/c/pick", &fields).await?;
        let done = browser.follow(&picked).await?;
        done.expect(200, "Connection created successfully")?;
        Ok(true)
    }
}
