//! What went wrong is found, said, and mended: events that could not be folded, rows that somebody changed, work that its node left.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::{
    event::Event,
    log::{Position, Recorded},
};
use projections::{
    integration::IntegrationView,
    link::LinkView,
    read::{StaleReason, Views},
    reader::{EventReader, OpenError},
    rebuild::{MOST_ROWS, RebuildError, Rebuilt, Wish, rebuild},
    retry::{Retried, retry},
    store::{Advance, Changes, ViewStore, Written},
    survey::{Difference, Differs, Sum, survey},
    view::Cell,
};

use crate::{
    on_both_databases,
    stories::{Story, StoryReader, World, link},
    support::{MemoryLog, Node, TestDb},
};

on_both_databases![
    one_poisoned_event_among_many_parks_one_link_and_a_mended_node_frees_it,
    what_is_freed_while_a_page_is_folded_misses_none_of_its_events,
    a_row_changed_by_hand_is_found_and_mended,
    a_rebuild_with_room_for_few_rows_equals_one_with_room_for_all,
    a_second_rebuild_is_refused_while_the_first_lives_and_goes_on_when_it_died,
    one_node_at_a_time_keeps_a_view_and_another_takes_over,
];

const LINKS: u128 = 500;

fn many_links() -> Story {
    let story = (1..=LINKS).fold(Story::new(), |story, number| {
        story.about(World::numbered(number)).issued()
    });
    (1..=LINKS).fold(story, |story, number| {
        let story = story.about(World::numbered(number)).opened_by_a_person().started();
        if number % 3 == 0 { story.declined() } else { story }
    })
}

/// Cannot open one event, until it is mended; counts what it opens.
#[derive(Default)]
struct Poisoned {
    at: Option<Position>,
    opened: Arc<AtomicU32>,
}

#[async_trait::async_trait]
impl EventReader for Poisoned {
    async fn open(&self, recorded: &Recorded) -> Result<Event, OpenError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        if self.at == Some(recorded.position) {
            return Err(OpenError::Unreadable("a broken seal".to_owned()));
        }
        StoryReader.open(recorded).await
    }
}

async fn sum(node: &Node) -> Sum {
    survey(node.views.as_ref(), &LinkView::VIEW).await.unwrap().sum
}

async fn rebuilt(node: &Node, wish: Wish) -> Rebuilt {
    rebuild(LinkView, &node.sources, wish, MOST_ROWS, |_| {}).await.unwrap()
}

/// ES-8. Mutant: with a retry that replays from behind the parked event, it calls whole what is not, and this fails.
async fn one_poisoned_event_among_many_parks_one_link_and_a_mended_node_frees_it(db: &TestDb) {
    let story = many_links();
    let poison = story
        .recorded()
        .iter()
        .find(|event| event.aggregate_id == link().to_string() && event.event_type == "Started");
    let poison = poison.unwrap().position;
    let log = MemoryLog::of(&story.clone().about(World::default()).declined());
    let poisoned = Poisoned {
        at: Some(poison),
        ..Poisoned::default()
    };
    let node = Node::reading(db, &log, poisoned).await;
    node.catches_up(LinkView).await;
    let parked = node.checkpoints.parked("link").await.unwrap();
    let parked: Vec<_> = parked.iter().map(|at| (at.key.clone(), at.position)).collect();
    assert_eq!(parked, [(link().to_string(), poison)]);
    let stale = node.views.stale(&LinkView::VIEW).await.unwrap();
    assert!(stale == HashMap::from([(link().to_string(), StaleReason::EventNotFolded)]));
    let tried = retry(&LinkView, &node.sources).await.unwrap();
    assert_eq!(
        (tried.freed.len(), tried.parked.len()),
        (0, 1),
        "nothing was mended yet"
    );
    node.sources.store.leave().await.unwrap();

    let mended = Node::new(db, &log).await;
    let differing = rebuilt(&mended, Wish::DryRun).await.comparison;
    assert_eq!(differing.differing, 1, "the others are whole: {:?}", differing.named);
    let freed = retry(&LinkView, &mended.sources).await.unwrap();
    let expected = Retried {
        freed: vec![link().to_string()],
        parked: Vec::new(),
    };
    assert_eq!(freed, expected);
    assert!(mended.views.stale(&LinkView::VIEW).await.unwrap().is_empty());
    assert_eq!(rebuilt(&mended, Wish::DryRun).await.comparison.named, []);
}

/// A page that was loaded before a key was freed is not written: it would leave the key's events out for ever.
/// Mutant: without the count of parked keys in the condition, it is written, and this fails.
async fn what_is_freed_while_a_page_is_folded_misses_none_of_its_events(db: &TestDb) {
    let log = MemoryLog::of(&Story::new().issued().started());
    let poisoned = Poisoned {
        at: Some(Position(3)),
        ..Poisoned::default()
    };
    let node = Node::reading(db, &log, poisoned).await;
    node.catches_up(LinkView).await;
    let from = node.views.checkpoint(&LinkView::VIEW).await.unwrap();
    let loaded_before = Advance {
        view: LinkView::VIEW,
        from,
        changes: Changes {
            to: Position(4),
            parked_before: 1,
            ..Changes::default()
        },
    };
    let mended = Node::new(db, &log).await;
    retry(&LinkView, &mended.sources).await.unwrap();
    let written = node.views.advance(&[loaded_before]).await.unwrap();
    assert_eq!(written, Written::Lost);
}

