//! An agency's logo is exchanged. Its colours and its contact stay.

use domain::{
    agency::{Agency, AgencyCommand, Branding},
    ids::AgencyId,
};

use crate::{
    error::CommandError,
    run::{Decision, UseCase},
    work::Work,
};

/// Gives an agency another logo.
pub struct SetLogo {
    /// The agency.
    pub agency: AgencyId,
    /// SHA-256 (hex) of the logo, which is stored already.
    pub logo: String,
}

impl UseCase for SetLogo {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut agency = work.load_home::<Agency>(self.agency).await?;
        let branding = Branding {
            logo: Some(self.logo.clone()),
            ..agency.branding().clone()
        };
        work.execute(&mut agency, AgencyCommand::ChangeBranding { branding })
            .await?;
        Ok(Decision::Done(()))
    }
}
