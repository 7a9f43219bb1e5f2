//! The commit that erases a member.

use domain::{
    agency::{Agency, AgencyCommand, AgencyError},
    ids::MemberId,
    log::StreamId,
    personal::Subject,
};

use crate::{
    app::App,
    context::Context,
    error::CommandError,
    metadata,
    ports::vault::Record,
    run::{Decision, UseCase},
    work::Work,
};

/// Erases a member.
pub struct EraseMember {
    /// Who.
    pub member: MemberId,
    /// Whether that is meant of the last owner too: where a backup brought back somebody who was erased.
    pub even_the_last_owner: bool,
}

impl UseCase for EraseMember {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        work.note(metadata::MEMBER, self.member);
        let mut agency = work.load_home::<Agency>(work.context().agency).await?;
        let command = AgencyCommand::EraseMember {
            member: self.member,
            even_the_last_owner: self.even_the_last_owner,
        };
        work.execute(&mut agency, command).await?;
        work.delete_home_secret(Record::SubjectKey(Subject::Member(self.member)));
        Ok(Decision::Done(()))
    }
}

impl EraseMember {
    /// # Errors
    /// When it would be refused.
    pub(super) async fn must_be_possible(&self, app: &App, context: &Context) -> Result<(), CommandError> {
        let stream = StreamId::of::<Agency>(context.agency);
        let agency = app.replay::<Agency>(&stream).await?.ok_or(AgencyError::NotFound)?;
        Ok(agency.state.can_erase(self.member)?)
    }
}
