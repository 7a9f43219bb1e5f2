//! Given events, an integration's row and its badge.

use domain::integration::{Capability, CapabilityState};

use super::*;
use crate::{
    fold::folded,
    stories::{LIFE, Story, World, integration, link, minute},
    view::{Cells, ViewRow},
};

const NOW: i64 = 60;

fn row_after(story: &Story) -> IntegrationRow {
    let table = folded(&IntegrationView, story);
    assert_eq!(table.newly_parked(), []);
    table.row(&integration().to_string()).unwrap().clone()
}

fn badge_after(story: &Story) -> Badge {
    badge(&row_after(story), minute(NOW))
}

fn connected() -> Story {
    Story::new().issued().started().authorized().completed()
}

/// A connected integration whose agency asked for fresh credentials.
fn refreshing() -> Story {
    connected().about(World::default().with_link(2)).issued()
}

/// B27, B41: label, icon and colour, and whether it can be used.
/// Mutant: with Rejected in grey this fails.
#[test]
fn every_badge_has_its_words_its_icon_and_its_colour() {
    let shown = |badge: Badge| (badge.label(), badge.icon(), badge.colour(), badge.usable());
    assert_eq!(shown(Badge::Pending), ("Pending", "hourglass", "yellow", false));
    assert_eq!(shown(Badge::ViaLink), ("Via Link", "link", "blue", true));
    assert_eq!(shown(Badge::Connected), ("Connected", "check", "green", true));
    assert_eq!(shown(Badge::PendingRefresh), ("Pending", "refresh", "yellow", true));
    assert_eq!(shown(Badge::Rejected), ("Rejected", "cross", "red", false));
    assert_eq!(shown(Badge::Expired), ("Expired", "clock", "grey", false));
    assert_eq!(shown(Badge::Revoked), ("Revoked", "ban", "grey", false));
    assert_eq!(
        shown(Badge::NeedsReconnect),
        ("Needs reconnect", "warning", "red", false)
    );
    assert_eq!(shown(Badge::Disconnected), ("Disconnected", "unlink", "grey", false));
    assert_eq!(shown(Badge::Deleted), ("Deleted", "bin", "grey", false));
}

/// B27
/// Mutant: when `badge` takes no request yet for a revoked one, this fails.
#[test]
fn a_first_link_on_its_way_is_pending_with_its_expiry() {
    let row = row_after(&Story::new().issued());
    assert_eq!(badge(&row, minute(NOW)), Badge::Pending);
    let pending = PendingLink {
        link: link(),
        expires_at: minute(LIFE),
    };
    assert_eq!(row.pending(minute(NOW)), Some(pending));
    assert_eq!(row.last_request(minute(NOW)), None);
}

/// B25
/// Mutant: when `badge` asks for `via` the wrong way round, this fails.
#[test]
fn a_connection_made_through_a_link_is_via_link_and_knows_what_it_stands_on() {
    let row = row_after(&connected());
    assert_eq!(badge(&row, minute(NOW)), Badge::ViaLink);
    let standing = row.standing().unwrap();
    assert_eq!((standing.via, standing.connection.generation), (Some(link()), 1));
    assert_eq!((standing.connected_at, standing.reconnected_at), (minute(7), None));
    assert_eq!(row.account_email.as_deref(), Some("owner@cafe.example"));
    assert_eq!(row.listing_title.as_deref(), Some("Café am Markt"));
    assert_eq!(row.pending(minute(NOW)), None);
}

#[test]
fn a_connection_made_directly_is_connected() {
    assert_eq!(
        badge_after(&Story::new().issued().revoked().connected_directly()),
        Badge::Connected
    );
}

/// B28
/// Mutant: when `badge` says Via Link while a request is pending, this fails.
#[test]
fn a_link_for_new_credentials_is_pending_while_the_old_ones_still_work() {
    let row = row_after(&refreshing());
    assert_eq!(badge(&row, minute(NOW)), Badge::PendingRefresh);
    assert_eq!(row.standing().unwrap().via, Some(link()));
}

#[test]
fn new_credentials_take_the_place_of_the_old_ones_and_the_first_day_stays() {
    let row = row_after(&refreshing().authorized().completed_again());
    assert_eq!(badge(&row, minute(NOW)), Badge::ViaLink);
    let standing = row.standing().unwrap();
    assert_eq!(
        (standing.connection.generation, standing.via),
        (2, Some(World::default().with_link(2).link))
    );
    assert_eq!(
        (standing.connected_at, standing.reconnected_at),
        (minute(7), Some(minute(15)))
    );
}

