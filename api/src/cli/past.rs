//! What the commands about the past share: what they are about, and when.

use anyhow::Context;
use application::{App, past::Moment};
use chrono::{DateTime, SubsecRound, Utc};
use cqrs_es::Aggregate;
use domain::{
    connect_link::{ConnectLink, ConnectLinkEvent, LinkToken},
    customer::{Customer, CustomerEvent},
    event::Event,
    ids::{AgencyId, CustomerId, IntegrationId, LinkId, LocationId, MemberId, Mode, TenantId},
    integration::{Integration, IntegrationEvent},
    log::{Position, Recorded, StreamId},
};
use projections::audit_entry::AuditSubject;

/// What a command is about: a link's address, or a kind and an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subject(pub(super) AuditSubject);

impl std::str::FromStr for Subject {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(link) = text.parse() {
            return Ok(Self(AuditSubject::Link(link)));
        }
        let subject = match text.split_once(':') {
            Some(("link", id)) => AuditSubject::Link(LinkId(id.parse()?)),
            Some(("integration", id)) => AuditSubject::Integration(IntegrationId(id.parse()?)),
            Some(("customer", id)) => AuditSubject::Customer(CustomerId(id.parse()?)),
            Some(("location", id)) => AuditSubject::Location(LocationId(id.parse()?)),
            Some(("member", id)) => AuditSubject::Member(MemberId(id.parse()?)),
            _ => {
                let token = LinkToken::parse(text.rsplit('/').next().unwrap_or_default());
                let help = "this is neither a link's id nor its address, nor link:, integration:, customer: or location: with \
                            an id (nor, for replay alone, member: with one)";
                AuditSubject::Link(token.context(help)?.link_id())
            }
        };
        Ok(Self(subject))
    }
}

/// Whose something is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    pub(super) tenant: TenantId,
    pub(super) agency: AgencyId,
}

/// Whose a subject is: its first event says it. Locations and members have no stream of their own, so they need the agency.
pub(super) async fn home(
    app: &App,
    subject: AuditSubject,
    agency: Option<AgencyId>,
    mode: Mode,
) -> anyhow::Result<Home> {
    if let Some(agency) = agency {
        let tenant = TenantId::of(agency, mode);
        return Ok(Home { tenant, agency });
    }
    match subject {
        AuditSubject::Link(id) => {
            let (first, event) = first::<ConnectLink>(app, &id).await?.context("there is no such link")?;
            let Event::ConnectLink(ConnectLinkEvent::Issued { terms, .. }) = event else {
                anyhow::bail!("the link's stream does not begin with its issue");
            };
            let agency = terms.agency;
            Ok(Home {
                tenant: first.tenant_id,
                agency,
            })
        }
        AuditSubject::Integration(id) => {
            let found = first::<Integration>(app, &id).await?;
            let (_, event) = found.context("there is no such integration")?;
            let Event::Integration(IntegrationEvent::LinkRequested { slot, .. }) = event else {
                anyhow::bail!("name its agency with --agency");
            };
            of_customer(app, slot.customer).await
        }
        AuditSubject::Customer(id) => of_customer(app, id).await,
        AuditSubject::Location(_) | AuditSubject::Member(_) => {
            anyhow::bail!("name its agency with --agency, and --mode test for the test world")
        }
    }
}

async fn of_customer(app: &App, id: CustomerId) -> anyhow::Result<Home> {
    let (first, event) = first::<Customer>(app, &id)
        .await?
        .context("there is no such customer")?;
    let Event::Customer(CustomerEvent::Created { agency, .. }) = event else {
        anyhow::bail!("the customer's stream does not begin with its creation");
    };
    Ok(Home {
        tenant: first.tenant_id,
        agency,
    })
}

async fn first<A: Aggregate>(app: &App, id: &impl std::fmt::Display) -> anyhow::Result<Option<(Recorded, Event)>> {
    let mut events = app.log.load(&StreamId::of::<A>(id), 0).await?;
    if events.is_empty() {
        return Ok(None);
    }
    let first = events.swap_remove(0);
    let event = first.event()?;
    Ok(Some((first, event)))
}

/// The moment that somebody at the command line names: an RFC 3339 time or a position; now when nothing is named.
pub(super) async fn moment(app: &App, text: Option<&str>) -> anyhow::Result<Moment> {
    let Some(text) = text else {
        let position = app.log.head().await?;
        let at = app.clock.now();
        return Ok(Moment { position, at });
    };
    if let Ok(position) = text.parse() {
        return Ok(app.moment_after(Position(position)).await?);
    }
    let at = DateTime::parse_from_rfc3339(text).context("--as-of is an RFC 3339 time or a position")?;
    Ok(app.moment_at(at.with_timezone(&Utc).trunc_subsecs(6)).await?)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_subject_is_a_kind_and_an_id_or_a_link() {
        let id = Uuid::from_u128(7);
        let read = |text: &str| text.parse::<Subject>().map(|subject| subject.0).ok();
        assert_eq!(read(&id.to_string()), Some(AuditSubject::Link(LinkId(id))));
        assert_eq!(read(&format!("member:{id}")), Some(AuditSubject::Member(MemberId(id))));
        assert_eq!(
            read(&format!("customer:{id}")),
            Some(AuditSubject::Customer(CustomerId(id)))
        );
        for text in ["", "customer:anna", "agency:1", "https://links.agency.example/c/x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
