//! Asking the views what happened on days.

use domain::ids::{AgencyId, Mode, TenantId};
use projections::{
    connection_span::{ConnectionSpanView, Span},
    read::Views,
    rebuild::{Wish, rebuild_named},
    report_day::{DayFigures, ReportDayView, day_of},
};

use crate::{
    on_both_databases,
    stories::{LIFE, Story, World, anna, google, minute, tenant, uuid},
    support::{MemoryLog, Node, TestDb},
};

on_both_databases![
    figures_of_links_are_put_together_by_day_provider_and_member,
    a_link_expires_by_the_clock_and_on_the_day_of_its_time,
    a_connection_stands_until_the_next_one_of_its_place,
    a_report_reaches_into_no_other_tenant,
    a_rebuilt_report_says_what_the_live_one_said,
];

async fn node_with(db: &TestDb, story: &Story) -> Node {
    let node = Node::new(db, &MemoryLog::of(story)).await;
    node.catches_up(ReportDayView).await;
    node.catches_up(ConnectionSpanView).await;
    node
}

fn first_day() -> i64 {
    day_of(minute(0))
}

async fn figures(node: &Node, tenant: TenantId, now: i64) -> Vec<DayFigures> {
    let days = first_day()..first_day() + 30;
    node.views.figures(tenant, days, minute(now)).await.unwrap()
}

async fn spans(node: &Node, tenant: TenantId, from: i64, to: i64) -> Vec<Span> {
    let between = minute(from)..minute(to);
    node.views.spans(tenant, None, between, 100).await.unwrap()
}

fn theirs() -> World {
    World {
        tenant: TenantId::of(AgencyId(uuid(1, 2)), Mode::Live),
        ..World::numbered(9)
    }
}

/// Three links: one that takes 3 minutes, one 5, one that is declined.
fn three_links() -> Story {
    Story::new()
        .issued()
        .completed()
        .about(World::numbered(2))
        .issued()
        .opened_by_a_person()
        .started()
        .completed()
        .about(World::numbered(3))
        .issued()
        .opened_by_a_scanner()
        .declined()
}

/// A41
async fn figures_of_links_are_put_together_by_day_provider_and_member(db: &TestDb) {
    let node = node_with(db, &three_links()).await;
    let days = figures(&node, tenant(), 600).await;
    let [day] = &days[..] else { panic!("{days:#?}") };
    assert_eq!((day.day, &day.provider, day.member), (first_day(), &google(), anna()));
    let counts = day.figures.counts;
    assert_eq!((counts.issued, counts.completed, counts.declined), (3, 2, 1));
    assert_eq!((counts.opened, counts.opened_by_machine, counts.started), (1, 1, 1));
    let took: Vec<_> = day.figures.seconds_to_connect.iter().collect();
    assert_eq!(took.iter().map(|(_, links)| **links).sum::<i64>(), 2, "{took:?}");
    assert!(day.figures.percentile(50) < day.figures.percentile(90), "{took:?}");
    let yesterday = first_day() - 1..first_day();
    assert!(
        node.views
            .figures(tenant(), yesterday, minute(600))
            .await
            .unwrap()
            .is_empty()
    );
}

/// A37: nobody has to meet a link for it to count, and one that ended otherwise does not.
async fn a_link_expires_by_the_clock_and_on_the_day_of_its_time(db: &TestDb) {
    let story = three_links().about(World::numbered(4)).issue_only();
    let node = node_with(db, &story).await;
    let expired = async |now| {
        let days = figures(&node, tenant(), now).await;
        let expired = days.iter().filter(|day| day.figures.expired > 0);
        expired
            .map(|day| (day.day - first_day(), day.figures.expired))
            .collect::<Vec<_>>()
    };
    assert_eq!(expired(LIFE - 1).await, []);
    assert_eq!(expired(2 * LIFE).await, [(7, 1)]);
}

/// What was deleted is over: it stands on nothing from then on.
/// Mutant: with spans that end where another place's begin (no PARTITION), this fails.
async fn a_connection_stands_until_the_next_one_of_its_place(db: &TestDb) {
    let again = World::default().with_link(7);
    let story = Story::new()
        .issued()
        .completed()
        .about(World::numbered(2))
        .issued()
        .completed()
        .about(again)
        .issued()
        .completed_again()
        .about(World::numbered(2))
        .deleted();
    let node = node_with(db, &story).await;
    let all = spans(&node, tenant(), 0, 600).await;
    let of = |world: World| {
        let own = all
            .iter()
            .filter(move |span| span.row.integration == world.integration());
        own.collect::<Vec<_>>()
    };
    let ([first, second], [other]) = (&of(again)[..], &of(World::numbered(2))[..]) else {
        panic!("{all:#?}");
    };
    assert_eq!((first.until, second.until), (second.row.since, None));
    assert!(other.until > second.row.since, "{other:?}");
    assert_eq!(
        (first.row.via, second.row.via),
        (Some(World::default().link), Some(again.link))
    );
    let begun = first.row.since.unwrap();
    assert!(
        node.views
            .spans(tenant(), None, minute(-9)..begun, 100)
            .await
            .unwrap()
            .is_empty()
    );
    let of_customer = Some(World::numbered(2).customer);
    let only = node
        .views
        .spans(tenant(), of_customer, minute(0)..minute(600), 100)
        .await;
    assert_eq!(only.unwrap().iter().collect::<Vec<_>>(), [*other]);
    assert_eq!(
        node.views
            .spans(tenant(), None, minute(0)..minute(600), 2)
            .await
            .unwrap()
            .len(),
        2
    );
}

/// B55. Mutant: either statement without its tenant makes this fail.
async fn a_report_reaches_into_no_other_tenant(db: &TestDb) {
    let node = node_with(db, &three_links().about(theirs()).issued().completed()).await;
    for (asking, links, connections) in [
        (tenant(), 3, 2),
        (theirs().tenant, 1, 1),
        (TenantId::of(crate::stories::agency(), Mode::Test), 0, 0),
    ] {
        let days = figures(&node, asking, 2 * LIFE).await;
        assert_eq!(days.iter().map(|day| day.figures.counts.issued).sum::<i64>(), links);
        assert_eq!(spans(&node, asking, 0, 600).await.len(), connections);
    }
}

/// ES-9: a report can be folded anew from the first day on.
async fn a_rebuilt_report_says_what_the_live_one_said(db: &TestDb) {
    let node = node_with(db, &three_links().about(World::numbered(4)).issue_only()).await;
    let before = (
        figures(&node, tenant(), 2 * LIFE).await,
        spans(&node, tenant(), 0, 600).await,
    );
    for view in ["report_day", "connection_span"] {
        rebuild_named(view, &node.sources, Wish::Switch, |_| ()).await.unwrap();
    }
    let after = (
        figures(&node, tenant(), 2 * LIFE).await,
        spans(&node, tenant(), 0, 600).await,
    );
    assert_eq!(after, before);
}
