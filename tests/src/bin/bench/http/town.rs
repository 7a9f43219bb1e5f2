//! What is there before the first request: an agency that serves, its customers' places, links that were issued.

use std::{net::Ipv4Addr, sync::Arc};

use application::{
    App,
    customers::{CreateCustomer, NewCustomer, NewLocation},
    links::IssueLink,
};
use domain::{
    connect_link::LinkToken,
    ids::{AgencyId, CustomerId, IntegrationId, LinkId, LocationId, MemberId, Mode, TenantId},
    provider::ProviderId,
};
use grantlink::{config::Config, installation::Installation};
use grantlink_tests::{
    conformance::Database,
    harness::{GOOGLE, Persona, Stage, everyone},
};
use serde_json::json;

use crate::{database::frame, many::by_many};

/// A started server, and a node of the same installation in this process, for what needs no measuring.
pub(crate) struct Town {
    pub(crate) stage: Stage,
    node: Installation,
    agency: AgencyId,
    owner: MemberId,
}

/// A customer's place of business.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    customer: CustomerId,
    location: LocationId,
}

impl Place {
    /// The body that asks for a link to it.
    pub(super) fn request(&self) -> serde_json::Value {
        json!({
            "customer_id": self.customer, "location_id": self.location, "provider": GOOGLE,
            "name": "Reviews of the bakery",
        })
    }

    /// As the agency's own software names it.
    pub(super) fn named(&self) -> grantlink_tests::harness::Place {
        grantlink_tests::harness::Place {
            customer: self.customer.to_string(),
            location: self.location.to_string(),
        }
    }
}

/// A link that was issued.
pub(crate) struct Link {
    pub(crate) id: LinkId,
    pub(crate) integration: IntegrationId,
    pub(crate) address: String,
}

impl Link {
    /// The token at the end of its address.
    pub(crate) fn token(&self) -> &str {
        self.address.rsplit('/').next().unwrap_or_default()
    }
}

/// The network of a visitor, as the proxy before the server tells it.
pub(super) fn network(number: usize) -> Ipv4Addr {
    let [.., a, b, c] = number.to_be_bytes();
    Ipv4Addr::new(10 + a, b, c, 7)
}

/// A server that says what one in service says: each request in a line, and nothing below that.
pub(crate) async fn settled(stage: &mut Stage) -> anyhow::Result<()> {
    let files = &stage.files;
    let quiet = files
        .configuration()?
        .replace(r#"filter = "debug""#, r#"filter = "info""#);
    files.configure(&quiet)?;
    stage.server.restart().await
}

impl Town {
    pub(crate) async fn build(database: Database) -> anyhow::Result<Self> {
        Self::with(database, everyone()).await
    }

    /// With other people at the provider.
    pub(crate) async fn with(database: Database, cast: Vec<Persona>) -> anyhow::Result<Self> {
        let mut stage = Stage::set_with(database, cast).await?;
        settled(&mut stage).await?;
        let node = Installation::open(&Config::load(Some(&stage.files.config()))?).await?;
        let agency = stage.agency.id.parse()?;
        let members = node.app.members(agency).await?;
        let owner = *members
            .keys()
            .next()
            .ok_or_else(|| anyhow::anyhow!("nobody owns the agency"))?;
        Ok(Self {
            stage,
            node,
            agency,
            owner,
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.stage.server.port()
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        &self.node.app
    }

    pub(crate) fn tenant(&self) -> TenantId {
        TenantId::of(self.agency, Mode::Live)
    }

    /// So many customers, each with one place.
    pub(crate) async fn places(&self, count: usize) -> anyhow::Result<Vec<Place>> {
        let (app, agency) = (self.node.app.clone(), self.agency);
        by_many(count, move |_| {
            let app = app.clone();
            async move {
                let new = || app.entropy.id(app.clock.now());
                let place = Place {
                    customer: CustomerId(new()),
                    location: LocationId(new()),
                };
                app.run(&frame(&app, agency), place.opening()).await?;
                Ok(place)
            }
        })
        .await
    }

    /// A link for each place.
    pub(crate) async fn links(&self, places: &[Place]) -> anyhow::Result<Vec<Link>> {
        let (app, agency, owner) = (self.node.app.clone(), self.agency, self.owner);
        let provider = ProviderId::parse(GOOGLE)?;
        by_many(places.len(), move |number| {
            let (app, place, provider) = (app.clone(), places[number], provider.clone());
            async move {
                let command = IssueLink {
                    token: LinkToken::issue(app.clock.now(), app.random()),
                    customer: place.customer,
                    location: place.location,
                    provider,
                    requested_by: owner,
                    name: Some("Reviews of the bakery".to_owned()),
                    life: None,
                    replaces_account: false,
                    is_direct: false,
                    mends: false,
                };
                let issued = app.run(&frame(&app, agency), command).await?.answer;
                Ok(Link {
                    id: issued.id,
                    integration: issued.terms.integration,
                    address: issued.address,
                })
            }
        })
        .await
    }
}

impl Place {
    fn opening(&self) -> CreateCustomer {
        CreateCustomer {
            id: self.customer,
            customer: NewCustomer {
                name: "Olive Hartley".to_owned(),
                email: Some("olive@example.com".to_owned()),
                language: None,
                source_allowance: None,
            },
            locations: vec![NewLocation {
                id: self.location,
                name: "Olive & Thyme Bakery".to_owned(),
                address: Some("48 Lamb Lane, London".to_owned()),
            }],
            links: vec![],
        }
    }
}
