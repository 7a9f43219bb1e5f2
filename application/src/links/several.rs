//! Several links for one customer, issued in one commit and, if that is wanted, sent in one mail.

use domain::{agency::Agency, customer::Customer, ids::CustomerId};

use super::{IssueLink, IssuedLink};
use crate::{
    error::CommandError,
    mail::{MailAnswer, ask_for_mail},
    run::{Decision, UseCase},
    work::{Loaded, Work},
};

/// Issues links for one customer, all or none.
pub struct IssueLinks {
    /// Whom they are for.
    pub customer: CustomerId,
    /// The links: no two for the same location and provider.
    pub links: Vec<IssueLink>,
    /// Whether they are sent by mail.
    pub email: bool,
}

/// What was issued.
pub struct IssuedLinks {
    /// The links, in their order.
    pub links: Vec<IssuedLink>,
    /// What becomes of the mail, where one was asked for.
    pub email: Option<MailAnswer>,
}

impl UseCase for IssueLinks {
    type Answer = IssuedLinks;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<IssuedLinks>, CommandError> {
        let (app, context) = (work.app(), work.context());
        let agency = work.load_home::<Agency>(context.agency).await?;
        let customer = work.load::<Customer>(self.customer).await?;
        let links = issue_all(work, &self.links, &agency, &customer).await?;
        let mut email = None;
        if self.email {
            let file = app.customer(context.tenant, self.customer).await?.unwrap_or_default();
            email = Some(ask_for_mail(work, &links, &agency, file.person.email.is_some()).await?);
        }
        Ok(Decision::Done(IssuedLinks { links, email }))
    }
}

pub(crate) async fn issue_all(
    work: &mut Work<'_>,
    links: &[IssueLink],
    agency: &Loaded<Agency>,
    customer: &Loaded<Customer>,
) -> Result<Vec<IssuedLink>, CommandError> {
    let mut issued = vec![];
    for link in links {
        work.next_subject();
        issued.push(link.issue(work, agency, customer).await?);
    }
    Ok(issued)
}
