//! Rebuilding a view beside the live one.

use domain::{
    event::Event,
    log::{Position, Recorded},
    personal::Subject,
};
use projections::{
    Projection, VIEWS,
    audit_entry::{AuditEntryView, AuditSubject},
    integration::IntegrationView,
    link::LinkView,
    read::{Filter, Views},
    reader::{EventReader, OpenError},
    rebuild::{MOST_ROWS, RebuildError, Wish, rebuild, rebuild_named},
    store::{Changes, Fill, Side, Switched, ViewStore, Written},
};

use crate::{
    on_both_databases,
    stories::{Story, StoryReader, World, customer, link, minute, tenant},
    support::{FIRST_PAGE, MemoryLog, Node, Readable, TestDb},
};

on_both_databases![
    a_rebuilt_view_equals_the_live_one,
    a_log_that_goes_on_during_a_rebuild_is_all_there_after_the_switch,
    a_rebuild_frees_what_a_mended_reader_can_open,
    what_a_killed_rebuild_left_of_a_person_is_emptied,
    a_later_rebuild_takes_over_and_the_earlier_one_ends,
    a_rebuild_that_is_behind_the_live_side_does_not_switch,
    a_rebuild_stops_before_an_event_of_a_newer_node_and_leaves_the_live_side,
];

fn eventful() -> Story {
    let story = Story::new()
        .issued()
        .opened_by_a_scanner()
        .started()
        .authorized()
        .completed();
    let story = story.about(World::default().with_link(2)).issued().declined();
    (3..90).fold(story, |story, number| {
        let story = story.about(World::numbered(number)).issued().opened_by_a_person();
        match number % 4 {
            0 => story.revoked(),
            1 => story.declined(),
            2 => story.started(),
            _ => story,
        }
    })
}

/// Everything that can be read, as text.
async fn everything(node: &Node) -> Vec<String> {
    let now = minute(600);
    let links = node
        .views
        .links(tenant(), &Filter::default(), FIRST_PAGE, now)
        .await
        .unwrap()
        .readable();
    let integrations = node
        .views
        .integrations(tenant(), &Filter::default(), FIRST_PAGE, now)
        .await
        .unwrap()
        .readable();
    let subject = AuditSubject::Customer(customer());
    let audit = node.views.audit(tenant(), subject, Position(0), 1_000).await.unwrap();
    let links = links.iter().map(|row| format!("{row:?}"));
    let integrations = integrations.iter().map(|row| format!("{row:?}"));
    links.chain(integrations).chain([format!("{audit:?}")]).collect()
}

async fn side<P: Projection>(node: &Node, _: P) -> Side {
    node.views.checkpoint(&P::VIEW).await.unwrap().side
}

async fn a_rebuilt_view_equals_the_live_one(db: &TestDb) {
    let log = MemoryLog::of(&eventful());
    let node = Node::new(db, &log).await;
    node.catches_up(LinkView).await;
    node.catches_up(IntegrationView).await;
    node.catches_up(AuditEntryView).await;
    let live = everything(&node).await;
    assert!(live.len() > 170, "{}", live.len());
    for rebuilt in [Side::B, Side::A] {
        for view in VIEWS {
            let rebuilt = rebuild_named(view.name, &node.sources, Wish::Switch, |_| {})
                .await
                .unwrap();
            assert_eq!(rebuilt.comparison.named, [], "{}", view.name);
            assert_eq!(rebuilt.comparison.live, rebuilt.comparison.built);
        }
        assert_eq!(everything(&node).await, live);
        let sides = (
            side(&node, LinkView).await,
            side(&node, IntegrationView).await,
            side(&node, AuditEntryView).await,
        );
        assert_eq!(sides, (rebuilt, rebuilt, rebuilt));
        let old = node
            .views
            .load(&LinkView::VIEW, rebuilt.other(), &[link().to_string()])
            .await;
        assert_eq!(old.unwrap(), Vec::<Vec<_>>::new(), "nothing old is left behind");
    }
}

async fn a_log_that_goes_on_during_a_rebuild_is_all_there_after_the_switch(db: &TestDb) {
    let story = eventful();
    let before = story.recorded().len() as u64;
    let after = story.clone().about(World::numbered(1_000)).issued().started();
    let log = MemoryLog::of(&story);
    let node = Node::new(db, &log).await;
    let _kept = node.keeps(LinkView);
    node.reaches(LinkView, before).await;
    let goes_on = log.clone();
    let reached = rebuild(LinkView, &node.sources, Wish::Switch, MOST_ROWS, move |_| {
        goes_on.goes_on(&after);
    })
    .await
    .unwrap();
    assert!(reached.position >= Position(before));
    node.reaches(LinkView, before + 3).await;
    assert_eq!(side(&node, LinkView).await, Side::B);
    let newest = World::numbered(1_000).link;
    let row = node.views.link(tenant(), newest).await.unwrap().unwrap();
    assert_eq!(row.details.starts, 1);
}

