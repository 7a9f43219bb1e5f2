//! Over whose account an agency's mail leaves: its own, or the installation's.

use std::sync::Arc;

use domain::{
    agency::Agency,
    ids::{AgencyId, Mode, TenantId},
};
use secrecy::ExposeSecret;

use super::Stationery;
use crate::{
    app::App,
    ports::{
        StoreError,
        mail::{AccountOwner, MailAccount, MailRecords, Mailer, NotSent},
        vault::{Place, Record},
    },
};

/// The installation's own account stands under this name among the records of how accounts fare.
pub(super) const INSTALLATION: &str = "installation";

/// How mail leaves.
pub struct MailOffice {
    /// Sends it.
    pub mailer: Arc<dyn Mailer>,
    /// Writes it.
    pub stationery: Arc<dyn Stationery>,
    /// Keeps how accounts fare.
    pub records: Arc<dyn MailRecords>,
    /// The installation's account; none where it has no mail server.
    pub account: Option<MailAccount>,
}

/// The account that mail leaves over.
pub struct AccountInUse {
    /// The account.
    pub account: MailAccount,
    /// Whose it is.
    pub owner: AccountOwner,
    /// Under which name its health is kept: an account that was changed begins anew.
    pub name: String,
}

impl MailOffice {
    /// Whether an agency's mail can leave at all.
    pub fn serves(&self, agency: &Agency) -> bool {
        agency.mail_account().is_some() || self.account.is_some()
    }

    /// The name of the account that an agency's mail leaves over.
    pub fn account_name(&self, id: AgencyId, agency: &Agency) -> String {
        match agency.mail_account() {
            Some(number) => format!("{id}/{number}"),
            None => INSTALLATION.to_owned(),
        }
    }
}

impl App {
    /// The account that an agency's mail leaves over; none where no mail server is set up.
    ///
    /// # Errors
    /// When the vault fails.
    pub async fn mail_account(&self, id: AgencyId, agency: &Agency) -> Result<Option<AccountInUse>, StoreError> {
        let name = self.mail.account_name(id, agency);
        let Some(number) = agency.mail_account() else {
            let owner = AccountOwner::Installation;
            let account = self.mail.account.clone();
            return Ok(account.map(|account| AccountInUse { account, owner, name }));
        };
        let place = Place {
            tenant: TenantId::of(id, Mode::Live),
            record: Record::MailAccount(number),
        };
        let broken = || StoreError::Broken("an agency's mail account".into());
        let row = self.vault.get(&place).await?.ok_or_else(broken)?;
        let plain = self.cipher.open(&place, &row.sealed).map_err(|_| broken())?;
        let account = serde_json::from_slice(plain.expose_secret()).map_err(|_| broken())?;
        let owner = AccountOwner::Agency;
        Ok(Some(AccountInUse { account, owner, name }))
    }

    /// Notes how an account fared. A refusal of one recipient says nothing about it.
    pub(super) async fn note_mail_health(&self, name: &str, sent: Result<(), &NotSent>) {
        let problem = match sent {
            Ok(()) => None,
            Err(error) if error.blames_the_account() => Some(error.to_string()),
            Err(_) => return,
        };
        let noted = self.mail.records.note(name, problem.as_deref(), self.clock.now()).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "how a mail account fares could not be noted");
        }
    }
}
