//! Servers of one installation, and connections whose tokens end together.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::ensure;
use application::{
    Actor, App, CommandError, Context, Decision, UseCase,
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
    ids::{AgencyId, CustomerId, GrantId, IntegrationId, LinkId, LocationId, Mode, RequestId, TenantId},
    integration::{Connection, Integration, IntegrationCommand, Slot, Via},
    provider::{ListingRef, ProviderApp, ProviderId},
};
use futures_util::future::try_join_all;
use grantlink_tests::{
    conformance::{Database, Kind, id},
    harness::{Agency, Server, Stage, Then, now, probe},
};

use super::provider::{CLIENT, PROVIDER, Rotating, first_token};

/// How much there is of everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Servers; on `SQLite` it is one.
    pub(super) nodes: usize,
    /// Accounts, each with one connection.
    pub(super) accounts: u32,
    /// So long their tokens live.
    pub(super) life: TimeDelta,
}

/// All of it, standing.
pub(super) struct Town {
    pub(super) stage: Stage,
    others: Vec<(Server, u16)>,
    pub(super) connected: Vec<Connected>,
}

impl Town {
    /// The connections are made while no server runs, and all of them are due when the servers begin.
    pub(super) async fn settle(database: Database, provider: &Rotating, size: Size) -> anyhow::Result<Self> {
        let mut stage = Stage::set_configured(database, &provider.configuration()).await?;
        stage.server.kill()?;
        let then = Then::at(&stage, now()).await?;
        let agency = stage.agency.id.parse()?;
        let connected = connections(&then.installation().app, agency, size).await?;
        then.close().await;
        stage.database.execute("UPDATE refresh SET due_at = 1").await?;
        stage.server.spawn_again()?;
        let further = if stage.database.kind() == Kind::Postgres {
            size.nodes - 1
        } else {
            0
        };
        let others = try_join_all((0..further).map(|_| stage.another_node())).await?;
        stage.server.wait_until_it_answers().await?;
        Ok(Self {
            stage,
            others,
            connected,
        })
    }

    /// The agency, as it speaks to each node.
    pub(super) fn desks(&self) -> Vec<Agency> {
        let others = self.others.iter().map(|(server, _)| server.port());
        let ports = [self.stage.server.port()].into_iter().chain(others);
        ports.map(|port| self.stage.agency.at(port)).collect()
    }

    /// How often each node renewed something, as it says itself.
    pub(super) async fn renewed(&self) -> anyhow::Result<Vec<u64>> {
        let others = self.others.iter().map(|(_, operations)| *operations);
        let mut renewed = vec![];
        for port in [self.stage.files.operations()].into_iter().chain(others) {
            let told = probe(port, "/metrics").await?;
            ensure!(told.status.is_success(), "{}", told.text);
            let is_asked = |line: &&str| {
                line.contains("refreshes_total") && line.contains(PROVIDER) && line.contains("\"renewed\"")
            };
            let line = told.text.lines().find(is_asked);
            let count = line.and_then(|line| line.rsplit(' ').next());
            renewed.push(count.map_or(Ok(0), str::parse)?);
        }
        Ok(renewed)
    }
}

/// A connection of an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connected {
    pub(super) number: u32,
    pub(super) integration: IntegrationId,
    pub(super) grant: GrantId,
}

async fn connections(app: &Arc<App>, agency: AgencyId, size: Size) -> anyhow::Result<Vec<Connected>> {
    let now = app.clock.now();
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
    for number in 0..size.accounts {
        let connected = Connected {
            number,
            integration: IntegrationId(id()),
            grant: GrantId(id()),
        };
        let connects = Connects {
            connected,
            customer,
            link: LinkId(id()),
            expires_at: (now + size.life).timestamp(),
        };
        app.run(&context, connects).await?;
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
        let provider = ProviderId::parse(PROVIDER).map_err(|_| CommandError::ProviderUnknown)?;
        let slot = Slot {
            customer,
            location: LocationId(link.0),
            provider: provider.clone(),
        };
        let mut living = work.load::<Integration>(integration).await?;
        work.execute(&mut living, IntegrationCommand::RequestLink { link, slot })
            .await?;
        let mut account = work.load::<Grant>(grant).await?;
        let scopes = scopes();
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

fn scopes() -> BTreeSet<String> {
    ["openid", "manage"].map(str::to_owned).into()
}

impl Connects {
    fn credential(&self) -> Credential {
        let number = self.connected.number;
        Credential {
            access_token: format!("access-{}", first_token(number)).into(),
            refresh_token: Some(first_token(number).into()),
            expires_at: Some(self.expires_at),
            scopes: scopes(),
            account: Account {
                subject: number.to_string(),
                email: None,
                name: None,
            },
        }
    }
}