/// Cannot open one event.
struct Blind(Position);

#[async_trait::async_trait]
impl EventReader for Blind {
    async fn open(&self, recorded: &Recorded) -> Result<Event, OpenError> {
        if recorded.position == self.0 {
            return Err(OpenError::Unreadable("a broken seal".to_owned()));
        }
        StoryReader.open(recorded).await
    }
}

async fn a_rebuild_frees_what_a_mended_reader_can_open(db: &TestDb) {
    let log = MemoryLog::of(&Story::new().issued().started().started());
    let broken = Node::reading(db, &log, Blind(Position(3))).await;
    broken.catches_up(LinkView).await;
    rebuild(LinkView, &broken.sources, Wish::Switch, MOST_ROWS, |_| {})
        .await
        .unwrap();
    let parked = broken.checkpoints.parked("link").await.unwrap();
    assert_eq!(
        (parked.len(), parked[0].position),
        (1, Position(3)),
        "a rebuild parks as the live side does"
    );
    let mended = Node::new(db, &log).await;
    rebuild(LinkView, &mended.sources, Wish::Switch, MOST_ROWS, |_| {})
        .await
        .unwrap();
    assert_eq!(mended.checkpoints.parked("link").await.unwrap(), []);
    let row = mended.views.link(tenant(), link()).await.unwrap().unwrap();
    assert_eq!(row.details.starts, 2);
}

/// VA-5. Whoever is erased loses their name in rows that no fold comes to again: those of a rebuild that was killed.
async fn what_a_killed_rebuild_left_of_a_person_is_emptied(db: &TestDb) {
    let log = MemoryLog::of(&Story::new().issued());
    let node = Node::new(db, &log).await;
    node.catches_up(LinkView).await;
    let (view, keys) = (&LinkView::VIEW, [link().to_string()]);
    let build = node.views.begin_build(view).await.unwrap();
    let named = node.views.load(view, build.side.other(), &keys).await.unwrap();
    assert!(format!("{named:?}").contains("Reviews"), "{named:?}");
    let filled = node.views.fill(view, build, named, Fill::New).await.unwrap();
    assert_eq!(filled, Written::Done); // and no switch
    node.views.erase(Subject::Customer(customer())).await.unwrap();
    let left = node.views.load(view, build.side, &keys).await.unwrap();
    assert_eq!(left.len(), 1);
    assert!(!format!("{left:?}").contains("Reviews"), "{left:?}");
}

/// Mutant: without the build's number in its writes, the earlier one writes into the later one's side, and this fails.
async fn a_later_rebuild_takes_over_and_the_earlier_one_ends(db: &TestDb) {
    let log = MemoryLog::of(&Story::new().issued());
    let node = Node::new(db, &log).await;
    let view = &LinkView::VIEW;
    let earlier = node.views.begin_build(view).await.unwrap();
    let later = node.views.begin_build(view).await.unwrap();
    assert_eq!(
        node.views.fill(view, earlier, Vec::new(), Fill::New).await.unwrap(),
        Written::Lost
    );
    let changes = Changes::default();
    assert_eq!(
        node.views.switch(view, earlier, &changes).await.unwrap(),
        Switched::Superseded
    );
    assert_eq!(node.views.clear_idle(view, earlier).await.unwrap(), Written::Lost);
    assert_eq!(node.views.switch(view, later, &changes).await.unwrap(), Switched::Done);
}

/// Mutant: without the condition on the position, readers would go back in time, and this fails.
async fn a_rebuild_that_is_behind_the_live_side_does_not_switch(db: &TestDb) {
    let log = MemoryLog::of(&Story::new().issued());
    let node = Node::new(db, &log).await;
    node.catches_up(LinkView).await;
    let view = &LinkView::VIEW;
    let build = node.views.begin_build(view).await.unwrap();
    let behind = Changes {
        to: Position(1),
        ..Changes::default()
    };
    assert_eq!(node.views.switch(view, build, &behind).await.unwrap(), Switched::Behind);
    assert_eq!(side(&node, LinkView).await, Side::A);
}

async fn a_rebuild_stops_before_an_event_of_a_newer_node_and_leaves_the_live_side(db: &TestDb) {
    let story = Story::new().issued();
    let log = MemoryLog::of(&story);
    let node = Node::new(db, &log).await;
    node.catches_up(LinkView).await;
    log.goes_on(&story.started().by_a_newer_node());
    let rebuilt = rebuild(LinkView, &node.sources, Wish::Switch, MOST_ROWS, |_| {}).await;
    assert!(matches!(rebuilt, Err(RebuildError::Unknown(_))), "{rebuilt:?}");
    assert_eq!(side(&node, LinkView).await, Side::A);
    assert!(node.views.link(tenant(), link()).await.unwrap().is_some());
}
