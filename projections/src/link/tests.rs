//! Given events, a link's row.

use domain::connect_link::{AttemptFailure, RevokeReason};

use super::*;
use crate::{
    fold::folded,
    stories::{LIFE, Story, anna, customer, integration, link, location, minute, tenant},
    view::{Cells, ViewRow},
};

fn row_after(story: &Story) -> LinkRow {
    let table = folded(&LinkView, story);
    assert_eq!(table.newly_parked(), []);
    table.row(&link().to_string()).unwrap().clone()
}

/// A41
#[test]
fn an_issued_link_is_pending_and_knows_its_terms() {
    let row = row_after(&Story::new().issued());
    assert_eq!((row.id, row.tenant, row.integration), (link(), tenant(), integration()));
    assert_eq!(
        (row.customer, row.location, row.requested_by),
        (customer(), location(), anna())
    );
    assert_eq!(row.status_at(minute(5)), LinkStatus::Pending);
    assert_eq!((row.issued_at, row.expires_at), (minute(0), minute(LIFE)));
    assert_eq!(row.connection_name.as_deref(), Some("Reviews"));
}

#[test]
fn what_looks_like_a_scanner_is_counted_apart_from_people() {
    let row = row_after(
        &Story::new()
            .issued()
            .opened_by_a_scanner()
            .opened_by_a_person()
            .opened_by_a_person(),
    );
    let opened = Opened {
        by_person: 2,
        by_machine: 1,
        first_at: Some(minute(2)),
        last_at: Some(minute(4)),
    };
    assert_eq!(row.details.opened, opened);
    assert_eq!(row.status, LinkStatus::Pending);
}

#[test]
fn a_failed_attempt_is_noted_and_the_link_stays_started() {
    let row = row_after(&Story::new().issued().started().failed(AttemptFailure::Denied).started());
    assert_eq!(row.status_at(minute(9)), LinkStatus::Started);
    assert_eq!(row.details.starts, 2);
    let reason = row.details.last_failure.map(|failure| failure.reason);
    assert_eq!(reason, Some(AttemptFailure::Denied));
}

#[test]
fn a_completed_link_names_the_integration_that_it_made() {
    let row = row_after(&Story::new().issued().started().authorized().completed());
    assert_eq!(row.status, LinkStatus::Completed);
    assert_eq!(row.ended_at, Some(minute(4)));
    assert_eq!(row.completed_integration(), Some(integration()));
}

#[test]
fn a_revoked_link_says_why() {
    let row = row_after(&Story::new().issued().revoked());
    assert_eq!(row.status, LinkStatus::Revoked);
    assert_eq!(row.details.revoke_reason, Some(RevokeReason::Manual));
    assert_eq!(row.completed_integration(), None);
}

#[test]
fn a_declined_link_is_over() {
    let row = row_after(&Story::new().issued().declined());
    assert_eq!(row.status_at(minute(LIFE + 1)), LinkStatus::Declined);
}

/// B34: the date on which it expired is the same whether an event says so yet or not.
#[test]
fn a_link_is_expired_by_the_clock_before_any_event_says_so() {
    let row = row_after(&Story::new().issued());
    assert_eq!(
        row.status_at(minute(LIFE) - chrono::TimeDelta::microseconds(1)),
        LinkStatus::Pending
    );
    assert_eq!(row.status_at(minute(LIFE)), LinkStatus::Expired);
    assert_eq!(row.ended_at(minute(LIFE)), Some(minute(LIFE)));
    let recorded = row_after(&Story::new().issued().found_expired(minute(LIFE)));
    assert_eq!(recorded.status, LinkStatus::Expired);
    assert_eq!(recorded.ended_at, Some(minute(LIFE)));
}

#[test]
fn a_row_reads_back_from_its_cells() {
    let rows = [
        row_after(&Story::new().issued()),
        row_after(
            &Story::new()
                .issued()
                .opened_by_a_person()
                .started()
                .failed(AttemptFailure::Denied)
                .revoked(),
        ),
    ];
    for row in rows {
        let cells = row.cells();
        assert_eq!(cells.len(), LinkView::VIEW.columns.len());
        assert_eq!(LinkRow::from_cells(&mut Cells::new(cells)), Ok(row));
    }
}

/// An event for a link that nobody issued is damage: its key is parked, and other links go on.
#[test]
fn an_event_without_its_link_parks_that_link_alone() {
    let other = crate::stories::World::numbered(2);
    let table = folded(&LinkView, &Story::new().started().issued().about(other).issued());
    let parked: Vec<_> = table.newly_parked().iter().map(|parked| parked.key.clone()).collect();
    assert_eq!(parked, [link().to_string()]);
    assert!(table.row(&other.link.to_string()).is_some());
}

/// Erasing a person changes nothing but what is personal.
#[test]
fn without_personal_data_the_row_is_the_same_but_for_the_name() {
    let story = Story::new().issued().started();
    let erased = folded(&LinkView, &story.clone().everybody_erased());
    let nameless = LinkRow {
        connection_name: None,
        ..row_after(&story)
    };
    assert_eq!(erased.row(&link().to_string()), Some(&nameless));
}

/// VA-5: the name goes with the erasure's own fold, so that no row that was being written meanwhile keeps it; links of the
/// customer that this view never met are no matter.
///
/// Mutant: when the fold leaves the erasure to others, this fails.
#[test]
fn an_erased_customers_link_loses_its_name_and_nothing_else() {
    let before = row_after(&Story::new().issued().declined());
    let after = row_after(&Story::new().issued().declined().customer_erased());
    assert_eq!(after.connection_name, None);
    let named = LinkRow {
        connection_name: before.connection_name.clone(),
        ..after
    };
    assert_eq!(named, before);
}
