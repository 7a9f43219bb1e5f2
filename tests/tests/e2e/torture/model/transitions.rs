//! What may happen next, at random, with whatever the log holds by then.

use proptest::{
    collection::vec,
    option::{of, weighted},
    prelude::*,
    sample::Index,
};
use proptest_state_machine::ReferenceStateMachine;

use super::contract::{Commit, Event, Kind, Log, Stream};

/// So many streams, trails, places and keys there are.
pub(super) const NAMES: u8 = 6;
/// So many commits arrive at once.
const CROWD: u8 = 3;

#[derive(Clone, Debug)]
pub(super) enum Transition {
    /// New or repeated.
    Commit(Commit),
    /// Several at once, none of which touches what another one touches: their order is that of their arrival.
    Crowd(Vec<Commit>),
    /// The events behind a position are read.
    Page { after: usize, limit: u32 },
    /// A stream is read.
    Load(Stream),
    /// Whoever subscribed looks at what is new.
    Follow,
    /// The node stops and starts.
    Reopen,
}

impl Transition {
    pub(super) fn commits(&self) -> &[Commit] {
        match self {
            Self::Commit(commit) => std::slice::from_ref(commit),
            Self::Crowd(commits) => commits,
            _ => &[],
        }
    }
}

/// The log as it is by then, and the commits that were tried.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    log: Log,
    tried: Vec<Commit>,
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Transition> {
        let (one, many, tried, head) = (state.clone(), state.clone(), state.tried.clone(), state.log.head());
        let one = wish().prop_map(move |wish| Transition::Commit(one.grant(wish, None)));
        let crowd = vec(wish(), usize::from(CROWD)).prop_map(move |wishes| {
            let parts = wishes.into_iter().zip(0..);
            Transition::Crowd(parts.map(|(wish, part)| many.grant(wish, Some(part))).collect())
        });
        let again = any::<Index>().prop_map(move |which| {
            let again = tried.get(which.index(tried.len().max(1)));
            Transition::Commit(again.cloned().unwrap_or_default())
        });
        let page = (0..=head, 1..=20_u32).prop_map(|(after, limit)| Transition::Page { after, limit });
        let load = prop_oneof![
            (0..NAMES).prop_map(Stream::Aggregate),
            (0..NAMES).prop_map(Stream::Trail)
        ];
        prop_oneof![
            10 => one,
            4 => crowd,
            4 => again,
            1 => page,
            1 => load.prop_map(Transition::Load),
            2 => Just(Transition::Follow),
            1 => Just(Transition::Reopen),
        ]
        .boxed()
    }

    fn apply(mut state: Self, transition: &Transition) -> Self {
        for commit in transition.commits() {
            state.log.commit(commit);
            state.tried.push(commit.clone());
        }
        state
    }
}

/// A commit before it is known what the log holds.
#[derive(Clone, Debug)]
struct Wish {
    /// Which streams, how far off their version is, and how many events follow.
    streams: Vec<(u8, i64, u64)>,
    observations: Vec<(u8, Kind)>,
    secrets: Vec<(u8, Option<u8>)>,
    receipt: Option<(u8, u8)>,
    /// The id of an event that stands, for one of the new ones.
    known: Option<Index>,
}

fn wish() -> impl Strategy<Value = Wish> {
    let off = prop_oneof![12 => Just(0), 1 => Just(1), 1 => Just(-1)];
    let kind = prop_oneof![2 => Just(Kind::Opened), 1 => Just(Kind::Revealed)];
    (
        vec((0..NAMES, off, 0..=2_u64), 0..=3),
        vec((0..NAMES, kind), 0..=2),
        vec((0..NAMES, of(0..2_u8)), 0..=1),
        weighted(0.3, (0..NAMES, 0..2_u8)),
        weighted(0.1, any::<Index>()),
    )
        .prop_map(|(streams, observations, secrets, receipt, known)| Wish {
            streams,
            observations,
            secrets,
            receipt,
            known,
        })
}

impl Model {
    /// Ids that no event of another commit gets, also when a sequence is made shorter.
    fn fresh(&self, part: u8) -> std::ops::RangeFrom<u32> {
        const MOST_EVENTS: usize = 100;
        let number = (self.tried.len() + usize::from(part)) * MOST_EVENTS;
        u32::try_from(number).unwrap_or(u32::MAX)..
    }

    /// The commit that a wish makes of the log as it is. In a crowd each has names of its own.
    fn grant(&self, wish: Wish, part: Option<u8>) -> Commit {
        let mut fresh = self.fresh(part.unwrap_or_default());
        let name = |name: u8| part.map_or(name, |part| part + CROWD * (name % (NAMES / CROWD)));
        let mut commit = Commit::default();
        for (stream, off, events) in wish.streams {
            let stream = Stream::Aggregate(name(stream));
            if commit.expects.iter().any(|(expected, _)| *expected == stream) {
                continue;
            }
            let version = self.log.version(stream).saturating_add_signed(off);
            commit.expects.push((stream, version));
            let sequences = version + 1..=version + events;
            commit
                .appends
                .extend(sequences.zip(&mut fresh).map(|(sequence, id)| Event {
                    id,
                    stream,
                    sequence,
                    kind: Kind::Connected,
                }));
        }
        commit.observations = wish
            .observations
            .into_iter()
            .zip(fresh)
            .map(|((trail, kind), id)| Event {
                id,
                stream: Stream::Trail(name(trail)),
                sequence: 0,
                kind,
            })
            .collect();
        commit.secrets = wish
            .secrets
            .into_iter()
            .map(|(place, sealed)| (name(place), sealed))
            .collect();
        commit.receipt = wish.receipt.map(|(key, answer)| (name(key), answer));
        let known = wish
            .known
            .filter(|_| part.unwrap_or_default() == 0 && !self.log.events.is_empty());
        if let (Some(known), [first, _, ..]) = (known, commit.appends.as_mut_slice()) {
            first.id = known.get(&self.log.events).id;
        }
        commit
    }
}
