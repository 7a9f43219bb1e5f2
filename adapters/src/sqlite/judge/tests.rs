use application::ports::{
    log::{Expected, NewEvent},
    vault::Record,
};
use domain::ids::LinkId;
use uuid::Uuid;

use super::*;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));

fn empty<'a>() -> Log<'a> {
    Log::at(Timestamp::UNIX_EPOCH)
}

fn stream(id: &str) -> StreamId {
    StreamId {
        aggregate_type: "integration",
        aggregate_id: id.to_owned(),
    }
}

fn place(id: u128) -> Place {
    Place {
        tenant: TENANT,
        record: Record::LinkToken(LinkId(Uuid::from_u128(id))),
    }
}

fn row(place: &Place, sealed: &[u8]) -> SecretRow {
    SecretRow {
        place: place.clone(),
        sealed: sealed.to_vec(),
        account_key: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

fn body() -> EventBody {
    EventBody {
        event_type: "Opened".to_owned(),
        event_version: "1".to_owned(),
        payload: "{}".to_owned(),
        metadata: "{}".to_owned(),
        personal: None,
    }
}

/// A commit in the making.
struct Draft(Commit);

fn draft() -> Draft {
    Draft(Commit {
        tenant: TENANT,
        expects: vec![],
        appends: vec![],
        observations: vec![],
        secrets: vec![],
        receipt: None,
    })
}

impl Draft {
    fn reads(mut self, id: &str, version: u64) -> Self {
        let stream = stream(id);
        self.0.expects.push(Expected { stream, version });
        self
    }

    fn appends(mut self, event: u128, id: &str, version: u64) -> Self {
        self.0.appends.push(NewEvent {
            event_id: EventId(Uuid::from_u128(event)),
            tenant_id: TENANT,
            stream: stream(id),
            sequence: version + 1,
            body: body(),
        });
        self.reads(id, version)
    }

    fn observes(mut self, event: u128, id: &str, at_most: Option<u32>) -> Self {
        self.0.observations.push(NewObservation {
            event_id: EventId(Uuid::from_u128(event)),
            tenant_id: TENANT,
            stream: stream(id),
            body: body(),
            at_most,
        });
        self
    }

    fn puts(mut self, place: &Place, sealed: &[u8]) -> Self {
        self.0.secrets.push(SecretChange::Put(row(place, sealed)));
        self
    }

    fn deletes(mut self, place: &Place) -> Self {
        self.0.secrets.push(SecretChange::Delete(place.clone()));
        self
    }

    fn receipt(mut self, answer: &[u8]) -> Self {
        self.0.receipt = Some(Receipt {
            key: ReceiptKey {
                tenant: TENANT,
                route: "route".to_owned(),
                key: "key".to_owned(),
            },
            body_hash: [7; 32],
            answer: answer.to_vec(),
            created_at: Timestamp::UNIX_EPOCH,
        });
        self
    }
}

fn positions(log: &Log<'_>) -> Vec<(u64, String, u64)> {
    let events = log.changes.events.iter();
    events
        .map(|event| (event.position.0, event.aggregate_id.clone(), event.sequence))
        .collect()
}

#[test]
fn a_member_is_judged_on_what_its_earlier_mates_leave() {
    let mut log = empty();
    let (first, next) = (draft().appends(1, "a", 0).0, draft().appends(2, "a", 1).0);
    let (stale, reader) = (draft().appends(3, "a", 1).0, draft().reads("a", 1).appends(4, "b", 0).0);
    assert_eq!(log.judge(&first).unwrap().position, Position(1));
    assert_eq!(log.judge(&next).unwrap().position, Position(2));
    for commit in [&stale, &reader] {
        assert!(matches!(log.judge(commit), Err(CommitError::Conflict(moved)) if moved == stream("a")));
    }
    assert_eq!(positions(&log), [(1, "a".to_owned(), 1), (2, "a".to_owned(), 2)]);
}

/// Mutant: when a commit is taken before all of its rules are judged, its first event stays and there is a gap.
#[test]
fn a_refused_member_changes_nothing() {
    let mut log = empty();
    let taken = place(9);
    log.sealed.insert(&taken, b"first".to_vec());
    let refused = draft().appends(1, "a", 0).observes(2, "t", None).deletes(&place(8));
    let refused = refused.puts(&taken, b"second").receipt(b"answer").0;
    let stands = draft().appends(3, "a", 0).0;
    assert!(matches!(log.judge(&refused), Err(CommitError::Conflict(occupied))
        if occupied.aggregate_type == "link_token" && occupied.aggregate_id == taken.record.owner()));
    assert!(log.changes.deletes.is_empty() && log.changes.puts.is_empty() && log.changes.receipts.is_empty());
    assert_eq!(log.judge(&stands).unwrap().position, Position(1));
}

/// Each commit breaks its own rule and all that come after it; the first one counts.
#[test]
fn the_rules_have_one_order() {
    let mut log = empty();
    let taken = place(9);
    let written = draft().appends(1, "a", 0).puts(&taken, b"first").receipt(b"first").0;
    log.judge(&written).unwrap();

    let other = |draft: Draft| draft.puts(&taken, b"second");
    let known = other(draft().appends(1, "a", 0).receipt(b"second")).0;
    let answered = other(draft().appends(2, "a", 0).receipt(b"second")).0;
    let conflict = other(draft().appends(2, "a", 0)).0;
    let occupied = other(draft().appends(2, "a", 1)).0;
    assert_eq!(log.judge(&known).unwrap().position, Position(1));
    assert!(matches!(log.judge(&answered), Err(CommitError::Answered(receipt)) if receipt.answer == b"first"));
    assert!(matches!(log.judge(&conflict), Err(CommitError::Conflict(moved)) if moved == stream("a")));
    assert!(matches!(log.judge(&occupied), Err(CommitError::Conflict(row)) if row.aggregate_type == "link_token"));
    assert_eq!(log.changes.events.len(), 1);
}

/// ES-1, ES-3: a caller whose answer got lost asks again, perhaps while its first call still waits.
#[test]
fn a_commit_that_meets_itself_in_the_batch_is_answered_again() {
    let mut log = empty();
    log.head = Position(5);
    let commit = draft()
        .appends(1, "a", 0)
        .observes(2, "t", None)
        .puts(&place(9), b"sealed");
    let commit = commit.receipt(b"answer").0;
    let eventless = draft().puts(&place(8), b"sealed").0;
    let first = log.judge(&commit).unwrap();
    let later = draft().appends(3, "a", 1).0;
    log.judge(&later).unwrap();
    assert_eq!(first.position, Position(7));
    assert_eq!(log.judge(&commit).unwrap(), first);
    assert_eq!(log.judge(&eventless).unwrap(), log.judge(&eventless).unwrap());
    assert_eq!(
        (
            log.changes.events.len(),
            log.changes.puts.len(),
            log.changes.receipts.len()
        ),
        (3, 2, 1)
    );
}

#[test]
fn only_the_very_same_receipt_is_the_same_call() {
    let mut log = empty();
    let (winner, loser) = (draft().receipt(b"first").0, draft().receipt(b"second").0);
    log.judge(&winner).unwrap();
    assert!(matches!(log.judge(&loser), Err(CommitError::Answered(receipt)) if receipt.answer == b"first"));
    assert!(log.judge(&winner).is_ok());
    assert_eq!(log.changes.receipts.len(), 1);
}

/// Mutant: when only capped observations are counted, or those before the batch alone, too many stand.
#[test]
fn a_cap_counts_what_the_batch_itself_adds() {
    let mut log = empty();
    let trail = stream("t");
    log.held.insert((&trail, "Opened"), 1);
    log.versions.insert(&trail, 4);
    let uncapped = draft().observes(1, "t", None).0;
    let crowd = draft().observes(2, "t", Some(3)).observes(3, "t", Some(3)).0;
    let known = draft().observes(2, "t", None).0;
    for commit in [&uncapped, &crowd, &known] {
        log.judge(commit).unwrap();
    }
    assert_eq!(positions(&log), [(1, "t".to_owned(), 5), (2, "t".to_owned(), 6)]);
}

#[test]
fn of_a_vault_row_only_the_end_is_written() {
    let mut log = empty();
    let (moved, passing, same) = (place(1), place(2), place(3));
    log.sealed.insert(&moved, b"old".to_vec());
    log.sealed.insert(&same, b"same".to_vec());
    let commits = [
        draft().deletes(&moved).puts(&passing, b"sealed").0,
        draft().puts(&moved, b"new").0, // free since the delete
        draft().deletes(&passing).puts(&same, b"same").0,
    ];
    for commit in &commits {
        log.judge(commit).unwrap();
    }
    assert_eq!(log.changes.deletes, HashSet::from([&moved, &passing]));
    let puts: Vec<_> = log.changes.puts.values().map(|row| row.sealed.as_slice()).collect();
    assert_eq!(puts, [b"new"]);
}
