//! Connections that need a new sign-in are asked for by themselves: each gets a fresh link, issued in the name of the member who had
//! asked for it, and that member gets one mail about all of them. The customer is asked directly where the agency wants it so.
//!
//! It begins a moment after the loss: who recovers in between hears nothing. A link that was issued since is good enough.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    Timestamp,
    agency::Agency,
    connect_link::{ConnectLink, LinkTerms, LinkToken},
    customer::Customer,
    ids::{AgencyId, CustomerId, GrantId, IntegrationId, LinkId, MemberId, TenantId},
    integration::{Integration, IntegrationEvent},
    log::StreamId,
};

use super::standing::{GENERATION, GRANT};
use crate::{
    app::App,
    error::CommandError,
    jobs::{Handler, Outcome, Run},
    links::IssueLink,
    mail::{about_reconnects, ask_for_mail},
    metadata::Actor,
    ports::{StoreError, jobs::NewJob},
    run::{Decision, UseCase},
    work::Work,
};

/// The kind of its jobs.
pub(super) const ASK: &str = "ask_to_reconnect";
/// So long after the loss: another sign-in may be under way.
pub(super) const PATIENCE: TimeDelta = TimeDelta::minutes(1);

/// Asks for new sign-ins where an account's access was lost.
pub(super) struct AskToReconnect;

#[async_trait]
impl Handler for AskToReconnect {
    fn kind(&self) -> &'static str {
        ASK
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        let ids = (run.job.tenant, run.job.id_of(GRANT), run.job.id_of(GENERATION));
        let (Some(tenant), Some(grant), Some(generation)) = ids else {
            return Outcome::Dead("the job does not say what it is about".to_owned());
        };
        let loss = Loss {
            tenant,
            grant,
            generation,
            since: run.job.created_at,
        };
        match loss.ask(run).await {
            Ok(links) => Outcome::Done(format!("{links} links ask for a new sign-in")),
            Err(error) => error.into(),
        }
    }
}

/// What was lost, and since when that is known.
struct Loss {
    tenant: TenantId,
    grant: GrantId,
    generation: u32,
    since: Timestamp,
}

/// A connection that needs a new sign-in, and how the last one was asked for.
struct Wanted {
    integration: IntegrationId,
    terms: LinkTerms,
    name: Option<String>,
}

impl Loss {
    async fn ask(&self, run: &Run<'_>) -> Result<usize, CommandError> {
        let app = run.app;
        // Whether or not the job before this one was done already.
        app.stand_as_grant(self.tenant, self.grant, self.generation).await?;
        let mut of_customers: BTreeMap<CustomerId, Vec<Wanted>> = BTreeMap::new();
        for integration in app.standing_on(self.tenant, self.grant, self.generation).await? {
            if let Some(wanted) = self.wanted(app, integration).await? {
                of_customers.entry(wanted.terms.customer).or_default().push(wanted);
            }
        }
        let mut of_members: BTreeMap<(AgencyId, MemberId), BTreeSet<LinkId>> = BTreeMap::new();
        for (customer, wanted) in of_customers {
            let Some(agency) = wanted.first().map(|wanted| wanted.terms.agency) else {
                continue;
            };
            for (member, link) in self.renewed(app, agency, customer, wanted).await? {
                of_members.entry((agency, member)).or_default().insert(link);
            }
        }
        let links = of_members.values().map(BTreeSet::len).sum();
        self.tell(run, of_members).await?;
        Ok(links)
    }

    /// One mail per member about all of his connections that broke together: the job's id follows from the loss.
    async fn tell(
        &self,
        run: &Run<'_>,
        of_members: BTreeMap<(AgencyId, MemberId), BTreeSet<LinkId>>,
    ) -> Result<(), StoreError> {
        let now = run.app.clock.now();
        let mails: Vec<NewJob> = of_members
            .into_iter()
            .map(|((_, member), links)| {
                let key = format!("{}/{member}", run.job.id);
                about_reconnects(&key, &links, now).of_tenant(self.tenant)
            })
            .collect();
        run.app.jobs.add(&mails, now).await
    }

