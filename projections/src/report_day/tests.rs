use super::*;
use crate::{
    fold::folded,
    stories::{LIFE, Story, World, anna, google, link, minute, tenant},
    view::{Cells, ViewRow},
};
use domain::connect_link::AttemptFailure;

fn row(story: &Story, key: &str) -> Option<ReportDayRow> {
    folded(&ReportDayView, story).row(key).cloned()
}

fn today() -> String {
    format!("{}/{}", link(), day_of(minute(0)))
}

/// A41: every step of a day is counted for the provider and the member of the link, although only its first event names them.
#[test]
fn a_links_day_counts_what_happened_to_it() {
    let story = Story::new()
        .issued()
        .opened_by_a_scanner()
        .opened_by_a_person()
        .started()
        .failed(AttemptFailure::Denied)
        .started()
        .failed(AttemptFailure::Denied)
        .completed();
    let day = row(&story, &today()).unwrap();
    assert_eq!((day.tenant, day.provider, day.member), (tenant(), google(), anna()));
    let mut expected = Counts {
        issued: 1,
        opened: 1,
        opened_by_machine: 1,
        started: 1,
        completed: 1,
        ..Counts::default()
    };
    *expected.failed_mut(AttemptFailure::Denied) = 2;
    assert_eq!(day.counts, expected);
    assert_eq!(day.seconds_to_connect, Some(8 * 60));
    let looked_again = row(&story.clone().opened_by_a_person(), &today()).unwrap();
    assert_eq!(looked_again.seconds_to_connect, Some(8 * 60));
    assert_eq!(row(&story, &link().to_string()).unwrap().open_until, None);
}

/// The clock decides what expired, so the event that notes it changes nothing, and a link that nobody touches counts too.
#[test]
fn a_link_that_has_not_ended_says_when_its_time_comes() {
    let story = Story::new().issued();
    let open_until = |story: &Story| row(story, &link().to_string()).unwrap().open_until;
    assert_eq!(open_until(&story), Some(minute(LIFE)));
    assert_eq!(
        open_until(&story.clone().found_expired(minute(LIFE))),
        Some(minute(LIFE))
    );
    assert_eq!(open_until(&story.declined()), None);
}

#[test]
fn links_do_not_touch_each_others_rows_and_rows_read_back() {
    let other = World::numbered(2);
    let story = Story::new().issued().about(other).issued().declined();
    assert_eq!(row(&story, &today()).unwrap().counts.declined, 0);
    let row = row(&story, &format!("{}/{}", other.link, day_of(minute(0)))).unwrap();
    assert_eq!((row.counts.issued, row.counts.declined), (1, 1));
    assert_eq!(ReportDayRow::from_cells(&mut Cells::new(row.cells())), Ok(row.clone()));
    assert_eq!(row.cells().len(), ReportDayView::VIEW.columns.len());
}
