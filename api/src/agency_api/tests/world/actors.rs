//! Agencies with their keys, customers with a place of business, and customers who connect.

use std::{collections::BTreeSet, time::Duration};

use application::{
    Actor, CommandError, Context, Decision, UseCase,
    agencies::{FoundAgency, IssueApiKey, Owner, RevokeApiKey},
    links::LinkInHand,
    ports::{
        jobs::{Ending, NewJob},
        vault,
    },
    work::Work,
};
use domain::{
    agency::{ApiKeyScope, Branding},
    connect_link::ConnectLinkCommand,
    host::HostName,
    ids::{AgencyId, AttemptId, CustomerId, GrantId, IntegrationId, LinkId, MemberId, Mode, RequestId, TenantId},
    integration::{Connection, Integration, IntegrationCommand, Via},
    personal::{Detail, Personal, Subject},
    provider::ListingRef,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use strum::IntoEnumIterator;
use uuid::Uuid;

use super::{Answer, Call, World};

pub(in crate::agency_api::tests) struct Agency {
    pub(in crate::agency_api::tests) id: AgencyId,
    pub(in crate::agency_api::tests) key: String,
}

/// A customer with one place of business.
#[derive(Clone)]
pub(in crate::agency_api::tests) struct Place {
    pub(in crate::agency_api::tests) customer: String,
    pub(in crate::agency_api::tests) location: String,
    /// Who took the customer on.
    pub(in crate::agency_api::tests) member: String,
    /// Something that the server has given up.
    pub(in crate::agency_api::tests) job: String,
}

impl Place {
    /// The body that asks for a link.
    pub(in crate::agency_api::tests) fn link(&self) -> Value {
        json!({"customer_id": self.customer, "location_id": self.location, "provider": "google"})
    }
}

impl World {
    /// An agency joins, with its owner Anna and a key that may do everything.
    pub(in crate::agency_api::tests) async fn agency(&self, name: &str) -> Agency {
        let id = AgencyId(self.new_id());
        let found = FoundAgency {
            agency: id,
            name: name.to_owned(),
            owner: Owner {
                id: MemberId(self.new_id()),
                name: "Anna Berg".into(),
                email: "anna@agency.example".into(),
            },
            host: HostName::parse(&format!("connect.{name}.example")).unwrap(),
            branding: Branding::default(),
            mode: Mode::Live,
            key_secret: self.server.app.random(),
        };
        let founded = self.server.app.run(&self.operator(id), found).await.unwrap().answer;
        Agency {
            id,
            key: founded.api_key.expose_secret().to_owned(),
        }
    }

    /// Another key of an agency.
    pub(in crate::agency_api::tests) async fn key(
        &self,
        agency: &Agency,
        mode: Mode,
        scopes: impl IntoIterator<Item = ApiKeyScope>,
    ) -> String {
        let command = IssueApiKey {
            agency: agency.id,
            member: None,
            mode,
            scopes: scopes.into_iter().collect(),
            secret: self.server.app.random(),
        };
        let done = self.server.app.run(&self.operator(agency.id), command).await.unwrap();
        done.answer.expose_secret().to_owned()
    }

    /// A key that was taken back.
    pub(in crate::agency_api::tests) async fn revoked_key(&self, agency: &Agency) -> String {
        let key = self.key(agency, Mode::Live, every_scope()).await;
        self.revoke_key(agency, &key).await;
        key
    }

    /// Takes a key back.
    pub(in crate::agency_api::tests) async fn revoke_key(&self, agency: &Agency, key: &str) {
        let command = RevokeApiKey {
            agency: agency.id,
            number: key.split('_').nth(3).unwrap().parse().unwrap(),
        };
        self.server.app.run(&self.operator(agency.id), command).await.unwrap();
    }

    /// Destroys a customer's key, with which everything personal goes.
    pub(in crate::agency_api::tests) async fn erase(&self, agency: &Agency, place: &Place) {
        let subject = Subject::Customer(place.customer.parse().unwrap());
        let key = vault::Place {
            tenant: TenantId::of(agency.id, Mode::Live),
            record: vault::Record::SubjectKey(subject),
        };
        self.server.app.vault.delete(&key).await.unwrap();
    }

    /// The agency takes a customer on.
    pub(in crate::agency_api::tests) async fn place(&self, key: &str) -> Place {
        let body = json!({"name": "Trattoria Roma", "locations": [{"name": "Old Town"}]});
        let customer = self.send(Call::post("/customers").key(key).json(&body)).await.json(201);
        Place {
            customer: text(&customer["id"]),
            location: text(&customer["locations"][0]["id"]),
            member: self.member(key).await,
            job: self.dead_job(key).await,
        }
    }

    /// The server gives something up that it was to do for a key's tenant.
    pub(in crate::agency_api::tests) async fn dead_job(&self, key: &str) -> String {
        const KIND: &str = "letter";
        let (app, lease) = (&self.server.app, Duration::from_mins(1));
        let caller = app.authenticate(key, RequestId(self.new_id())).await.unwrap();
        let (tenant, at) = (caller.context.tenant, app.clock.now());
        let job = NewJob::due(KIND, &self.new_id().to_string(), at).of_tenant(tenant);
        app.jobs.add(std::slice::from_ref(&job), at).await.unwrap();
        let reason = "nobody there".to_owned();
        for taken in app.jobs.take(KIND, 100, lease, at).await.unwrap() {
            let reason = reason.clone();
            assert!(app.jobs.end(taken.claim, &Ending::Dead { reason, at }).await.unwrap());
        }
        job.id.to_string()
    }

    /// The member in whose name a key acts.
    pub(in crate::agency_api::tests) async fn member(&self, key: &str) -> String {
        let request = RequestId(self.new_id());
        self.server
            .app
            .authenticate(key, request)
            .await
            .unwrap()
            .member
            .to_string()
    }

    /// The agency issues a link.
    pub(in crate::agency_api::tests) async fn issue(&self, key: &str, body: &Value) -> Answer {
        self.send(Call::post("/links").key(key).json(body)).await
    }

    /// A customer connects through a link.
    pub(in crate::agency_api::tests) async fn connect(&self, agency: &Agency, link: &Value) {
        let command = Connects {
            link: text(link).parse().unwrap(),
            attempt: AttemptId(self.new_id()),
        };
        let context = Context {
            tenant: TenantId::of(agency.id, Mode::Live),
            actor: Actor::Customer,
            ..self.operator(agency.id)
        };
        self.server.app.run(&context, command).await.unwrap();
    }

    /// The server finds something out about what is connected.
    pub(in crate::agency_api::tests) async fn finds(&self, agency: &Agency, id: &Value, command: IntegrationCommand) {
        let integration = text(id).parse().unwrap();
        let context = Context {
            actor: Actor::System,
            ..self.operator(agency.id)
        };
        let finds = Finds { integration, command };
        self.server.app.run(&context, finds).await.unwrap();
    }

    pub(super) fn operator(&self, agency: AgencyId) -> Context {
        Context {
            tenant: TenantId::of(agency, Mode::Live),
            agency,
            actor: Actor::Operator,
            request: RequestId(self.new_id()),
            now: self.server.app.clock.now(),
            network: None,
        }
    }

    pub(in crate::agency_api::tests) fn new_id(&self) -> Uuid {
        self.server.app.entropy.id(self.server.app.clock.now())
    }
}

pub(in crate::agency_api::tests) fn every_scope() -> BTreeSet<ApiKeyScope> {
    ApiKeyScope::iter().collect()
}

pub(in crate::agency_api::tests) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

struct Finds {
    integration: IntegrationId,
    command: IntegrationCommand,
}

impl UseCase for Finds {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut integration = work.load::<Integration>(self.integration).await?;
        work.execute(&mut integration, self.command.clone()).await?;
        Ok(Decision::Done(()))
    }
}