    async fn wanted(&self, app: &App, integration: IntegrationId) -> Result<Option<Wanted>, CommandError> {
        let stream = StreamId::of::<Integration>(integration);
        let found = app.replay::<Integration>(&stream).await?;
        if found.is_none_or(|found| found.state.needs_reconnect().is_none()) {
            return Ok(None);
        }
        let Some(link) = last_link(app, &stream).await? else {
            return Ok(None);
        };
        let Some(found) = app.link_by_id(link).await? else {
            return Ok(None);
        };
        let name = app.connection_name(&found).await?;
        Ok(Some(Wanted {
            integration,
            terms: found.terms,
            name,
        }))
    }

    /// The links that ask for these, those that are there already and fresh ones, each with the member that it is asked by.
    async fn renewed(
        &self,
        app: &Arc<App>,
        agency: AgencyId,
        customer: CustomerId,
        wanted: Vec<Wanted>,
    ) -> Result<Vec<(MemberId, LinkId)>, CommandError> {
        let context = app.context_of(self.tenant, agency, Actor::System);
        let mut renew = Renew {
            since: self.since,
            customer,
            asked: vec![],
        };
        for wanted in wanted {
            let token = LinkToken::issue(context.now, app.random());
            renew.asked.push((wanted, token));
        }
        match app.run(&context, renew).await {
            Ok(done) => Ok(done.answer),
            Err(CommandError::Store(error)) => Err(error.into()),
            Err(CommandError::Contended) => Err(CommandError::Contended),
            Err(refused) => {
                tracing::warn!(%customer, %refused, "no link could be issued that asks for a new sign-in");
                Ok(vec![])
            }
        }
    }
}

/// The newest link that was issued for an integration: who asked, and on which host.
async fn last_link(app: &App, stream: &StreamId) -> Result<Option<LinkId>, CommandError> {
    let rows = app.log.load(stream, 0).await?;
    for row in rows.iter().rev().filter(|row| row.event_type == "LinkRequested") {
        if let IntegrationEvent::LinkRequested { link, .. } = row.decode().map_err(StoreError::from)? {
            return Ok(Some(link));
        }
    }
    Ok(None)
}

/// Issues fresh links for the connections of a customer that still need a new sign-in, in one commit.
struct Renew {
    since: Timestamp,
    customer: CustomerId,
    asked: Vec<(Wanted, LinkToken)>,
}

impl UseCase for Renew {
    type Answer = Vec<(MemberId, LinkId)>;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<Self::Answer>, CommandError> {
        let agency = work.load_home::<Agency>(work.context().agency).await?;
        let customer = work.load::<Customer>(self.customer).await?;
        let (mut issued, mut links) = (vec![], vec![]);
        for (wanted, token) in &self.asked {
            let integration = work.load::<Integration>(wanted.integration).await?;
            if integration.needs_reconnect().is_none() {
                continue; // somebody signed in meanwhile
            }
            let member = match agency.role(wanted.terms.requested_by) {
                Some(_) => wanted.terms.requested_by,
                None => agency.first_owner().ok_or(CommandError::Forbidden)?,
            };
            if let Some(pending) = integration.pending()
                && issued_since(work, pending, self.since).await?
            {
                links.push((member, pending));
                continue;
            }
            work.next_subject();
            let link = wanted.link(token, member).issue(work, &agency, &customer).await?;
            links.push((member, link.id));
            issued.push(link);
        }
        if agency.mail_habits().reconnect_customer && !issued.is_empty() {
            let file = work.app().customer(work.context().tenant, self.customer).await?;
            let has_address = file.is_some_and(|file| file.person.email.is_some());
            ask_for_mail(work, &issued, &agency, has_address).await?;
        }
        Ok(Decision::Done(links))
    }
}

impl Wanted {
    fn link(&self, token: &LinkToken, requested_by: MemberId) -> IssueLink {
        IssueLink {
            token: token.clone(),
            customer: self.terms.customer,
            location: self.terms.location,
            provider: self.terms.provider.clone(),
            requested_by,
            name: self.name.clone(),
            life: None,
            replaces_account: false,
            is_direct: false,
            mends: true,
        }
    }
}

/// A link that was issued since asks for what is needed now; this job may have issued it itself, before its node died.
async fn issued_since(work: &Work<'_>, link: LinkId, since: Timestamp) -> Result<bool, CommandError> {
    let rows = work.app().log.load(&StreamId::of::<ConnectLink>(link), 0).await?;
    Ok(rows.first().is_some_and(|issued| issued.recorded_at >= since))
}
