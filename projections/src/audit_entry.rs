//! The `audit_entry` view: where in the log the events about a subject stand. What they say is read from the log itself.
//!
//! One row per subject and event. Tenant, subject and position are the key, in this order, so that a timeline is one range of
//! the key's own index, and a tenant cannot reach beyond its prefix.

use application::metadata::{ACTOR, Actor, CUSTOMER, INTEGRATION, LINK, LOCATION, MEMBER};
use cqrs_es::Aggregate;
use domain::{
    agency::{Agency, AgencyEvent},
    connect_link::ConnectLink,
    customer::{Customer, CustomerEvent},
    ids::{CustomerId, IntegrationId, LinkId, LocationId, MemberId, TenantId},
    integration::Integration,
    log::{Position, Recorded},
    trail::{INTEGRATION_TRAIL, LINK_TRAIL},
};

use crate::{
    Projection,
    projection::{FoldError, Keys, Rows, Seen},
    view::{BadCell, Cell, Cells, Column, View, ViewRow},
};

/// Whose timeline can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditSubject {
    /// A connect link's: everything that ever happened to its token.
    Link(LinkId),
    /// An integration's, across all its links.
    Integration(IntegrationId),
    /// A customer's.
    Customer(CustomerId),
    /// A location's.
    Location(LocationId),
    /// A member's: what the person did, and what was done to it.
    Member(MemberId),
}

impl std::fmt::Display for AuditSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Link(id) => write!(f, "link:{id}"),
            Self::Integration(id) => write!(f, "integration:{id}"),
            Self::Customer(id) => write!(f, "customer:{id}"),
            Self::Location(id) => write!(f, "location:{id}"),
            Self::Member(id) => write!(f, "member:{id}"),
        }
    }
}

/// The key of the entry at a position of a subject's timeline; keys of one subject follow the order of the log.
pub fn entry_key(tenant: TenantId, subject: &AuditSubject, position: Position) -> String {
    format!("{tenant}/{subject}/{:020}", position.0)
}

/// That an event concerns a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntryRow {
    /// See [`entry_key`].
    pub key: String,
    /// Where the event stands.
    pub position: Position,
}

impl ViewRow for AuditEntryRow {
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(&self.key),
            Cell::Integer(Some(self.position.0.cast_signed())),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self, BadCell> {
        Ok(Self {
            key: cells.parse()?,
            position: Position(cells.integer()?.cast_unsigned()),
        })
    }
}

/// Notes every event under each subject that it concerns: those in its metadata, the one whose stream it is in, those that it
/// adds, and who acted.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditEntryView;

impl AuditEntryView {
    /// Its view.
    pub const VIEW: View = View {
        name: "audit_entry",
        version: 2,
        columns: &[Column::text("key"), Column::integer("position")],
        indexes: &[],
    };
}

impl Projection for AuditEntryView {
    const VIEW: View = Self::VIEW;
    const INDEX: bool = true;
    type Row = AuditEntryRow;

    fn keys(&self, seen: &Seen<'_>) -> Keys {
        let (tenant, position) = (seen.recorded.tenant_id, seen.recorded.position);
        Keys::many(subjects(seen).map(|subject| entry_key(tenant, &subject, position)))
    }

    fn fold(&self, seen: &Seen<'_>, rows: &mut Rows<AuditEntryRow>) -> Result<(), FoldError> {
        let position = seen.recorded.position;
        for key in self.keys(seen).iter() {
            let row = AuditEntryRow {
                key: key.to_owned(),
                position,
            };
            rows.insert(&key, row)?;
        }
        Ok(())
    }
}

/// Whether an event concerns a subject, as the view would say.
pub fn concerns(recorded: &Recorded, subject: AuditSubject) -> bool {
    let metadata = serde_json::from_str(&recorded.metadata).unwrap_or_default();
    let seen = Seen {
        recorded,
        metadata: &metadata,
        event: None,
    };
    subjects(&seen).any(|one| one == subject)
}

fn subjects(seen: &Seen<'_>) -> impl Iterator<Item = AuditSubject> {
    named(seen).chain(own(seen)).chain(inside(seen)).chain(acting(seen))
}

