//! The story of a link, told from the log itself: for people who must know what happened, whatever the views say.

use std::collections::BTreeSet;

use application::{App, CommandError, metadata, ports::StoreError};
use cqrs_es::Aggregate;
use domain::{
    agency::Agency,
    connect_link::{ConnectLink, ConnectLinkEvent},
    customer::Customer,
    event::Event,
    grant::Grant,
    ids::{AgencyId, LinkId},
    integration::{Integration, IntegrationEvent},
    log::{Recorded, StreamId},
    provider::ProviderId,
    trail::{LINK_TRAIL, link_trail},
};
use projections::timeline::{Names, TimelineEntry, told};

/// Everything that happened to a link, oldest first; nothing when there is no such link.
///
/// # Errors
/// When the log cannot be read.
pub async fn of_link(app: &App, link: LinkId) -> Result<Vec<TimelineEntry>, CommandError> {
    let own = app.log.load(&StreamId::of::<ConnectLink>(link), 0).await?;
    let Some(issued) = own.first().map(Recorded::event) else {
        return Ok(vec![]);
    };
    let issued = issued.map_err(StoreError::from)?;
    let Event::ConnectLink(ConnectLinkEvent::Issued { terms, .. }) = issued else {
        return Ok(vec![]);
    };
    let mut names = names(app, terms.agency, link, &terms.provider).await?;
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
    Ok(told(&app.personal, &rows, &mut names).await?)
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

/// What the members of an agency and the provider of a link are called.
///
/// # Errors
/// When the agency's stream cannot be read.
pub async fn names(app: &App, agency: AgencyId, link: LinkId, provider: &ProviderId) -> Result<Names, CommandError> {
    let mut names = Names::default();
    for recorded in app.log.load(&StreamId::of::<Agency>(agency), 0).await? {
        names.learn(&recorded, &app.personal.event(&recorded).await?);
    }
    names.link_is_for(link, provider.clone());
    if let Some(connector) = app.catalogue.connector(provider) {
        names.provider_is_called(provider.clone(), &connector.about().name);
    }
    Ok(names)
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