/// ES-9. Mutant: with a comparison that looks at keys alone, the changed row is not found, and this fails.
async fn a_row_changed_by_hand_is_found_and_mended(db: &TestDb) {
    let log = MemoryLog::of(&many_links());
    let node = Node::new(db, &log).await;
    node.catches_up(LinkView).await;
    let clean = sum(&node).await;
    let (view, key) = (LinkView::VIEW, link().to_string());
    let live = node.views.checkpoint(&view).await.unwrap();
    let mut row = node
        .views
        .load(&view, live.side, std::slice::from_ref(&key))
        .await
        .unwrap();
    let status = view.columns.iter().position(|column| column.name == "status").unwrap();
    row[0][status] = Cell::text(&"declined");
    let mut stranger = row[0].clone();
    stranger[0] = Cell::text(&World::numbered(LINKS + 1).link);
    let changes = Changes {
        to: live.position,
        rows: vec![row.remove(0), stranger],
        ..Changes::default()
    };
    let by_hand = Advance {
        view,
        from: live,
        changes,
    };
    assert_eq!(node.views.advance(&[by_hand]).await.unwrap(), Written::Done);

    let expected = [
        Difference {
            key,
            in_what: Differs::Columns(vec!["status"]),
        },
        Difference {
            key: World::numbered(LINKS + 1).link.to_string(),
            in_what: Differs::Surplus,
        },
    ];
    let dry = rebuilt(&node, Wish::DryRun).await;
    assert_eq!(
        (dry.comparison.named.as_slice(), dry.switched),
        (expected.as_slice(), false)
    );
    assert_ne!(sum(&node).await, clean, "a dry run changes nothing");
    let mended = rebuilt(&node, Wish::Switch).await;
    assert_eq!(mended.comparison.named, expected);
    assert_eq!(sum(&node).await, clean);
}

/// Rows that were written and forgotten are loaded again for the events that follow.
/// Mutant: without loading them, links are changed that nothing made, and this fails.
async fn a_rebuild_with_room_for_few_rows_equals_one_with_room_for_all(db: &TestDb) {
    let log = MemoryLog::of(&many_links());
    let node = Node::new(db, &log).await;
    node.catches_up(LinkView).await;
    node.catches_up(IntegrationView).await;
    for room in [0, 7, MOST_ROWS] {
        let links = rebuild(LinkView, &node.sources, Wish::Switch, room, |_| {})
            .await
            .unwrap();
        assert_eq!((links.comparison.named, links.parked), (vec![], 0), "room for {room}");
        let integrations = rebuild(IntegrationView, &node.sources, Wish::Switch, room, |_| {}).await;
        assert_eq!(integrations.unwrap().comparison.named, [], "room for {room}");
    }
}

/// Mutant: without the lease, the second one takes over at once, and this fails.
async fn a_second_rebuild_is_refused_while_the_first_lives_and_goes_on_when_it_died(db: &TestDb) {
    let log = MemoryLog::of(&Story::new().issued());
    let (first, second) = (Node::new(db, &log).await, Node::new(db, &log).await);
    second.catches_up(LinkView).await;
    let work = format!("{}/rebuild", LinkView::VIEW.id());
    assert!(first.views.hold(&work, Duration::from_secs(8)).await.unwrap());
    let refused = rebuild(LinkView, &second.sources, Wish::Switch, MOST_ROWS, |_| {}).await;
    assert!(matches!(refused, Err(RebuildError::UnderWay)), "{refused:?}");
    assert!(
        rebuilt(&second, Wish::Switch).await.switched,
        "it gave no sign of life since"
    );
}

/// Mutant: without the lease, both nodes open what is appended, and this fails.
async fn one_node_at_a_time_keeps_a_view_and_another_takes_over(db: &TestDb) {
    let story = Story::new().issued();
    let log = MemoryLog::of(&story);
    let other = Poisoned::default();
    let opened = other.opened.clone();
    let keeper = Node::new(db, &log).await;
    let kept = keeper.keeps(LinkView);
    keeper.reaches(LinkView, 2).await;
    let waiting = Node::reading(db, &log, other).await;
    let _waits = waiting.keeps(LinkView);
    let mut story = story;
    for position in 3..=22 {
        story = story.opened_by_a_person();
        log.goes_on(&story);
        keeper.reaches(LinkView, position).await;
    }
    assert_eq!(opened.load(Ordering::Relaxed), 0, "the view is another's");
    drop(kept); // as if it had died: nothing is said to the other one
    log.goes_on(&story.started());
    waiting.reaches(LinkView, 23).await;
    assert_eq!(opened.load(Ordering::Relaxed), 1);
}
