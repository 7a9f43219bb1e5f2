//! Credentials as a provider gives them, without the provider.

use application::{
    Actor, CommandError, Context, Decision, UseCase,
    ports::{
        provider::{Account, Credential},
        vault::Record,
    },
    work::Work,
};
use chrono::TimeDelta;
use domain::{
    grant::{Grant, GrantCommand, LossReason},
    ids::{GrantId, IntegrationId, Mode, TenantId},
    provider::{ProviderApp, ProviderId},
};
use serde_json::Value;
use uuid::Uuid;

use super::{Agency, World, text};

/// The account that every connection here stands on.
const GRANT: GrantId = GrantId(Uuid::from_u128(9));

impl World {
    /// The account behind a connection gives credentials, whose access token ends so much later.
    pub(in crate::agency_api::tests) async fn gives_credentials(
        &self,
        agency: &Agency,
        link: &Value,
        life: Option<TimeDelta>,
    ) {
        let end = life.map(|life| (self.server.app.clock.now() + life).timestamp());
        let given = Gives {
            integration: text(&link["integration_id"]).parse().unwrap(),
            expires_at: end,
        };
        self.server.app.run(&self.system(agency), given).await.unwrap();
    }

    /// The account's credentials are worth nothing any more.
    pub(in crate::agency_api::tests) async fn loses_credentials(&self, agency: &Agency, reason: LossReason) {
        self.server.app.run(&self.system(agency), Loses(reason)).await.unwrap();
    }

    fn system(&self, agency: &Agency) -> Context {
        Context {
            tenant: TenantId::of(agency.id, Mode::Live),
            actor: Actor::System,
            ..self.operator(agency.id)
        }
    }
}

struct Gives {
    integration: IntegrationId,
    expires_at: Option<i64>,
}

impl UseCase for Gives {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut grant = work.load::<Grant>(GRANT).await?;
        let scopes = std::iter::once("openid".to_owned()).collect();
        let given = GrantCommand::Grant {
            integration: self.integration,
            provider: ProviderId::parse("google").unwrap(),
            app: ProviderApp {
                owner: "installation".into(),
                client_id: "client".into(),
            },
            scopes,
        };
        work.execute(&mut grant, given).await?;
        let credential = Credential {
            access_token: "ya29.access".into(),
            refresh_token: Some("1//refresh".into()),
            expires_at: self.expires_at,
            scopes: std::iter::once("openid".to_owned()).collect(),
            account: Account {
                subject: "104".into(),
                email: None,
                name: None,
            },
        };
        let json = serde_json::to_vec(&credential).unwrap();
        work.put_secret(Record::Credential(GRANT, grant.latest()), &json, Some([4; 32]));
        Ok(Decision::Done(()))
    }
}

struct Loses(LossReason);

impl UseCase for Loses {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut grant = work.load::<Grant>(GRANT).await?;
        let generation = grant.latest();
        let reason = self.0;
        work.execute(&mut grant, GrantCommand::Lose { generation, reason })
            .await?;
        Ok(Decision::Done(()))
    }
}
