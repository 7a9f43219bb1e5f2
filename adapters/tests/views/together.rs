//! All views in one runner: who is read for together, who goes its own way, and how they meet again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::{
    event::Event,
    log::{Position, Recorded},
};
use projections::{
    VIEWS,
    audit_entry::AuditEntryView,
    checkpoints::Health,
    integration::IntegrationView,
    link::LinkView,
    read::Views,
    reader::{EventReader, OpenError},
    rebuild::{Wish, rebuild_named},
    report_day::ReportDayView,
    runner::{Pace, keep_all},
    store::ViewStore,
};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    on_both_databases,
    stories::{Story, StoryReader, World, link, tenant},
    support::{MemoryLog, Node, PACE, SOON, TestDb},
};

on_both_databases![
    events_are_opened_once_for_all_views,
    a_view_that_is_far_behind_holds_nobody_up_and_joins_in_the_end,
    views_that_cannot_open_an_event_hold_no_other_up,
    a_view_that_cannot_be_written_holds_no_other_up,
    an_index_goes_on_when_the_others_stand_down,
    two_nodes_that_keep_all_views_fold_every_event_once,
];

/// More than views are read for together at this pace.
const MANY: usize = 100;

/// Counts how often each event is opened, and opens one of them only once the gate says so.
struct Gate {
    opened: watch::Sender<HashMap<Position, u32>>,
    /// Whether somebody waits for an answer.
    waits: watch::Sender<bool>,
    guarded: Option<(Position, Guard)>,
}

/// How an event is kept closed.
enum Guard {
    /// Nobody gets an answer meanwhile.
    Silent(watch::Receiver<bool>),
    /// The answer is that the vault is away.
    Away(watch::Receiver<bool>),
}

#[async_trait::async_trait]
impl EventReader for Gate {
    async fn open(&self, recorded: &Recorded) -> Result<Event, OpenError> {
        self.opened
            .send_modify(|opened| *opened.entry(recorded.position).or_default() += 1);
        match &self.guarded {
            Some((position, Guard::Silent(open))) if *position == recorded.position => {
                self.waits.send_replace(!*open.borrow());
                open.clone().wait_for(|open| *open).await.unwrap();
            }
            Some((position, Guard::Away(open))) if *position == recorded.position && !*open.borrow() => {
                return Err(OpenError::Unavailable("the vault is away".to_owned()));
            }
            _ => {}
        }
        StoryReader.open(recorded).await
    }
}

impl Gate {
    fn new(guarded: Option<(Position, Guard)>) -> Arc<Self> {
        Arc::new(Self {
            opened: watch::Sender::default(),
            waits: watch::Sender::new(false),
            guarded,
        })
    }
}

/// A node of its own with every view.
async fn node(db: &TestDb, log: &Arc<MemoryLog>, gate: &Arc<Gate>) -> (Node, JoinSet<()>) {
    let mut node = Node::new(db, log).await;
    node.sources.reader = gate.clone();
    let kept = keep_all(&node.sources, &node.checkpoints, PACE);
    (node, kept)
}

async fn all_reach(node: &Node, position: usize) {
    for view in VIEWS {
        let waited = node.checkpoints.wait_for(view.name, Position(position as u64), SOON);
        waited.await.unwrap();
    }
}

/// Openings, one commit each, until some in a row were opened once only: then all views are together.
async fn until_together(node: &Node, log: &MemoryLog, gate: &Gate, mut story: Story) -> Story {
    let mut in_a_row = 0;
    for _ in 0..MANY {
        story = story.opened_by_a_person();
        log.goes_on(&story);
        let last = story.recorded().len();
        all_reach(node, last).await;
        let once = gate.opened.borrow()[&Position(last as u64)] == 1;
        in_a_row = if once { in_a_row + 1 } else { 0 };
        if in_a_row == 5 {
            return story;
        }
    }
    panic!("views do not come together");
}

/// Every view equals a clean fold.
async fn is_whole(node: &Node) {
    for view in VIEWS {
        let rebuilt = rebuild_named(view.name, &node.sources, Wish::DryRun, |_| ())
            .await
            .unwrap();
        assert_eq!(rebuilt.comparison.named, [], "{}", view.name);
    }
}

/// Two views count openings: each event is opened for both of them at once.
/// Mutant: with views that always go their own way, this fails.
async fn events_are_opened_once_for_all_views(db: &TestDb) {
    let story = Story::new().issued();
    let log = MemoryLog::of(&story);
    let gate = Gate::new(None);
    let (node, _kept) = node(db, &log, &gate).await;
    until_together(&node, &log, &gate, story).await;
    is_whole(&node).await;
}

