//! Mail over SMTP, with TLS that is verified, time limits for every step, and connections that are used again.

mod figures;
mod message;
mod pool;
mod session;
mod target;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

use application::ports::mail::{AccountOwner, Barred, MailAccount, Mailer, NotSent, OutgoingMail, ServerWords};
use async_trait::async_trait;
use lettre::transport::smtp::client::Certificate;
use serde::Deserialize;

pub use figures::MailFigures;

use pool::Pools;
use session::Session;

/// How mail is sent, whichever account it leaves over.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// The installation's own mail server; agencies may have one each. None, and only agencies with their own send mail.
    pub account: Option<MailAccount>,
    /// A file with the installation's password, instead of `account.password`.
    pub password_file: Option<PathBuf>,
    /// A PEM file with a certificate authority of one's own, trusted beside the public ones.
    pub extra_root: Option<PathBuf>,
    /// Whether agencies may name servers in private networks and on this machine.
    pub allow_private_servers: bool,
    /// How long a server may be silent.
    pub stall_seconds: u16,
    /// How long it may think about a mail that it has got whole; RFC 5321 says ten minutes, and whoever gives up earlier sends it twice.
    pub final_seconds: u16,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            account: None,
            password_file: None,
            extra_root: None,
            allow_private_servers: false,
            stall_seconds: 30,
            final_seconds: 600,
        }
    }
}

/// Why mail cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum MailConfigError {
    /// The file is not there or cannot be read.
    #[error("mail.{setting} cannot be read: {source}")]
    File {
        /// Which setting names it.
        setting: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds no certificate.
    #[error("mail.extra_root holds no PEM certificate")]
    NoCertificate,
    /// The account cannot work.
    #[error("mail.account: {0}")]
    Account(#[from] InvalidAccount),
    /// A limit makes no sense.
    #[error("set mail.stall_seconds to 1 to 300 and mail.final_seconds to 1 to 1200")]
    Limits,
}

/// What is wrong with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccount {
    /// The host is no name.
    #[error("host must be a host name or an address")]
    Host,
    /// Nobody listens on port 0.
    #[error("port must be above 0")]
    Port,
    /// The sender is no address.
    #[error("from must be an e-mail address")]
    From,
    /// Half a login.
    #[error("username and password belong together")]
    Login,
    /// Plain text beyond this machine.
    #[error("security may be none for a server on this machine alone")]
    Plain,
}

/// Whether an account can work at all, before anybody is asked.
///
/// # Errors
/// What is wrong with it.
pub fn check_account(account: &MailAccount) -> Result<(), InvalidAccount> {
    let host = &account.host;
    let plausible = |c: char| c.is_ascii_alphanumeric() || "-.:[]_".contains(c);
    if host.is_empty() || host.len() > 253 || !host.chars().all(plausible) {
        return Err(InvalidAccount::Host);
    }
    if account.port == 0 {
        return Err(InvalidAccount::Port);
    }
    if !is_address(&account.from) {
        return Err(InvalidAccount::From);
    }
    if account.username.is_some() != account.password.is_some() {
        return Err(InvalidAccount::Login);
    }
    if account.security == application::ports::mail::Security::None && !crate::http::is_this_machine(host) {
        return Err(InvalidAccount::Plain);
    }
    Ok(())
}

/// Whether a text is an address that mail can be sent to, as far as its form tells.
pub fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok()
}

/// What every session keeps to.
#[derive(Clone)]
struct Rules {
    roots: Vec<Certificate>,
    allow_private: bool,
    stall: Duration,
    last: Duration,
}

/// The installation's way to send mail.
pub struct SmtpMailer {
    rules: Rules,
    pools: Pools,
    figures: MailFigures,
}

impl SmtpMailer {
    /// A mailer by this configuration, whose account is not part of it.
    ///
    /// # Errors
    /// When a limit or the extra certificate cannot be used.
    pub fn new(config: &MailConfig) -> Result<Self, MailConfigError> {
        if !(1..=300).contains(&config.stall_seconds) || !(1..=1200).contains(&config.final_seconds) {
            return Err(MailConfigError::Limits);
        }
        let roots = config.extra_root.as_deref().map(read_root).transpose()?;
        Ok(Self {
            rules: Rules {
                roots: roots.into_iter().collect(),
                allow_private: config.allow_private_servers,
                stall: Duration::from_secs(config.stall_seconds.into()),
                last: Duration::from_secs(config.final_seconds.into()),
            },
            pools: Pools::default(),
            figures: MailFigures::default(),
        })
    }

    /// The same, which counts there what it sends.
    #[must_use]
    pub fn counting(self, figures: MailFigures) -> Self {
        Self { figures, ..self }
    }

    async fn hand_over(
        &self,
        account: &MailAccount,
        owner: AccountOwner,
        mail: &OutgoingMail,
    ) -> Result<ServerWords, NotSent> {
        let letter = message::compose(account, mail)?;
        let pool = self.pools.of(account).await;
        let _turn = pool.turn().await?;
        let mut session = match pool.idle(&self.rules).await {
            Some(session) => session,
            None => Session::open(&self.rules, account, owner).await?,
        };
        let answer = session.send(&self.rules, &letter).await;
        if answer.is_ok() {
            pool.keep(session).await;
        } else {
            session.hang_up().await;
        }
        answer
    }
}

fn read_root(path: &std::path::Path) -> Result<Certificate, MailConfigError> {
    let pem = std::fs::read(path).map_err(|source| MailConfigError::File {
        setting: "extra_root",
        source,
    })?;
    if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
        return Err(MailConfigError::NoCertificate);
    }
    Certificate::from_pem(&pem).map_err(|_| MailConfigError::NoCertificate)
}

impl MailConfig {
    /// The installation's account with its password, from wherever it stands; none where mail is not set up.
    ///
    /// # Errors
    /// When the file cannot be read, or the account cannot work.
    pub fn account(&self) -> Result<Option<MailAccount>, MailConfigError> {
        let Some(mut account) = self.account.clone() else {
            return Ok(None);
        };
        if let Some(file) = &self.password_file {
            let source = |source| MailConfigError::File {
                setting: "password_file",
                source,
            };
            let text = std::fs::read_to_string(file).map_err(source)?;
            account.password = Some(text.trim_end_matches(['\r', '\n']).to_owned().into());
        }
        check_account(&account)?;
        Ok(Some(account))
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(
        &self,
        account: &MailAccount,
        owner: AccountOwner,
        mail: &OutgoingMail,
    ) -> Result<ServerWords, NotSent> {
        let sent = self.hand_over(account, owner, mail).await;
        self.figures.count(owner, sent.as_ref().map(|_| ()));
        sent
    }

    fn may_be_asked(&self, account: &MailAccount, owner: AccountOwner) -> Result<(), Barred> {
        target::may_be_asked(&self.rules, account, owner)
    }

    async fn greet(&self, account: &MailAccount, owner: AccountOwner) -> Result<(), NotSent> {
        let session = Session::open(&self.rules, account, owner).await?;
        session.hang_up().await;
        Ok(())
    }
}
