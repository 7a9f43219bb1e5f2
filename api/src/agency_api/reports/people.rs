//! Who may use what an agency's customers connected, since when and until when: its members, and its keys.

use application::CommandError;
use domain::{
    Timestamp,
    agency::{Agency, AgencyEvent, ApiKeyScope, Role},
    event::Event,
    ids::{MemberId, Mode, TenantId},
    log::StreamId,
    personal::Detail,
};

use super::Source;
use crate::problem::Problem;

/// Somebody who may.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) member: MemberId,
    pub(super) name: Option<String>,
    pub(super) role: Option<Role>,
    /// The key that acts in the member's name; none for the member in person.
    pub(super) key: Option<u32>,
    pub(super) since: Timestamp,
    pub(super) until: Option<Timestamp>,
}

/// Everybody who ever might, in the caller's world.
pub(super) async fn everybody(source: &Source<'_>) -> Result<Vec<Person>, Problem> {
    let (agency, tenant) = (source.agency, source.tenant);
    let is_here = |mode: Mode| TenantId::of(agency, mode) == tenant;
    let mut people: Vec<Person> = Vec::new();
    for recorded in source.app.log.load(&StreamId::of::<Agency>(agency), 0).await? {
        let since = recorded.recorded_at;
        let event = source.app.personal.event(&recorded).await.map_err(CommandError::from)?;
        match event {
            Event::Agency(AgencyEvent::MemberAdded { member, role, personal }) => people.push(Person {
                member,
                name: personal.and_then(|personal| personal.get(Detail::Name).map(str::to_owned)),
                role: Some(role),
                key: None,
                since,
                until: None,
            }),
            Event::Agency(AgencyEvent::ApiKeyIssued {
                number,
                mode,
                member,
                scopes,
                ..
            }) if is_here(mode) && scopes.contains(&ApiKeyScope::IntegrationsRead) => {
                let holder = people.iter().find(|person| person.member == member).cloned();
                people.push(Person {
                    member,
                    name: holder.as_ref().and_then(|holder| holder.name.clone()),
                    role: holder.and_then(|holder| holder.role),
                    key: Some(number),
                    since,
                    until: None,
                });
            }
            Event::Agency(AgencyEvent::ApiKeyRevoked { number }) => {
                let keys = people.iter_mut().filter(|person| person.key == Some(number));
                keys.for_each(|key| key.until = Some(since));
            }
            Event::Agency(AgencyEvent::MemberErased { member }) => {
                let left = people
                    .iter_mut()
                    .filter(|person| person.member == member && person.until.is_none());
                left.for_each(|person| person.until = Some(since));
            }
            _ => {}
        }
    }
    Ok(people)
}