/// B29, B42
/// Mutant: when `badge` says Pending for a declined request, this fails.
#[test]
fn a_declined_first_link_is_rejected_and_not_usable() {
    let badge = badge_after(&Story::new().issued().declined());
    assert_eq!(badge, Badge::Rejected);
    assert!(!badge.usable());
}

#[test]
fn a_revoked_first_link_is_revoked() {
    assert_eq!(badge_after(&Story::new().issued().revoked()), Badge::Revoked);
}

/// B34
#[test]
fn a_first_link_whose_time_has_come_is_expired_whether_an_event_says_so_or_not() {
    let unnoticed = row_after(&Story::new().issued());
    let noticed = row_after(&Story::new().issued().found_expired(minute(LIFE)));
    for row in [unnoticed, noticed] {
        assert_eq!(badge(&row, minute(LIFE)), Badge::Expired);
        let last = LastRequest {
            link: link(),
            outcome: RequestOutcome::Expired,
            at: minute(LIFE),
        };
        assert_eq!(row.last_request(minute(LIFE)), Some(last));
        assert_eq!(row.pending(minute(LIFE)), None);
    }
}

/// B41, B42: with working credentials, the end of a later link is only told, and takes nothing away.
#[test]
fn a_later_link_that_ended_leaves_via_link_and_says_how_it_ended() {
    let second = World::default().with_link(2).link;
    let endings = [
        (refreshing().declined(), RequestOutcome::Declined),
        (refreshing().revoked(), RequestOutcome::Revoked),
        (refreshing().found_expired(minute(NOW)), RequestOutcome::Expired),
    ];
    for (story, outcome) in endings {
        let row = row_after(&story);
        assert_eq!(badge(&row, minute(NOW)), Badge::ViaLink, "{outcome}");
        let last = row.last_request(minute(NOW)).unwrap();
        assert_eq!((last.link, last.outcome), (second, outcome));
    }
    let lapsed = row_after(&refreshing());
    let late = minute(2 * LIFE);
    assert_eq!(badge(&lapsed, late), Badge::ViaLink);
    assert_eq!(lapsed.last_request(late).unwrap().outcome, RequestOutcome::Expired);
}

/// A superseded link's end must not close the one that took its place.
#[test]
fn the_end_of_an_older_link_is_no_news() {
    let first = World::default();
    let row = row_after(
        &Story::new()
            .issued()
            .about(first.with_link(2))
            .issued()
            .about(first)
            .revoked(),
    );
    assert_eq!(badge(&row, minute(NOW)), Badge::Pending);
}

/// Between two events of one commit there is no flicker: what completes is still pending until the connection is there.
#[test]
fn a_completed_link_is_pending_until_its_connection_is_folded() {
    let row = row_after(&Story::new().issued());
    let mut half = row;
    close(&mut half, link(), RequestOutcome::Completed, minute(1));
    assert_eq!(badge(&half, minute(NOW)), Badge::Pending);
}

#[test]
fn a_row_reads_back_from_its_cells() {
    let ill = connected()
        .found(Capability::Metrics, CapabilityState::Unverified)
        .broken();
    let stories = [
        Story::new().issued(),
        refreshing().declined(),
        ill,
        connected().disconnected(),
        connected().deleted(),
    ];
    for row in stories.iter().map(row_after) {
        let cells = row.cells();
        assert_eq!(cells.len(), IntegrationView::VIEW.columns.len());
        assert_eq!(IntegrationRow::from_cells(&mut Cells::new(cells)), Ok(row));
    }
}

fn status_after(story: &Story) -> Option<HealthStatus> {
    row_after(story).health().map(Health::status)
}

/// A44, A47: it is listed, and cannot be used, whatever link is on its way; a sign-in, its own or another connection's, heals it.
///
/// Mutant: when `badge` looks at the link first, it says Pending and usable, and this fails.
#[test]
fn a_connection_whose_access_ended_needs_a_reconnect_until_somebody_signs_in() {
    let row = row_after(&connected().broken());
    assert_eq!(badge(&row, minute(NOW)), Badge::NeedsReconnect);
    assert!(!badge(&row, minute(NOW)).usable());
    let (health, since) = (row.health().unwrap(), minute(9));
    let reason = domain::grant::LossReason::ExpiredOrRevoked;
    assert_eq!(
        (health.broken, health.since()),
        (Some(Broken { reason, since }), Some(since))
    );
    assert!(row.standing().is_some(), "what it stood on is still told");

    let asked = connected().broken().about(World::default().with_link(2)).issued();
    assert_eq!(badge_after(&asked), Badge::NeedsReconnect);
    assert!(row_after(&asked).pending(minute(NOW)).is_some());
    assert_eq!(badge_after(&asked.authorized().completed_again()), Badge::ViaLink);
    assert_eq!(badge_after(&connected().broken().recovered()), Badge::ViaLink);
}