/// A view of a new version, or one that failed for long, reads the log for itself until it is near.
/// Mutant: when who is far behind is read for together with the others, they wait for it, and this fails.
async fn a_view_that_is_far_behind_holds_nobody_up_and_joins_in_the_end(db: &TestDb) {
    let story = (0..MANY).fold(Story::new().issued(), |story, _| story.opened_by_a_person());
    let log = MemoryLog::of(&story);
    let (open, opens) = watch::channel(true);
    let gate = Gate::new(Some((Position(50), Guard::Silent(opens))));
    let (node, _kept) = node(db, &log, &gate).await;
    let story = until_together(&node, &log, &gate, story).await;

    open.send(false).unwrap();
    let id = ReportDayView::VIEW.id();
    let thrown_back = format!("DELETE FROM {id}_a; UPDATE view_checkpoint SET position = 0 WHERE view = '{id}'");
    db.run(thrown_back).await;
    let story = story.started();
    log.goes_on(&story);
    gate.waits.subscribe().wait_for(|waits| *waits).await.unwrap();
    let story = story.opened_by_a_person();
    let last = story.recorded().len() as u64;
    log.goes_on(&story);
    for view in VIEWS.iter().filter(|view| view.name != ReportDayView::VIEW.name) {
        let waited = node.checkpoints.wait_for(view.name, Position(last), SOON);
        waited.await.unwrap();
    }
    let behind = node.views.checkpoint(&ReportDayView::VIEW).await.unwrap();
    assert!(behind.position < Position(50), "{behind:?}");
    open.send(true).unwrap();
    until_together(&node, &log, &gate, story).await;
    is_whole(&node).await;
}

/// Observations are no concern of the view of integrations.
/// Mutant: when an event that cannot be opened is passed over, its opening is never counted, and this fails.
async fn views_that_cannot_open_an_event_hold_no_other_up(db: &TestDb) {
    let story = Story::new().issued();
    let log = MemoryLog::of(&story);
    let (open, opens) = watch::channel(false);
    let gate = Gate::new(Some((Position(3), Guard::Away(opens))));
    let (node, _kept) = node(db, &log, &gate).await;
    all_reach(&node, 2).await;
    let mut links = node.checkpoints.watch_health("link").unwrap();
    let integrations = node.checkpoints.watch_health("integration").unwrap();
    let story = story.opened_by_a_person();
    log.goes_on(&story);
    node.reaches(IntegrationView, 3).await;
    node.reaches(AuditEntryView, 3).await;
    links
        .wait_for(|health| matches!(health, Health::Failing(_)))
        .await
        .unwrap();
    open.send(true).unwrap();
    let story = until_together(&node, &log, &gate, story).await;
    links.wait_for(|health| *health == Health::Following).await.unwrap();
    let row = node.views.link(tenant(), link()).await.unwrap().unwrap();
    assert_eq!(row.details.opened.by_person as usize, story.recorded().len() - 2);
    assert!(!integrations.has_changed().unwrap(), "it was well all the time");
    is_whole(&node).await;
}

/// Mutant: without writing one by one what could not be written together, every view fails, and this fails.
async fn a_view_that_cannot_be_written_holds_no_other_up(db: &TestDb) {
    let story = Story::new().issued();
    let log = MemoryLog::of(&story);
    let gate = Gate::new(None);
    let (node, _kept) = node(db, &log, &gate).await;
    let story = until_together(&node, &log, &gate, story).await;
    let table = format!("{}_a", LinkView::VIEW.id());
    db.run(format!("CREATE UNIQUE INDEX one_link_each ON {table} (tenant)"))
        .await;
    let mut links = node.checkpoints.watch_health("link").unwrap();
    let integrations = node.checkpoints.watch_health("integration").unwrap();
    let story = story.about(World::numbered(2)).issued();
    log.goes_on(&story);
    let last = story.recorded().len();
    node.reaches(IntegrationView, last as u64).await;
    node.reaches(AuditEntryView, last as u64).await;
    links
        .wait_for(|health| matches!(health, Health::Failing(_)))
        .await
        .unwrap();
    db.run("DROP INDEX one_link_each".to_owned()).await;
    all_reach(&node, last).await;
    assert!(!integrations.has_changed().unwrap(), "it was well all the time");
    is_whole(&node).await;
}

/// What the index writes does not depend on what events say.
async fn an_index_goes_on_when_the_others_stand_down(db: &TestDb) {
    let story = Story::new().issued().started().by_a_newer_node().started();
    let log = MemoryLog::of(&story);
    let gate = Gate::new(None);
    let (node, _kept) = node(db, &log, &gate).await;
    let mut links = node.checkpoints.watch_health("link").unwrap();
    let stood_down = |health: &Health| matches!(health, Health::StoodDown(_));
    links.wait_for(stood_down).await.unwrap();
    node.reaches(LinkView, 2).await;
    node.reaches(AuditEntryView, 4).await;
    log.goes_on(&story.opened_by_a_person());
    node.reaches(AuditEntryView, 5).await;
    assert_eq!(node.checkpoints.health("audit_entry").unwrap(), Health::Following);
}

/// ES-7: with leases that end at once both nodes keep every view, and which of them folds an event is chance.
/// Mutant: with a checkpoint that moves from wherever it is, events are counted twice, and this fails.
async fn two_nodes_that_keep_all_views_fold_every_event_once(db: &TestDb) {
    let mut story = Story::new().issued();
    let log = MemoryLog::of(&story);
    let (one, other) = (Node::new(db, &log).await, Node::new(db, &log).await);
    let pace = Pace {
        lease: Duration::from_millis(1),
        ..PACE
    };
    let _both = [&one, &other].map(|node| keep_all(&node.sources, &node.checkpoints, pace));
    for _ in 0..20 {
        story = (0..10).fold(story, |story, _| story.opened_by_a_person());
        log.goes_on(&story);
        all_reach(&other, story.recorded().len()).await;
    }
    let row = other.views.link(tenant(), link()).await.unwrap().unwrap();
    assert_eq!(row.details.opened.by_person, 200);
    is_whole(&other).await;
}
