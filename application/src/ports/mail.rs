//! Mail leaves through here: what is sent, over which account, and what the server said.

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// How the way to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Security {
    /// TLS from the first byte, mostly on port 465.
    #[default]
    Tls,
    /// TLS after STARTTLS, mostly on port 587. A server that does not offer it gets no mail.
    Starttls,
    /// None: for a server on this machine alone.
    None,
}

/// A mail server, how to log in there, and under which address mail is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailAccount {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    #[serde(default)]
    pub security: Security,
    /// Who logs in; nobody where the server asks for no login.
    #[serde(default)]
    pub username: Option<String>,
    /// The password of that login.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// The address that mail comes from.
    pub from: String,
}

#[derive(Serialize)]
struct Sealable<'a> {
    host: &'a str,
    port: u16,
    security: Security,
    username: Option<&'a str>,
    password: Option<&'a str>,
    from: &'a str,
}

impl MailAccount {
    /// What the vault seals: the password is in it.
    pub fn to_sealable(&self) -> Vec<u8> {
        let sealable = Sealable {
            host: &self.host,
            port: self.port,
            security: self.security,
            username: self.username.as_deref(),
            password: self.password.as_ref().map(ExposeSecret::expose_secret),
            from: &self.from,
        };
        serde_json::to_vec(&sealable).unwrap_or_default() // texts and a number always become JSON
    }

    /// The part of the sender's address behind the `@`: message ids are made under it.
    pub fn domain(&self) -> &str {
        self.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}

/// Whose account mail is sent over: an agency may name only servers out in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AccountOwner {
    /// The installation's own, from its configuration.
    Installation,
    /// An agency's, from its settings.
    Agency,
}

/// A person or an office, with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// What they are called.
    pub name: Option<String>,
    /// Where mail reaches them.
    pub address: String,
}

/// A picture that travels inside a mail.
#[derive(Clone, Debug)]
pub struct InlineImage {
    /// The name that the text shows it by.
    pub content_id: String,
    /// What it is.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A mail, ready to leave. It may hold links: not for logs.
#[derive(Clone)]
pub struct OutgoingMail {
    /// Its id before the `@`: the same however often it is sent, so that whoever gets it twice can tell.
    pub id: String,
    /// When it was written.
    pub date: domain::Timestamp,
    /// Under which name it is sent.
    pub from_name: String,
    /// Who answers to replies.
    pub reply_to: Option<Mailbox>,
    /// Whom it is for.
    pub to: Mailbox,
    /// What it is about.
    pub subject: String,
    /// As a page.
    pub html: String,
    /// As plain text.
    pub text: String,
    /// The picture that the page shows.
    pub image: Option<InlineImage>,
}

/// What a server answered: never the command that it answered to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} {words}")]
pub struct ServerWords {
    /// The three digits.
    pub code: u16,
    /// The rest, shortened. It may name the recipient.
    pub words: String,
}

/// Why a mail did not leave. Its name in figures is that of the case, which names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NotSent {
    /// The server will never take this mail for this recipient.
    #[error("the mail server refused it: {0}")]
    Refused(ServerWords),
    /// Recipient or sender are no addresses that this server can be told.
    #[error("the address cannot be used")]
    Unsendable,
    /// The server wants to be asked again later.
    #[error("the mail server said to try later: {0}")]
    TryLater(ServerWords),
    /// The server refuses us, whatever the mail is: login, sender, greeting.
    #[error("the mail server refuses this account: {0}")]
    AccountRefused(ServerWords),
    /// The server is not one that may be asked.
    #[error("the mail server's address is not allowed: it must be out in the world, on a port for mail")]
    Forbidden,
    /// No server of that name.
    #[error("the mail server's name is not known")]
    NameUnknown,
    /// Nobody answers there.
    #[error("the mail server cannot be reached")]
    Unreachable,
    /// It cannot prove who it is, or offers no encryption.
    #[error("the mail server offers no encryption that can be trusted")]
    Untrusted,
    /// It stopped answering.
    #[error("the mail server took too long")]
    TimedOut,
    /// The connection ended, or it spoke no SMTP. The mail may have arrived all the same.
    #[error("the mail server broke off")]
    BrokenOff,
}

impl NotSent {
    /// Whether trying again is of no use.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Unsendable)
    }

    /// Whether this says something about the account or the server, and not about one mail.
    pub fn blames_the_account(&self) -> bool {
        !self.is_final()
    }

    /// What the server said, where it said anything.
    pub fn words(&self) -> Option<&ServerWords> {
        match self {
            Self::Refused(words) | Self::TryLater(words) | Self::AccountRefused(words) => Some(words),
            _ => None,
        }
    }
}

/// Why a server may not be asked, as far as its name and port tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    /// Something else than mail may listen there.
    #[error("port must be one for mail: 25, 465, 587 or 2525")]
    Port,
    /// It is in a private network, or this machine.
    #[error("host must be out in the world")]
    Private,
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail to the account's server, and answers what it said when it took it.
    async fn send(
        &self,
        account: &MailAccount,
        owner: AccountOwner,
        mail: &OutgoingMail,
    ) -> Result<ServerWords, NotSent>;

    /// Whether the account's server may be asked at all, before its name is looked up.
    ///
    /// # Errors
    /// Why it never will be.
    fn may_be_asked(&self, account: &MailAccount, owner: AccountOwner) -> Result<(), Barred>;

    /// Connects to the account's server, encrypts and logs in, and leaves it at that.
    async fn greet(&self, account: &MailAccount, owner: AccountOwner) -> Result<(), NotSent>;
}

/// How an account last fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailHealth {
    /// When its server last took a mail.
    pub ok_at: Option<domain::Timestamp>,
    /// When it last did not work.
    pub failed_at: Option<domain::Timestamp>,
    /// Why it did not.
    pub problem: Option<String>,
}

impl MailHealth {
    /// Whether the latest try did not work.
    pub fn is_down(&self) -> bool {
        self.failed_at > self.ok_at
    }
}

/// Keeps how accounts fare, for all nodes.
#[async_trait]
pub trait MailRecords: Send + Sync {
    /// Notes how a try went: none when it worked, else why not.
    async fn note(&self, account: &str, problem: Option<&str>, at: domain::Timestamp) -> Result<(), StoreError>;

    /// How an account last fared.
    async fn health(&self, account: &str) -> Result<MailHealth, StoreError>;
}
