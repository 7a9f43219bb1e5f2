//! An agency joins: with its owner, its host and its first API key, all or nothing.

use domain::{
    agency::{Agency, AgencyCommand, ApiKeyScope, Branding, Role},
    host::{Host, HostCommand, HostName},
    ids::{AgencyId, HostId, MemberId, Mode},
    personal::{Detail, Personal, Subject},
};
use secrecy::SecretString;

use super::ApiKeyText;
use crate::{
    error::CommandError,
    run::{Decision, UseCase},
    work::Work,
};

/// The person who owns an agency.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The id.
    pub id: MemberId,
    /// The name that customers see.
    pub name: String,
    /// The e-mail address that customers see.
    pub email: String,
}

/// Founds an agency.
pub struct FoundAgency {
    /// Its id, made before.
    pub agency: AgencyId,
    /// The company's name.
    pub name: String,
    /// Who owns it.
    pub owner: Owner,
    /// The host its links open on.
    pub host: HostName,
    /// How its pages look.
    pub branding: Branding,
    /// The world that the first key opens.
    pub mode: Mode,
    /// The first key's secret, made before.
    pub key_secret: [u8; 32],
}

/// What the founder needs to know.
pub struct Founded {
    /// The first API key, shown this once.
    pub api_key: SecretString,
}

impl UseCase for FoundAgency {
    type Answer = Founded;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<Founded>, CommandError> {
        let mut agency = work.load_home::<Agency>(self.agency).await?;
        let mut host = work
            .load_home::<Host>(HostId::of(work.app().installation, &self.host))
            .await?;
        let key = ApiKeyText::new(self.mode, self.agency, 1, self.key_secret);
        work.execute(
            &mut host,
            HostCommand::Claim {
                agency: self.agency,
                name: self.host.clone(),
            },
        )
        .await?;
        for command in self.commands(&key) {
            work.execute(&mut agency, command).await?;
        }
        Ok(Decision::Done(Founded { api_key: key.reveal() }))
    }
}

impl FoundAgency {
    fn commands(&self, key: &ApiKeyText) -> [AgencyCommand; 5] {
        let personal = Personal::about(
            Subject::Member(self.owner.id),
            [
                (Detail::Name, Some(self.owner.name.as_str())),
                (Detail::Email, Some(self.owner.email.as_str())),
            ],
        );
        [
            AgencyCommand::Create {
                name: self.name.trim().to_owned(),
            },
            AgencyCommand::AddHost {
                host: self.host.clone(),
            },
            AgencyCommand::AddMember {
                member: self.owner.id,
                role: Role::Owner,
                personal,
            },
            AgencyCommand::ChangeBranding {
                branding: self.branding.clone(),
            },
            AgencyCommand::IssueApiKey {
                secret_hash: key.secret_hash(),
                mode: self.mode,
                member: self.owner.id,
                scopes: ApiKeyScope::all().collect(),
            },
        ]
    }
}