/// Whom an event names in itself alone: a commit that adds several places or people has one set of ids around it. An event that
/// cannot be read is found by those.
fn inside(seen: &Seen<'_>) -> Option<AuditSubject> {
    let recorded = seen.recorded;
    match (recorded.aggregate_type.as_str(), recorded.event_type.as_str()) {
        (Customer::TYPE, "LocationAdded") => match recorded.decode().ok()? {
            CustomerEvent::LocationAdded { location, .. } => Some(AuditSubject::Location(location)),
            _ => None,
        },
        (Agency::TYPE, "MemberAdded" | "ApiKeyIssued") => match recorded.decode().ok()? {
            AgencyEvent::MemberAdded { member, .. } | AgencyEvent::ApiKeyIssued { member, .. } => {
                Some(AuditSubject::Member(member))
            }
            _ => None,
        },
        _ => None,
    }
}

/// A link's own stream names its link itself: one that a fresh link took the place of ends in the fresh one's commit, and its end
/// is not the fresh one's story.
fn named(seen: &Seen<'_>) -> impl Iterator<Item = AuditSubject> {
    let of_a_link = matches!(own(seen), Some(AuditSubject::Link(_)));
    let link = seen.id(LINK).map(AuditSubject::Link).filter(|_| !of_a_link);
    let integration = seen.id(INTEGRATION).map(AuditSubject::Integration);
    let customer = seen.id(CUSTOMER).map(AuditSubject::Customer);
    let location = seen.id(LOCATION).map(AuditSubject::Location);
    let member = seen.id(MEMBER).map(AuditSubject::Member);
    [link, integration, customer, location, member].into_iter().flatten()
}

fn own(seen: &Seen<'_>) -> Option<AuditSubject> {
    let id = &seen.recorded.aggregate_id;
    match seen.recorded.aggregate_type.as_str() {
        ConnectLink::TYPE | LINK_TRAIL => id.parse().ok().map(AuditSubject::Link),
        Integration::TYPE | INTEGRATION_TRAIL => id.parse().ok().map(AuditSubject::Integration),
        Customer::TYPE => id.parse().ok().map(AuditSubject::Customer),
        _ => None,
    }
}

fn acting(seen: &Seen<'_>) -> Option<AuditSubject> {
    let actor: Actor = seen.id(ACTOR)?;
    actor.member().map(AuditSubject::Member)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{Story, anna, customer, integration, link, location, tenant};

    fn keys_of(story: &Story) -> Vec<String> {
        story
            .recorded()
            .iter()
            .flat_map(|recorded| {
                let metadata = serde_json::from_str(&recorded.metadata).unwrap();
                let seen = Seen {
                    recorded,
                    metadata: &metadata,
                    event: None,
                };
                let keys: Vec<_> = AuditEntryView.keys(&seen).iter().map(str::to_owned).collect();
                keys
            })
            .collect()
    }

    /// A41, A42: one event is found by its token, its connection, its customer, its location and its member.
    #[test]
    fn an_issued_link_is_found_from_everything_that_it_concerns() {
        let keys = keys_of(&Story::new().issued());
        let mut expected: Vec<_> = [
            AuditSubject::Link(link()),
            AuditSubject::Integration(integration()),
            AuditSubject::Customer(customer()),
            AuditSubject::Location(location()),
            AuditSubject::Member(anna()),
        ]
        .iter()
        .map(|subject| entry_key(tenant(), subject, Position(1)))
        .collect();
        expected.sort();
        assert_eq!(keys[..5], expected);
    }

    /// A41: what nobody decides on belongs to the token's history all the same.
    #[test]
    fn what_was_observed_about_a_link_is_found_by_the_link() {
        let keys = keys_of(&Story::new().opened_by_a_scanner());
        assert!(keys.contains(&entry_key(tenant(), &AuditSubject::Link(link()), Position(1))));
    }

    /// A42: a member's timeline begins when the person joined, although that was the operator's doing.
    #[test]
    fn whoever_joined_is_found_from_that_day_on() {
        let keys = keys_of(&Story::new().anna_joined());
        assert!(keys.contains(&entry_key(tenant(), &AuditSubject::Member(anna()), Position(1))));
    }

    #[test]
    fn keys_of_a_subject_follow_the_order_of_the_log() {
        let key = |position| entry_key(tenant(), &AuditSubject::Link(link()), Position(position));
        assert!(key(9) < key(10) && key(10) < key(u64::MAX));
    }
}
