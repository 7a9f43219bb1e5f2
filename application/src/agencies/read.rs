//! What pages show of an agency and its members.

use std::collections::BTreeMap;

use domain::{
    agency::{Agency, AgencyEvent, Branding},
    event::Event,
    host::{Host, HostName},
    ids::{AgencyId, HostId, MemberId},
    log::StreamId,
    personal::Detail,
};

use crate::{app::App, error::CommandError, states::Moment};

/// An agency as its customers see it.
#[derive(Clone, Debug)]
pub struct AgencyFace {
    /// Its id.
    pub id: AgencyId,
    /// The company's name.
    pub name: String,
    /// How its pages look.
    pub branding: Branding,
}

/// A person, as far as the data still stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The language that mails are written in, where it was said.
    pub language: Option<String>,
}

impl App {
    /// The agency that owns a host; none when nobody claimed it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn agency_of_host(&self, host: &HostName, at: Moment) -> Result<Option<AgencyFace>, CommandError> {
        let stream = StreamId::of::<Host>(HostId::of(self.installation, host));
        let Some(claimed) = self.replay_at::<Host>(&stream, at).await? else {
            return Ok(None);
        };
        let Some(owner) = claimed.state.owner() else {
            return Ok(None);
        };
        let agency = self.replay_at::<Agency>(&StreamId::of::<Agency>(owner), at).await?;
        Ok(agency.and_then(|agency| {
            Some(AgencyFace {
                id: owner,
                name: agency.state.name()?.to_owned(),
                branding: agency.state.branding().clone(),
            })
        }))
    }

    /// An agency, folded from its events.
    ///
    /// # Errors
    /// When the store fails, or there is no such agency.
    pub async fn agency(&self, id: AgencyId) -> Result<Agency, CommandError> {
        let found = self.replay::<Agency>(&StreamId::of::<Agency>(id)).await?;
        let found = found.map(|found| found.state.clone());
        found.ok_or_else(|| domain::agency::AgencyError::NotFound.into())
    }

    /// The members of an agency, with what is known of them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn members(&self, agency: AgencyId) -> Result<BTreeMap<MemberId, Person>, CommandError> {
        let mut members = BTreeMap::new();
        for row in self.log.load(&StreamId::of::<Agency>(agency), 0).await? {
            if let Event::Agency(AgencyEvent::MemberAdded { member, personal, .. }) = self.personal.event(&row).await? {
                let fact = |detail| {
                    personal
                        .as_ref()
                        .and_then(|personal| personal.get(detail))
                        .map(str::to_owned)
                };
                members.insert(
                    member,
                    Person {
                        name: fact(Detail::Name),
                        email: fact(Detail::Email),
                        language: None,
                    },
                );
            }
        }
        Ok(members)
    }
}
