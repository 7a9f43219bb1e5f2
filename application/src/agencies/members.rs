//! More people work for an agency.

use domain::{
    agency::{Agency, AgencyCommand, Role},
    ids::{AgencyId, MemberId},
    personal::{Detail, Personal, Subject},
};

use crate::{
    error::CommandError,
    metadata,
    run::{Decision, UseCase},
    work::Work,
};

/// Adds a member.
pub struct AddMember {
    /// The agency.
    pub agency: AgencyId,
    /// The id, made before.
    pub member: MemberId,
    /// What the person may do.
    pub role: Role,
    /// The name that customers see.
    pub name: String,
    /// The e-mail address that customers see.
    pub email: String,
}

impl UseCase for AddMember {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        work.note(metadata::MEMBER, self.member);
        let mut agency = work.load_home::<Agency>(self.agency).await?;
        let facts = [
            (Detail::Name, Some(self.name.as_str())),
            (Detail::Email, Some(self.email.as_str())),
        ];
        let command = AgencyCommand::AddMember {
            member: self.member,
            role: self.role,
            personal: Personal::about(Subject::Member(self.member), facts),
        };
        work.execute(&mut agency, command).await?;
        Ok(Decision::Done(()))
    }
}
