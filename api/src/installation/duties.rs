//! What an installation does by itself: every policy and every handler of jobs is hung in here.

use std::sync::Arc;

use adapters::views::ViewDb;
use application::{
    credentials::RenewDue,
    flow::AbandonAttempts,
    health,
    housekeeping::KeepHouse,
    integrations::{TakeBack, TakeBackWhenReleased},
    jobs::Duties,
    links::SweepLinks,
    mail,
    sync::{SyncWhenAsked, Synchronise},
};

/// All of it.
pub(super) fn duties(views: &Arc<ViewDb>) -> Duties {
    let duties = Duties::default()
        .policy(SyncWhenAsked)
        .handler(Synchronise)
        .policy(TakeBackWhenReleased)
        .handler(TakeBack)
        .recurring(SweepLinks(views.clone()))
        .recurring(AbandonAttempts)
        .recurring_in_shares(RenewDue, RenewDue::SHARES)
        .recurring(KeepHouse);
    health::duties(mail::duties(duties))
}
