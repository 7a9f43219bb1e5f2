//! Random histories: several nodes, several streams, and whatever order things come in.

use std::sync::Arc;

use domain::{
    connect_link::{ConnectLink, ConnectLinkCommand, RevokeReason, RevokedBy},
    customer::{Customer, CustomerCommand},
    ids::{AttemptId, IntegrationId, LinkId, LocationId, MemberId},
    log::{Recorded, StreamId},
};
use proptest::prelude::*;

use super::super::{CUSTOMER, app, context, customer_stream, expires_at, fake::Store, id, node, seen, with_link};
use crate::{App, CommandError, Context, Decision, UseCase, states::States, work::Work};

/// Something that somebody does to a customer, a link, or both in one commit.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Create,
    Plan(u32),
    Connect(u8),
    Locate(u8),
    Start(u8),
    Authorize(u8),
    Fail(u8),
    Decline,
    Revoke,
    DeclineAndPlan(u32),
}

struct Do {
    deed: Deed,
    link: LinkId,
}

impl Do {
    fn of_customer(&self, work: &Work<'_>) -> Option<CustomerCommand> {
        Some(match self.deed {
            Deed::Create => CustomerCommand::Create {
                agency: work.context().agency,
                personal: None,
                source_allowance: Some(1),
            },
            Deed::Plan(allowance) | Deed::DeclineAndPlan(allowance) => CustomerCommand::ChangePlan {
                source_allowance: Some(allowance),
            },
            Deed::Connect(number) => CustomerCommand::ConnectSource {
                integration: IntegrationId(id(number.into())),
            },
            Deed::Locate(number) => CustomerCommand::AddLocation {
                location: LocationId(id(number.into())),
                personal: None,
            },
            _ => return None,
        })
    }

    fn of_link(&self, work: &Work<'_>) -> Option<ConnectLinkCommand> {
        let now = work.context().now;
        let attempt = |number: u8| AttemptId(id(number.into()));
        Some(match self.deed {
            Deed::Start(number) => ConnectLinkCommand::Start {
                attempt: attempt(number),
                now,
            },
            Deed::Authorize(number) => ConnectLinkCommand::Authorize {
                attempt: attempt(number),
                now,
            },
            Deed::Fail(number) => ConnectLinkCommand::FailAttempt {
                attempt: attempt(number),
                reason: domain::connect_link::AttemptFailure::Denied,
                now,
            },
            Deed::Decline | Deed::DeclineAndPlan(_) => ConnectLinkCommand::Decline { now },
            Deed::Revoke => ConnectLinkCommand::Revoke {
                by: RevokedBy::Member(MemberId(id(4))),
                reason: RevokeReason::Manual,
                now,
            },
            _ => return None,
        })
    }
}

impl UseCase for Do {
    type Answer = String;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<String>, CommandError> {
        let mut customer = work.load::<Customer>(CUSTOMER).await?;
        let mut link = work.load::<ConnectLink>(self.link).await?;
        if let Some(command) = self.of_customer(work) {
            work.execute(&mut customer, command).await?;
        }
        if let Some(command) = self.of_link(work) {
            work.execute(&mut link, command).await?;
        }
        Ok(Decision::Done(format!("{:?} {:?}", *customer, *link)))
    }
}

/// Who does it, what, and whether it is after the link's time.
type Step = (usize, Deed, bool);

fn any_step() -> impl Strategy<Value = Step> {
    let deed = prop_oneof![
        4 => Just(Deed::Create),
        3 => (0..3_u32).prop_map(Deed::Plan),
        4 => (0..4_u8).prop_map(Deed::Connect),
        2 => (0..3_u8).prop_map(Deed::Locate),
        2 => (0..3_u8).prop_map(Deed::Start),
        2 => (0..3_u8).prop_map(Deed::Authorize),
        1 => (0..3_u8).prop_map(Deed::Fail),
        1 => Just(Deed::Decline),
        1 => Just(Deed::Revoke),
        1 => (0..3_u32).prop_map(Deed::DeclineAndPlan),
    ];
    (0..2_usize, deed, prop::bool::weighted(0.05))
}

