//! What a connection is called.

use domain::{
    ids::CustomerId,
    personal::{Detail, Personal, Subject},
};

use crate::ports::provider::{Account, Listing};

/// What the account and the listing are called, under the customer's key.
pub(crate) fn names_of(customer: CustomerId, account: &Account, listing: &Listing) -> Option<Personal> {
    let facts = [
        (Detail::AccountEmail, account.email.as_deref()),
        (Detail::AccountName, account.name.as_deref()),
        (Detail::ListingTitle, Some(listing.title.as_str())),
        (Detail::ListingAddress, listing.address.as_deref()),
    ];
    Personal::about(Subject::Customer(customer), facts)
}
