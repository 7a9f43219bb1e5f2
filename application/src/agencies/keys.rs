//! API keys: more of them, and fewer.

use std::collections::BTreeSet;

use domain::{
    agency::{Agency, AgencyCommand, AgencyError, ApiKeyScope},
    ids::{AgencyId, MemberId, Mode},
};
use secrecy::SecretString;

use super::ApiKeyText;
use crate::{
    error::CommandError,
    run::{Decision, UseCase},
    work::Work,
};

/// Issues a key to a member; without one, to the owner who joined first.
pub struct IssueApiKey {
    /// The agency.
    pub agency: AgencyId,
    /// The member in whose name it will act.
    pub member: Option<MemberId>,
    /// The world it opens.
    pub mode: Mode,
    /// What it may do.
    pub scopes: BTreeSet<ApiKeyScope>,
    /// Its secret, made before.
    pub secret: [u8; 32],
}

impl UseCase for IssueApiKey {
    type Answer = SecretString;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<SecretString>, CommandError> {
        let mut agency = work.load_home::<Agency>(self.agency).await?;
        let member = self.member.or(agency.first_owner()).ok_or(AgencyError::NotFound)?;
        let key = ApiKeyText::new(self.mode, self.agency, agency.next_key_number(), self.secret);
        let command = AgencyCommand::IssueApiKey {
            secret_hash: key.secret_hash(),
            mode: self.mode,
            member,
            scopes: self.scopes.clone(),
        };
        work.execute(&mut agency, command).await?;
        Ok(Decision::Done(key.reveal()))
    }
}

/// Takes a key back; it is dead with the commit.
pub struct RevokeApiKey {
    /// The agency.
    pub agency: AgencyId,
    /// The key's number.
    pub number: u32,
}

impl UseCase for RevokeApiKey {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut agency = work.load_home::<Agency>(self.agency).await?;
        work.execute(&mut agency, AgencyCommand::RevokeApiKey { number: self.number })
            .await?;
        Ok(Decision::Done(()))
    }
}
