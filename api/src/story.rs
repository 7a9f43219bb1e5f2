//! The story of a link, told from the log itself: for people who must know what happened, whatever the views say.

use std::collections::BTreeSet;

use application::{App, CommandError, metadata, personal::ReadError, ports::StoreError};
use cqrs_es::Aggregate;
use domain::{
    agency::Agency,
    connect_link::{ConnectLink, ConnectLinkEvent},
    customer::Customer,
    event::Event,
    grant::Grant,
    ids::{AgencyId, CustomerId, IntegrationId, LinkId},
    integration::{Integration, IntegrationEvent},
    log::{Recorded, StreamId},
    trail::{LINK_TRAIL, link_trail},
};
use projections::timeline::{self, Names, TimelineEntry};

/// The events about a link, oldest first; none when there is no such link.
///
/// # Errors
/// When the log cannot be read.
pub async fn of_link(app: &App, link: LinkId) -> Result<Vec<Recorded>, CommandError> {
    let own = app.log.load(&StreamId::of::<ConnectLink>(link), 0).await?;
    let Some(issued) = own.first().map(Recorded::event) else {
        return Ok(vec![]);
    };
    let issued = issued.map_err(StoreError::from)?;
    let Event::ConnectLink(ConnectLinkEvent::Issued { terms, .. }) = issued else {
        return Ok(vec![]);
    };
    let integration = app.log.load(&StreamId::of::<Integration>(terms.integration), 0).await?;
    let mut around = BTreeSet::from([link_trail(link), StreamId::of::<Customer>(terms.customer)]);
    around.extend(integration.iter().filter_map(grant_of)); // also the one that another account's took the place of
    let mut rows = own;
    rows.extend(integration.into_iter().filter(|recorded| is_about(recorded, link)));
    for stream in &around {
        rows.extend(
            app.log
                .load(stream, 0)
                .await?
                .into_iter()
                .filter(|recorded| is_about(recorded, link)),
        );
    }
    rows.sort_by_key(|recorded| recorded.position);
    Ok(rows)
}

/// Events of an agency in words. What they do not say themselves is looked up: who its members are, which provider a link is
/// for, and what customers and their places are called.
///
/// # Errors
/// When the log cannot be read.
pub async fn told(app: &App, agency: AgencyId, events: &[Recorded]) -> Result<Vec<TimelineEntry>, CommandError> {
    let mut names = Names::default();
    for connector in app.catalogue.all() {
        let about = connector.about();
        names.provider_is_called(about.id.clone(), &about.name);
    }
    let around = events.iter().flat_map(around);
    let streams: BTreeSet<_> = around.chain([StreamId::of::<Agency>(agency)]).collect();
    for stream in streams {
        for recorded in app.log.load(&stream, 0).await? {
            match app.personal.event(&recorded).await {
                Ok(event) => names.learn(&recorded, &event),
                Err(ReadError::Store(error @ StoreError::Unavailable(_))) => return Err(error.into()),
                Err(_) => {} // what cannot be read has no name
            }
        }
    }
    Ok(timeline::told(&app.personal, events, &mut names).await?)
}

/// The streams that name what an event concerns.
fn around(recorded: &Recorded) -> impl Iterator<Item = StreamId> {
    let of_a_link = matches!(recorded.aggregate_type.as_str(), ConnectLink::TYPE | LINK_TRAIL);
    let own = of_a_link.then(|| recorded.aggregate_id.clone());
    let link = own
        .or_else(|| recorded.note(metadata::LINK))
        .and_then(|link| link.parse::<LinkId>().ok());
    let customer = recorded.note(metadata::CUSTOMER);
    let customer = customer.and_then(|customer| customer.parse::<CustomerId>().ok());
    let integration = recorded.note(metadata::INTEGRATION);
    let integration = integration.and_then(|integration| integration.parse::<IntegrationId>().ok());
    // Either says which provider it is about.
    let named = link.map(StreamId::of::<ConnectLink>);
    let named = named.or_else(|| integration.map(StreamId::of::<Integration>));
    named.into_iter().chain(customer.map(StreamId::of::<Customer>))
}

/// The stream of the grant that an integration was put on.
fn grant_of(recorded: &Recorded) -> Option<StreamId> {
    match recorded.event().ok()? {
        Event::Integration(
            IntegrationEvent::Connected { connection, .. } | IntegrationEvent::Reconnected { connection, .. },
        ) => Some(StreamId::of::<Grant>(connection.grant)),
        _ => None,
    }
}

/// Whether an event belongs to a link's story. The link that a fresh one took the place of ends in the fresh one's commit, and so
/// under its id too: that is the other link's story.
fn is_about(recorded: &Recorded, link: LinkId) -> bool {
    let of_a_link = matches!(recorded.aggregate_type.as_str(), ConnectLink::TYPE | LINK_TRAIL);
    if of_a_link {
        return recorded.aggregate_id == link.to_string();
    }
    recorded.note(metadata::LINK) == Some(link.to_string())
}
