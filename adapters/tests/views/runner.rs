//! Following the log.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
    task::Poll,
    time::Duration,
};

use chrono::TimeDelta;
use domain::{
    event::Event,
    log::{Position, Recorded},
};
use projections::{
    audit_entry::{AuditEntryView, AuditSubject},
    checkpoints::{Health, WaitError},
    integration::{Badge, IntegrationView, badge},
    link::{LinkStatus, LinkView},
    progress,
    read::Views,
    reader::{EventReader, OpenError},
    runner::keep_all,
    store::ViewStore,
};

use crate::{
    on_both_databases,
    stories::{Story, StoryReader, World, integration, link, minute, tenant},
    support::{MemoryLog, Node, PACE, TestDb},
};

on_both_databases![
    a_command_is_readable_once_its_position_is_reached,
    a_runner_that_is_dropped_at_any_point_folds_every_event_once,
    two_nodes_on_one_view_fold_every_event_once,
    a_damaged_event_parks_its_link_and_no_other,
    a_node_that_meets_a_newer_nodes_event_stands_down,
    a_vault_that_is_away_delays_the_view_and_loses_nothing,
    waiting_for_a_position_that_does_not_come_ends_in_time,
    a_reader_on_another_node_sees_what_this_node_folds,
    progress_tells_lag_in_events_and_seconds_and_what_is_parked,
];

/// A41, A42, B25: from the log into all three views, and again when the log goes on.
async fn a_command_is_readable_once_its_position_is_reached(db: &TestDb) {
    let story = Story::new().issued();
    let log = MemoryLog::of(&story);
    let node = Node::new(db, &log).await;
    let _kept = keep_all(&node.sources, &node.checkpoints, PACE);
    node.reaches(LinkView, 2).await;
    let row = node.views.link(tenant(), link()).await.unwrap().unwrap();
    assert_eq!(
        (row.status, row.connection_name.as_deref()),
        (LinkStatus::Pending, Some("Reviews"))
    );

    log.goes_on(&story.opened_by_a_scanner().started().authorized().completed());
    node.reaches(LinkView, 10).await;
    node.reaches(IntegrationView, 10).await;
    node.reaches(AuditEntryView, 10).await;
    let row = node.views.link(tenant(), link()).await.unwrap().unwrap();
    assert_eq!(row.completed_integration(), Some(integration()));
    let row = node.views.integration(tenant(), integration()).await.unwrap().unwrap();
    assert_eq!(badge(&row, minute(60)), Badge::ViaLink);
    let subject = AuditSubject::Link(link());
    let positions = node.views.audit(tenant(), subject, Position(4), 3).await.unwrap();
    assert_eq!(positions, [Position(5), Position(6), Position(7)]);
}

/// Every event counts one, so that one folded twice or never would show.
const OPENINGS: u32 = 150;

fn many_openings() -> Story {
    (0..OPENINGS).fold(Story::new().issued(), |story, _| story.opened_by_a_person())
}

async fn openings(node: &Node) -> u32 {
    let row = node.views.link(tenant(), link()).await.unwrap().unwrap();
    row.details.opened.by_person
}

/// Polls a future so many times and drops it then, wherever it stands.
async fn dropped_after(polls: u32, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        future.as_mut().poll(context)
    })
    .await;
}

/// Rows and checkpoint change together: a node killed at any point goes on from where it committed.
/// Mutant: with the checkpoint written after the rows' commit, this counts too many.
async fn a_runner_that_is_dropped_at_any_point_folds_every_event_once(db: &TestDb) {
    let log = MemoryLog::of(&many_openings());
    let node = Node::new(db, &log).await;
    for polls in 1.. {
        dropped_after(polls, node.runner(LinkView).run()).await;
        let reached = node.views.checkpoint(&LinkView::VIEW).await.unwrap().position;
        if reached.0 == u64::from(OPENINGS) + 2 {
            break;
        }
    }
    assert_eq!(openings(&node).await, OPENINGS);
}

/// The lease keeps them apart here; `together.rs` has them meet, with the checkpoint's mutant.
async fn two_nodes_on_one_view_fold_every_event_once(db: &TestDb) {
    let log = MemoryLog::of(&many_openings());
    let (one, other) = (Node::new(db, &log).await, Node::new(db, &log).await);
    let _kept = (one.keeps(LinkView), other.keeps(LinkView));
    one.reaches(LinkView, u64::from(OPENINGS) + 2).await;
    other.reaches(LinkView, u64::from(OPENINGS) + 2).await;
    assert_eq!(openings(&one).await, OPENINGS);
}