/// What the pages do when a customer signs in and picks, without the provider.
struct Connects {
    link: LinkId,
    attempt: AttemptId,
}

impl UseCase for Connects {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let (attempt, now) = (self.attempt, work.context().now);
        let mut hand = LinkInHand::load(work, self.link).await?;
        let connection = Connection {
            grant: GrantId(Uuid::from_u128(9)),
            generation: 1,
            listing: ListingRef {
                id: "locations/7".into(),
                account: None,
            },
        };
        let complete = ConnectLinkCommand::Complete {
            attempt,
            grant: connection.grant,
            generation: connection.generation,
            listing: connection.listing.clone(),
            now,
        };
        hand.execute(work, ConnectLinkCommand::Start { attempt, now }).await?;
        hand.execute(work, ConnectLinkCommand::Authorize { attempt, now })
            .await?;
        hand.execute(work, complete).await?;
        let connect = IntegrationCommand::Connect {
            link: Some(self.link),
            via: Via::Link,
            connection,
            replaces_account: false,
            personal: names(hand.terms.customer),
        };
        work.execute(&mut hand.integration, connect).await?;
        Ok(Decision::Done(()))
    }
}

fn names(customer: CustomerId) -> Option<Personal> {
    let facts = [
        (Detail::ListingTitle, Some("Trattoria Roma")),
        (Detail::ListingAddress, Some("Market Square 1")),
        (Detail::AccountEmail, Some("owner@trattoria.example")),
    ];
    Personal::about(Subject::Customer(customer), facts)
}