/// A history, as it went: what was answered, and what the log holds.
struct Told {
    answers: Vec<String>,
    rows: Vec<Recorded>,
    nodes: [Arc<App>; 2],
    store: Arc<Store>,
    link: LinkId,
}

/// Lets two nodes live through a history. `before` may do something to a node's memory before each step.
async fn told(steps: &[Step], room: usize, before: impl Fn(&App)) -> Told {
    let (store, link) = with_link().await;
    let nodes = [0, 1].map(|_| node(&store, States::with_room_for(room)));
    let mut answers = vec![];
    for (who, deed, is_late) in steps {
        let context = Context {
            now: if *is_late { expires_at() } else { context(1).now },
            ..context(1)
        };
        let deed = Do { deed: *deed, link };
        before(&nodes[*who]);
        let answer = nodes[*who].run(&context, deed).await;
        answers.push(match answer {
            Ok(done) => format!("{} at {}", done.answer, done.position.0),
            Err(error) => error.to_string(),
        });
    }
    let rows = store.0.lock().await.rows.clone();
    Told {
        answers,
        rows,
        nodes,
        store,
        link,
    }
}

/// The payloads in order: event ids differ, because each node draws its own.
fn written(rows: &[Recorded]) -> Vec<(&str, u64, &str)> {
    let essence = rows
        .iter()
        .map(|row| (row.aggregate_id.as_str(), row.sequence, row.payload.as_str()));
    essence.collect()
}

/// More than any of these stories needs.
const PLENTY: usize = 100;

fn run<T>(story: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(story)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    /// ES-11, 1,000 streams: two in each of 500 histories. What either node remembers, moved on by the log's tail, is what
    /// folding every event from the first gives; and so are the answers that were given on the way.
    ///
    /// Mutants: when a refusal or a no-op is answered from memory, or a state is remembered that was not committed, this fails.
    #[test]
    fn what_is_remembered_and_what_is_replayed_are_the_same(steps in prop::collection::vec(any_step(), 1..25)) {
        run(async {
            let with = told(&steps, PLENTY, |_| {}).await;
            let without = told(&steps, PLENTY, |node| node.states.clear()).await;
            prop_assert_eq!(&with.answers, &without.answers);
            prop_assert_eq!(written(&with.rows), written(&without.rows));

            let link = StreamId::of::<ConnectLink>(with.link);
            let fresh = app(&with.store);
            let has_customer = with.rows.iter().any(|row| row.aggregate_id == customer_stream().aggregate_id);
            for node in &with.nodes {
                prop_assert_eq!(seen::<ConnectLink>(node, &link).await, seen(&fresh, &link).await);
                if has_customer {
                    let customer = seen::<Customer>(node, &customer_stream()).await;
                    prop_assert_eq!(customer, seen(&fresh, &customer_stream()).await);
                }
            }
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    /// A memory that holds a single stream of the two, and one that is emptied now and then.
    #[test]
    fn how_much_a_node_remembers_changes_no_answer(steps in prop::collection::vec(any_step(), 1..25)) {
        run(async {
            let plenty = told(&steps, PLENTY, |_| {}).await;
            let single = told(&steps, 1, |_| {}).await;
            let emptied_by = std::cell::Cell::new(0_u32);
            let emptied = told(&steps, PLENTY, |node| {
                emptied_by.set(emptied_by.get() + 1);
                if emptied_by.get().is_multiple_of(3) {
                    node.states.clear();
                }
            })
            .await;
            for other in [&single, &emptied] {
                prop_assert_eq!(&plenty.answers, &other.answers);
                prop_assert_eq!(written(&plenty.rows), written(&other.rows));
            }
            Ok(())
        })?;
    }
}
