//! The customer's way through the real program, on both databases, with a simulated Google.

mod accounts;
mod apps;
mod browsers;
mod commands;
mod crashes;
mod detours;
mod endings;
mod expiry;
mod happy;
mod hosts;
mod idempotency;
mod nodes;
mod own_apps;
mod past;
mod plans;
mod races;
mod scanners;
mod slots;

/// Olive's bakery: verified.
pub(crate) const BAKERY: &str = "locations/20118406530001";
/// Olive's wedding cakes: verified, without an address.
pub(crate) const CAKES: &str = "locations/20118406530002";
/// Olive's second shop: not verified yet.
const PECKHAM: &str = "locations/20118406530003";
/// Bea's bookshop.
pub(crate) const BOOKS: &str = "locations/20477319880001";

pub(crate) const CONNECTED: &str = "Connection created successfully";
/// B36, to the letter.
const ENDED: &str = "This connection link is invalid, has already been used, or has expired. Please contact your requester \
                     to get a new link.";