/// What cannot be read is neither skipped nor in the way: its link stands still, also after a restart, and says so.
async fn a_damaged_event_parks_its_link_and_no_other(db: &TestDb) {
    let other = World::numbered(2);
    let story = Story::new().issued().started().damaged().about(other).issued();
    let log = MemoryLog::of(&story);
    let node = Node::new(db, &log).await;
    node.catches_up(LinkView).await;
    log.goes_on(&story.about(World::default()).declined().about(other).started());
    let restarted = Node::new(db, &log).await;
    restarted.catches_up(LinkView).await;

    let parked = restarted.checkpoints.parked("link").await.unwrap();
    let parked: Vec<_> = parked
        .iter()
        .map(|parked| (parked.key.as_str(), parked.position.0))
        .collect();
    assert_eq!(parked, [(link().to_string().as_str(), 3)]);
    let stands = restarted.views.link(tenant(), link()).await.unwrap().unwrap();
    assert_eq!(stands.status, LinkStatus::Pending);
    let goes_on = restarted.views.link(tenant(), other.link).await.unwrap().unwrap();
    assert_eq!(goes_on.status, LinkStatus::Started);
}

async fn a_node_that_meets_a_newer_nodes_event_stands_down(db: &TestDb) {
    let log = MemoryLog::of(&Story::new().issued().started().by_a_newer_node().declined());
    let node = Node::new(db, &log).await;
    let mut health = node.checkpoints.watch_health("link").unwrap();
    let kept = node.keeps(LinkView);
    let stood_down = |health: &Health| matches!(health, Health::StoodDown(reason) if reason.contains("version 2"));
    health.wait_for(stood_down).await.unwrap();
    let reached = node.views.checkpoint(&LinkView::VIEW).await.unwrap().position;
    assert_eq!(
        reached,
        Position(2),
        "everything before it is there, and nothing from it on"
    );
    assert!(node.views.link(tenant(), link()).await.unwrap().is_some());
    drop(kept);
}

/// Fails so often before it opens anything.
struct AwayAtFirst(AtomicU32);

#[async_trait::async_trait]
impl EventReader for AwayAtFirst {
    async fn open(&self, recorded: &Recorded) -> Result<Event, OpenError> {
        let left = self.0.load(Ordering::Relaxed);
        if left > 0 {
            self.0.store(left - 1, Ordering::Relaxed);
            return Err(OpenError::Unavailable("the vault is away".to_owned()));
        }
        StoryReader.open(recorded).await
    }
}

async fn a_vault_that_is_away_delays_the_view_and_loses_nothing(db: &TestDb) {
    let log = MemoryLog::of(&many_openings());
    let node = Node::reading(db, &log, AwayAtFirst(AtomicU32::new(3))).await;
    let mut health = node.checkpoints.watch_health("link").unwrap();
    let _kept = node.keeps(LinkView);
    health
        .wait_for(|health| matches!(health, Health::Failing(_)))
        .await
        .unwrap();
    node.reaches(LinkView, u64::from(OPENINGS) + 2).await;
    health.wait_for(|health| *health == Health::Following).await.unwrap();
    assert_eq!(openings(&node).await, OPENINGS);
    assert_eq!(node.checkpoints.parked("link").await.unwrap(), []);
}

async fn waiting_for_a_position_that_does_not_come_ends_in_time(db: &TestDb) {
    let log = MemoryLog::of(&Story::new().issued());
    let node = Node::new(db, &log).await;
    node.catches_up(LinkView).await;
    let waited = node
        .checkpoints
        .wait_for("link", Position(3), Duration::from_millis(1))
        .await;
    let Err(WaitError::TooSlow { reached, asked }) = waited else {
        panic!("position 3 does not exist: {waited:?}");
    };
    assert_eq!((reached, asked), (Position(2), Position(3)));
    let unknown = node.checkpoints.wait_for("nothing", Position(1), Duration::ZERO).await;
    assert!(matches!(unknown, Err(WaitError::UnknownView(_))));
}

async fn a_reader_on_another_node_sees_what_this_node_folds(db: &TestDb) {
    let log = MemoryLog::of(&Story::new().issued());
    let (keeper, reader) = (Node::new(db, &log).await, Node::new(db, &log).await);
    let ((), ()) = tokio::join!(reader.reaches(LinkView, 2), async {
        keeper.catches_up(LinkView).await;
    });
    assert!(reader.views.link(tenant(), link()).await.unwrap().is_some());
}

/// What metrics and `grantlink views` show: how far, how far behind, since when, and how many rows stand still.
async fn progress_tells_lag_in_events_and_seconds_and_what_is_parked(db: &TestDb) {
    let story = Story::new().issued().started().damaged();
    let log = MemoryLog::of(&story);
    let node = Node::new(db, &log).await;
    node.catches_up(LinkView).await;
    log.goes_on(&story.started().started());
    let now = log.head_time() + TimeDelta::seconds(90);
    let all = progress(node.views.as_ref(), log.as_ref(), now).await.unwrap();
    let link = all.iter().find(|progress| progress.view == "link").unwrap();
    assert_eq!((link.position, link.head), (Position(3), Position(5)));
    assert_eq!((link.lag_events, link.parked), (2, 1));
    assert!(link.lag_seconds >= 90, "{link:?}");
    node.catches_up(LinkView).await;
    let all = progress(node.views.as_ref(), log.as_ref(), now).await.unwrap();
    let link = all.iter().find(|progress| progress.view == "link").unwrap();
    assert_eq!((link.lag_events, link.lag_seconds), (0, 0));
}