/// A60: what is denied is told for itself, and the connection goes on.
#[test]
fn a_connection_is_as_well_as_what_it_is_good_for() {
    use {Capability::*, CapabilityState as Is};
    assert_eq!(status_after(&Story::new().issued()), None);
    assert_eq!(status_after(&connected()), Some(HealthStatus::Unknown));
    let reading = connected().found(ReviewsRead, Is::Ok);
    assert_eq!(status_after(&reading), Some(HealthStatus::Ok));
    let denied = reading.found(Metrics, Is::PermissionDenied);
    assert_eq!(status_after(&denied), Some(HealthStatus::Degraded));
    let row = row_after(&denied);
    assert_eq!(
        (badge(&row, minute(NOW)), row.health().unwrap().since()),
        (Badge::ViaLink, Some(minute(10)))
    );
    assert_eq!(
        status_after(&denied.clone().broken()),
        Some(HealthStatus::NeedsReconnect)
    );
    assert_eq!(
        status_after(&denied.clone().broken().recovered()),
        Some(HealthStatus::Degraded)
    );
    assert_eq!(
        status_after(&denied.clone().found(Metrics, Is::Ok)),
        Some(HealthStatus::Ok)
    );
    assert_eq!(status_after(&denied.clone().disconnected()), None);
    assert_eq!(
        status_after(&denied.about(World::default().with_link(2)).issued().completed_again()),
        Some(HealthStatus::Degraded),
        "the same listing"
    );
}

/// A link after the end begins a new life, which takes nothing over.
#[test]
fn a_life_is_counted_by_the_links_that_follow_an_end() {
    let ill = connected().found(Capability::Metrics, CapabilityState::PermissionDenied);
    assert_eq!(row_after(&ill).details.life, 1);
    let again = ill.deleted().about(World::default().with_link(2)).issued();
    assert_eq!(row_after(&again).details.life, 2);
    assert_eq!(status_after(&again.completed()), Some(HealthStatus::Unknown));
}

/// Erasing a person changes nothing but what is personal.
#[test]
fn without_personal_data_the_row_is_the_same_but_for_the_names() {
    let erased = row_after(&connected().everybody_erased());
    let nameless = IntegrationRow {
        account_email: None,
        account_name: None,
        listing_title: None,
        listing_address: None,
        ..row_after(&connected())
    };
    assert_eq!(erased, nameless);
}

/// VA-5. Mutant: when the fold leaves the erasure to others, this fails.
#[test]
fn an_erased_customers_integration_loses_its_names() {
    let row = row_after(&connected().customer_erased());
    let names = [
        row.account_email,
        row.account_name,
        row.listing_title,
        row.listing_address,
    ];
    assert!(names.iter().all(Option::is_none), "{names:?}");
}

/// Mutants: when what it stood on stays, its listing counts as in use, and this fails; so it does when the completed link's end is
/// told as a revocation.
#[test]
fn a_deleted_integration_is_not_usable_until_a_link_makes_it_anew() {
    let row = row_after(&connected().deleted());
    assert_eq!(badge(&row, minute(NOW)), Badge::Deleted);
    assert_eq!(
        row.last_request(minute(NOW)).map(|last| last.outcome),
        Some(RequestOutcome::Completed),
        "as its link says"
    );
    assert!(row.standing().is_none() && row.listing_title.is_none() && row.details.deleted_at.is_some());
    let again = row_after(&connected().deleted().about(World::default().with_link(2)).issued());
    assert_eq!(badge(&again, minute(NOW)), Badge::Pending);
    assert_eq!(again.details.deleted_at, None);
    let refused = row_after(&Story::new().issued().declined().deleted());
    assert_eq!(badge(&refused, minute(NOW)), Badge::Deleted);
    assert_eq!(
        refused.last_request(minute(NOW)).map(|last| last.outcome),
        Some(RequestOutcome::Declined)
    );
}
