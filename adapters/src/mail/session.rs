//! One connection to a mail server: every step has its time limit, and every refusal its meaning.

use std::{error::Error as _, future::Future, time::Duration};

use application::ports::mail::{AccountOwner, MailAccount, NotSent, Security, ServerWords};
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, CertificateStore, TlsParameters},
    commands::{Data, Mail, Noop, Rcpt},
    extension::{ClientId, Extension, MailParameter},
    response::Response,
};
use secrecy::ExposeSecret;

use super::{Rules, message::Letter, target};

/// How much of a server's words is kept.
const MOST_WORDS: usize = 300;

/// How long a mail's last farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) struct Session {
    connection: AsyncSmtpConnection,
}

/// Whom a refusal at a step is about.
#[derive(Clone, Copy)]
enum About {
    Account,
    Mail,
}

impl Session {
    /// Connects, encrypts and logs in.
    pub(super) async fn open(rules: &Rules, account: &MailAccount, owner: AccountOwner) -> Result<Self, NotSent> {
        let hello = ClientId::Domain(account.domain().to_owned());
        let mut last = NotSent::Unreachable;
        for address in target::addresses(rules, account, owner).await? {
            let tls = match account.security {
                Security::Tls => Some(tls(rules, account)?),
                Security::Starttls | Security::None => None,
            };
            let stall = rules.stall;
            let connecting = AsyncSmtpConnection::connect_tokio1(address, Some(stall), &hello, tls, None);
            match step(stall * 2, About::Account, connecting).await {
                Ok(connection) => {
                    let mut session = Self { connection };
                    session.prepare(rules, account, &hello).await?;
                    return Ok(session);
                }
                Err(NotSent::Unreachable) => {} // says less than what another address said
                Err(NotSent::TimedOut) => last = NotSent::TimedOut,
                Err(error) => return Err(error), // somebody is there: no other address would say otherwise
            }
        }
        Err(last)
    }

    async fn prepare(&mut self, rules: &Rules, account: &MailAccount, hello: &ClientId) -> Result<(), NotSent> {
        let (stall, about) = (rules.stall, About::Account);
        if account.security == Security::Starttls {
            if !self.connection.can_starttls() {
                return Err(NotSent::Untrusted);
            }
            let tls = tls(rules, account)?;
            step(stall, about, self.connection.starttls(tls, hello)).await?;
        }
        if let (Some(user), Some(password)) = (&account.username, &account.password) {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let ways = [Mechanism::Plain, Mechanism::Login];
            step(stall, about, self.connection.auth(&ways, &credentials)).await?;
        }
        Ok(())
    }

    /// Hands over one mail.
    pub(super) async fn send(&mut self, rules: &Rules, letter: &Letter) -> Result<ServerWords, NotSent> {
        let (stall, smtp) = (rules.stall, &mut self.connection);
        let mut options = vec![];
        let is_foreign = |address: &lettre::Address| !AsRef::<str>::as_ref(address).is_ascii();
        if letter
            .envelope
            .to()
            .iter()
            .chain(letter.envelope.from())
            .any(is_foreign)
        {
            if !smtp.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(NotSent::Unsendable);
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        // Who is refused as a sender is refused for every mail: that says nothing about this one.
        let mail = Mail::new(letter.envelope.from().cloned(), options);
        step(stall, About::Account, smtp.command(mail)).await?;
        for to in letter.envelope.to() {
            step(stall, About::Mail, smtp.command(Rcpt::new(to.clone(), vec![]))).await?;
        }
        step(stall, About::Mail, smtp.command(Data)).await?;
        let answer = step(rules.last, About::Mail, smtp.message(&letter.bytes)).await?;
        Ok(words_of(&answer))
    }

    /// Whether the server is still there.
    pub(super) async fn is_alive(&mut self, rules: &Rules) -> bool {
        step(rules.stall, About::Account, self.connection.command(Noop))
            .await
            .is_ok()
    }

    /// Says goodbye to a server that may not listen any more.
    pub(super) async fn hang_up(mut self) {
        let _ = tokio::time::timeout(FAREWELL, self.connection.abort()).await;
    }
}

fn tls(rules: &Rules, account: &MailAccount) -> Result<TlsParameters, NotSent> {
    let name = account.host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let mut builder = TlsParameters::builder(name).certificate_store(CertificateStore::WebpkiRoots);
    for root in &rules.roots {
        builder = builder.add_root_certificate(root.clone());
    }
    builder.build_rustls().map_err(|_| NotSent::Untrusted)
}

async fn step<T>(limit: Duration, about: About, doing: impl Future<Output = Result<T, Error>>) -> Result<T, NotSent> {
    match tokio::time::timeout(limit, doing).await {
        Ok(done) => done.map_err(|error| meaning(&error, about)),
        Err(_) => Err(NotSent::TimedOut),
    }
}

fn meaning(error: &Error, about: About) -> NotSent {
    let words = |code: u16| ServerWords {
        code,
        words: error
            .source()
            .map_or_else(String::new, |words| clean(&words.to_string())),
    };
    match error.status() {
        Some(code) if error.is_permanent() => match about {
            About::Account => NotSent::AccountRefused(words(code.into())),
            About::Mail => NotSent::Refused(words(code.into())),
        },
        Some(code) => NotSent::TryLater(words(code.into())),
        None if error.is_timeout() => NotSent::TimedOut,
        None if error.is_tls() || is_about_trust(error) => NotSent::Untrusted,
        None if error.is_client() => NotSent::Untrusted, // no login that it offers, no STARTTLS
        None if is_about_connecting(error) => NotSent::Unreachable,
        None => NotSent::BrokenOff,
    }
}

/// rustls' refusals arrive as I/O errors of this kind.
fn is_about_trust(error: &Error) -> bool {
    io_kind(error) == Some(std::io::ErrorKind::InvalidData)
}

fn is_about_connecting(error: &Error) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    matches!(
        io_kind(error),
        Some(ConnectionRefused | HostUnreachable | NetworkUnreachable)
    )
}

fn io_kind(error: &Error) -> Option<std::io::ErrorKind> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        source = cause.source();
    }
    None
}

fn words_of(response: &Response) -> ServerWords {
    let words: Vec<&str> = response.message().collect();
    ServerWords {
        code: response.code().into(),
        words: clean(&words.join(" ")),
    }
}

/// A stranger's words on one line, printable and short.
fn clean(words: &str) -> String {
    let printable: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut words: Vec<&str> = vec![];
    let mut room = MOST_WORDS;
    for word in printable.split_whitespace() {
        let Some(rest) = room.checked_sub(word.chars().count() + 1) else {
            break;
        };
        room = rest;
        words.push(word);
    }
    words.join(" ")
}
