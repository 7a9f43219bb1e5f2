//! One client's dialogue: enough of RFC 5321, 3207 and 4954 for any client to send mail.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::kept::KeptMail;
use super::server::{MailTls, Shared};
use super::trouble::{Deed, MailStep};

/// A longer line is no mail of ours.
const LONGEST_MAIL: usize = 4 << 20;

pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// The end of a dialogue, whoever wanted it.
pub(super) struct HungUp;

impl From<std::io::Error> for HungUp {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

type Go = Result<(), HungUp>;

pub(super) struct Dialogue {
    server: Arc<Shared>,
    wire: BufReader<Box<dyn Wire>>,
    encrypted: bool,
    login: Option<String>,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl Dialogue {
    pub(super) fn new(server: Arc<Shared>, wire: Box<dyn Wire>, encrypted: bool) -> Self {
        Self {
            server,
            wire: BufReader::new(wire),
            encrypted,
            login: None,
            sender: None,
            recipients: vec![],
        }
    }

    pub(super) async fn run(mut self) -> Go {
        if !self.troubled(MailStep::Greeting).await? {
            self.say("220 mail.localhost simulated mail server").await?;
        }
        loop {
            let line = self.line().await?;
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" | "HELO" => self.hello().await?,
                "STARTTLS" => self = self.encrypt().await?,
                "AUTH" => self.log_in(rest).await?,
                "MAIL" => self.sender(rest).await?,
                "RCPT" => self.recipient(rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.forget();
                    self.say("250 forgotten").await?;
                }
                "NOOP" => self.say("250 still here").await?,
                "QUIT" => {
                    self.say("221 goodbye").await?;
                    return Ok(());
                }
                _ => self.say("502 not here").await?,
            }
        }
    }

    async fn hello(&mut self) -> Go {
        self.forget();
        let mut offers = vec!["mail.localhost", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"];
        if self.server.config.tls == MailTls::Starttls && !self.encrypted {
            offers.push("STARTTLS");
        } else if self.server.config.login.is_some() {
            offers.push("AUTH PLAIN LOGIN");
        }
        let last = offers.len() - 1;
        for (number, offer) in offers.into_iter().enumerate() {
            let dash = if number == last { ' ' } else { '-' };
            self.say(&format!("250{dash}{offer}")).await?;
        }
        Ok(())
    }

    async fn encrypt(mut self) -> Result<Self, HungUp> {
        if self.encrypted || self.server.config.tls != MailTls::Starttls {
            self.say("502 not here").await?;
            return Ok(self);
        }
        self.say("220 go ahead").await?;
        let encrypted = self.server.acceptor.accept(self.wire.into_inner()).await?;
        Ok(Self::new(self.server, Box::new(encrypted), true))
    }

    async fn log_in(&mut self, how: &str) -> Go {
        if self.troubled(MailStep::Login).await? {
            return Ok(());
        }
        let (way, first) = how.split_once(' ').unwrap_or((how, ""));
        let given = match way.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let text = if first.is_empty() {
                    self.ask("").await?
                } else {
                    decoded(first)
                };
                let mut parts = text.split('\0').skip(1).map(str::to_owned);
                parts.next().zip(parts.next())
            }
            "LOGIN" => {
                let user = if first.is_empty() {
                    self.ask("Username:").await?
                } else {
                    decoded(first)
                };
                Some((user, self.ask("Password:").await?))
            }
            _ => None,
        };
        if given.is_some() && given == self.server.config.login {
            self.login = given.map(|(user, _)| user);
            return self.say("235 2.7.0 welcome").await;
        }
        self.say("535 5.7.8 user name or password is wrong").await
    }

    async fn ask(&mut self, what: &str) -> Result<String, HungUp> {
        self.say(&format!("334 {}", STANDARD.encode(what))).await?;
        Ok(decoded(&self.line().await?))
    }

    async fn sender(&mut self, rest: &str) -> Go {
        if self.troubled(MailStep::Sender).await? {
            return Ok(());
        }
        if self.server.config.login.is_some() && self.login.is_none() {
            return self.say("530 5.7.0 log in first").await;
        }
        self.forget();
        self.sender = address(rest);
        self.say(if self.sender.is_some() {
            "250 2.1.0 fine"
        } else {
            "501 5.1.7 no address"
        })
        .await
    }

    async fn recipient(&mut self, rest: &str) -> Go {
        let Some(recipient) = address(rest).filter(|_| self.sender.is_some()) else {
            return self.say("503 5.5.1 first the sender, then recipients").await;
        };
        self.recipients.push(recipient);
        if self.troubled(MailStep::Recipient).await? {
            self.recipients.pop();
            return Ok(());
        }
        self.say("250 2.1.5 fine").await
    }

    async fn data(&mut self) -> Go {
        if self.recipients.is_empty() {
            return self.say("503 5.5.1 nobody to send it to").await;
        }
        if self.troubled(MailStep::Data).await? {
            return Ok(());
        }
        self.say("354 go ahead, a dot ends it").await?;
        let raw = self.read_mail().await?;
        let deed = self.server.troubles.strike(MailStep::FinalDot, &self.recipients).await;
        let refused = matches!(deed, Some(Deed::Answer(..) | Deed::Stall));
        if !refused {
            let mail = KeptMail {
                sender: self.sender.take().unwrap_or_default(),
                recipients: self.recipients.clone(),
                encrypted: self.encrypted,
                login: self.login.clone(),
                raw,
                cut: deed == Some(Deed::Cut),
            };
            self.server.keep(mail);
        }
        self.forget();
        match deed {
            Some(deed) if self.happens(&deed).await? => Ok(()),
            _ => self.say("250 2.0.0 taken").await,
        }
    }

    async fn read_mail(&mut self) -> Result<String, HungUp> {
        let mut raw = String::new();
        loop {
            let line = self.line().await?;
            if line == "." {
                return Ok(raw);
            }
            if raw.len() > LONGEST_MAIL {
                return Err(HungUp);
            }
            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
            raw.push_str("\r\n");
        }
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    /// Whether trouble answered in place of us.
    async fn troubled(&mut self, step: MailStep) -> Result<bool, HungUp> {
        match self.server.troubles.strike(step, &self.recipients).await {
            Some(deed) => self.happens(&deed).await,
            None => Ok(false),
        }
    }

    async fn happens(&mut self, deed: &Deed) -> Result<bool, HungUp> {
        match deed {
            Deed::Answer(code, words) => self.say(&format!("{code} {words}")).await.map(|()| true),
            Deed::Stall => std::future::pending().await,
            Deed::Wait(time) => {
                tokio::time::sleep(*time).await;
                Ok(false)
            }
            Deed::Cut => Err(HungUp),
        }
    }

    async fn line(&mut self) -> Result<String, HungUp> {
        let mut line = vec![];
        if self.wire.read_until(b'\n', &mut line).await? == 0 {
            return Err(HungUp);
        }
        let text = String::from_utf8_lossy(&line);
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    async fn say(&mut self, line: &str) -> Go {
        let wire = self.wire.get_mut();
        wire.write_all(format!("{line}\r\n").as_bytes()).await?;
        Ok(wire.flush().await?)
    }
}

fn decoded(text: &str) -> String {
    let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What stands between `<` and `>`.
fn address(rest: &str) -> Option<String> {
    let (_, behind) = rest.split_once('<')?;
    let (address, _) = behind.split_once('>')?;
    Some(address.to_owned())
}
