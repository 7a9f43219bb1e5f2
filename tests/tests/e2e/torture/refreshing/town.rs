//! Nodes of one installation, and connections whose tokens end together.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use adapters::{providers::ProviderConfig, vault::Keyring};
use anyhow::Context as _;
use application::{
    Actor, CommandError, Context, Decision, UseCase,
    credentials::{RefreshPace, Refreshing},
    ports::{
        provider::{Account, Credential},
        vault::Record,
    },
    work::Work,
};
use chrono::TimeDelta;
use domain::{
    customer::{Customer, CustomerCommand},
    grant::{Grant, GrantCommand},
    ids::{
        AgencyId, CustomerId, GrantId, InstallationId, IntegrationId, LinkId, LocationId, Mode, RequestId, TenantId,
    },
    integration::{Connection, Integration, IntegrationCommand, Slot, Via},
    provider::{ListingRef, ProviderApp, ProviderId},
};
use grantlink::{
    config::{Config, DatabaseConfig, KeysConfig, ServerConfig},
    installation::Installation,
};
use grantlink_tests::conformance::{Database, Kind, id};

use super::provider::{Rotating, first_token};

/// Shorter than what hangs, and the lease longer than the wait.
const PACE: RefreshPace = RefreshPace {
    deadline: Duration::from_secs(2),
    lease: Duration::from_secs(4),
    patience: Duration::from_secs(15),
    look: Duration::from_millis(50),
};

const CLIENT: &str = "client";

pub(super) async fn nodes(
    database: &Database,
    provider: &Rotating,
    at_most: usize,
) -> anyhow::Result<Vec<Installation>> {
    let keys = Keyring::generate(InstallationId(id())).to_toml();
    let google = ProviderConfig {
        client_id: CLIENT.to_owned(),
        client_secret: "secret".into(),
        token_url: format!("{}/token", provider.address),
        timeout_seconds: 1,
        ..ProviderConfig::google()
    };
    let count = if database.kind() == Kind::Postgres { at_most } else { 1 };
    let mut nodes = Vec::with_capacity(count);
    for _ in 0..count {
        let url = match database.kind() {
            Kind::Postgres => database.url()?,
            Kind::Sqlite => {
                let file = database.path()?;
                format!("sqlite:{}", file.parent().context("a file without a folder")?.display())
            }
        };
        let config = Config {
            server: ServerConfig {
                public_url: "http://connect.localhost".to_owned(),
                ..ServerConfig::default()
            },
            database: DatabaseConfig { url: url.into() },
            keys: KeysConfig {
                file: None,
                text: Some(keys.clone()),
            },
            providers: BTreeMap::from([("google".to_owned(), google.clone())]),
            ..Config::default()
        };
        let mut node = Installation::open(&config).await?;
        let app = Arc::get_mut(&mut node.app).context("a node that somebody uses already")?;
        app.refreshing = Refreshing::at(PACE);
        nodes.push(node);
    }
    Ok(nodes)
}

/// A connection of an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connected {
    pub(super) number: u32,
    pub(super) tenant: TenantId,
    pub(super) integration: IntegrationId,
    pub(super) grant: GrantId,
}

/// Accounts, each with one connection, whose tokens end in a minute.
pub(super) async fn connections(node: &Installation, count: u32) -> anyhow::Result<Vec<Connected>> {
    let agency = AgencyId(id());
    let now = node.app.clock.now();
    let context = Context {
        tenant: TenantId::of(agency, Mode::Live),
        agency,
        actor: Actor::Operator,
        request: RequestId(id()),
        now,
        network: None,
    };
    let customer = CustomerId(id());
    let mut made = Vec::new();
    for number in 0..count {
        let connected = Connected {
            number,
            tenant: context.tenant,
            integration: IntegrationId(id()),
            grant: GrantId(id()),
        };
        let connects = Connects {
            connected,
            customer,
            link: LinkId(id()),
            expires_at: (now + TimeDelta::minutes(1)).timestamp(),
        };
        node.app.run(&context, connects).await?;
        made.push(connected);
    }
    Ok(made)
}

struct Connects {
    connected: Connected,
    customer: CustomerId,
    link: LinkId,
    expires_at: i64,
}

impl UseCase for Connects {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let Connected {
            number,
            integration,
            grant,
            ..
        } = self.connected;
        let (customer, link, agency) = (self.customer, self.link, work.context().agency);
        if number == 0 {
            let mut customer = work.load::<Customer>(customer).await?;
            let create = CustomerCommand::Create {
                agency,
                personal: None,
                source_allowance: None,
            };
            work.execute(&mut customer, create).await?;
        }
        let provider = ProviderId::parse("google").map_err(|_| CommandError::ProviderUnknown)?;
        let slot = Slot {
            customer,
            location: LocationId(link.0),
            provider: provider.clone(),
        };
        let mut living = work.load::<Integration>(integration).await?;
        work.execute(&mut living, IntegrationCommand::RequestLink { link, slot })
            .await?;
        let mut account = work.load::<Grant>(grant).await?;
        let scopes = ProviderConfig::google().required_scopes.into_iter().collect();
        let app = ProviderApp {
            owner: "installation".to_owned(),
            client_id: CLIENT.to_owned(),
        };
        let given = GrantCommand::Grant {
            integration,
            provider,
            app,
            scopes,
        };
        work.execute(&mut account, given).await?;
        let listing = ListingRef {
            id: format!("locations/{number}"),
            account: None,
        };
        let connect = IntegrationCommand::Connect {
            link: Some(link),
            via: Via::Link,
            connection: Connection {
                grant,
                generation: 1,
                listing,
            },
            replaces_account: false,
            personal: None,
        };
        work.execute(&mut living, connect).await?;
        let json = serde_json::to_vec(&self.credential()).unwrap_or_default();
        work.put_secret(Record::Credential(grant, 1), &json, None);
        Ok(Decision::Done(()))
    }
}

impl Connects {
    fn credential(&self) -> Credential {
        let number = self.connected.number;
        Credential {
            access_token: format!("access-{}", first_token(number)).into(),
            refresh_token: Some(first_token(number).into()),
            expires_at: Some(self.expires_at),
            scopes: ProviderConfig::google().required_scopes.into_iter().collect(),
            account: Account {
                subject: number.to_string(),
                email: None,
                name: None,
            },
        }
    }
}
