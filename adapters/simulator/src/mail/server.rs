//! Starting and stopping a mail server, and what its owner can do with it meanwhile.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::certificate::{self, CertificateError};
use super::dialogue::{Dialogue, HungUp};
use super::kept::KeptMail;
use super::page;
use super::trouble::{MailTrouble, Troubles};

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailTls {
    /// Not at all.
    #[default]
    None,
    /// After STARTTLS.
    Starttls,
    /// From the first byte.
    Implicit,
}

/// How one mail server behaves; the default is a free loopback port, no TLS, no login.
#[derive(Clone, Debug)]
pub struct MailServerConfig {
    /// Where to listen; loopback only.
    pub listen: SocketAddr,
    /// How the way there is protected.
    pub tls: MailTls,
    /// User and password that must log in.
    pub login: Option<(String, String)>,
    /// Where a page shows what was taken; loopback only.
    pub mailbox: Option<SocketAddr>,
}

impl Default for MailServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: MailTls::None,
            login: None,
            mailbox: None,
        }
    }
}

/// Why a mail server could not start.
#[derive(Debug, thiserror::Error)]
pub enum MailServerError {
    /// It would have been reachable from other machines.
    #[error("the mail server listens on loopback only, and {0} is not")]
    NotLoopback(SocketAddr),
    /// The port is taken, for example.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// No certificate to show.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

pub(super) struct Shared {
    pub(super) config: MailServerConfig,
    pub(super) acceptor: TlsAcceptor,
    pub(super) troubles: Troubles,
    kept: watch::Sender<Vec<KeptMail>>,
}

impl Shared {
    pub(super) fn keep(&self, mail: KeptMail) {
        self.kept.send_modify(|kept| kept.push(mail));
    }

    pub(super) fn mails(&self) -> Vec<KeptMail> {
        self.kept.borrow().clone()
    }
}

/// A mail server that takes mail until it is dropped.
pub struct MailServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    mailbox: Option<SocketAddr>,
    certificate: String,
    tasks: JoinSet<()>,
}

impl MailServer {
    /// Binds the address and begins to take mail.
    ///
    /// # Errors
    /// When an address is not loopback or taken.
    pub async fn start(config: MailServerConfig) -> Result<Self, MailServerError> {
        let listener = bind(config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|error| MailServerError::Bind(config.listen, error))?;
        let (certificate, acceptor) = certificate::fresh()?;
        let mailbox = config.mailbox;
        let shared = Arc::new(Shared {
            config,
            acceptor,
            troubles: Troubles::default(),
            kept: watch::Sender::new(vec![]),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(take_clients(Arc::clone(&shared), listener));
        let mailbox = match mailbox {
            Some(listen) => {
                let listener = bind(listen).await?;
                let bound = listener
                    .local_addr()
                    .map_err(|error| MailServerError::Bind(listen, error))?;
                tasks.spawn(page::serve(Arc::clone(&shared), listener));
                Some(bound)
            }
            None => None,
        };
        Ok(Self {
            shared,
            address,
            mailbox,
            certificate,
            tasks,
        })
    }

    /// Where it takes mail.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Where its mailbox can be looked at.
    pub fn mailbox(&self) -> Option<SocketAddr> {
        self.mailbox
    }

    /// Its certificate as PEM, for those who shall trust it.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// What it took so far, oldest first.
    pub fn mails(&self) -> Vec<KeptMail> {
        self.shared.mails()
    }

    /// Waits until what it took is to the liking of the caller, and answers it.
    pub async fn wait_until(&self, enough: impl FnMut(&Vec<KeptMail>) -> bool) -> Vec<KeptMail> {
        let mut kept = self.shared.kept.subscribe();
        match kept.wait_for(enough).await {
            Ok(mails) => mails.clone(),
            Err(_) => vec![], // the sender lives as long as this server
        }
    }

    /// Waits for so many mails.
    pub async fn wait_for(&self, count: usize) -> Vec<KeptMail> {
        self.wait_until(|mails| mails.len() >= count).await
    }

    /// Makes coming mails fail or wait.
    pub async fn inject(&self, trouble: MailTrouble) {
        self.shared.troubles.add(trouble).await;
    }

    /// Everything is fine again.
    pub async fn recover(&self) {
        self.shared.troubles.clear().await;
    }

    /// Ends at once, as by a power failure; answers the address, where another one may start.
    pub async fn stop(mut self) -> SocketAddr {
        self.tasks.shutdown().await;
        self.address
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, MailServerError> {
    if !address.ip().is_loopback() {
        return Err(MailServerError::NotLoopback(address));
    }
    TcpListener::bind(address)
        .await
        .map_err(|error| MailServerError::Bind(address, error))
}

async fn take_clients(shared: Arc<Shared>, listener: TcpListener) {
    let mut clients = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            clients.spawn(talk(Arc::clone(&shared), stream));
        }
        while clients.try_join_next().is_some() {}
    }
}

async fn talk(shared: Arc<Shared>, stream: TcpStream) {
    let dialogue = if shared.config.tls == MailTls::Implicit {
        match shared.acceptor.accept(stream).await {
            Ok(encrypted) => Dialogue::new(shared, Box::new(encrypted), true),
            Err(_) => return, // it does not trust us, and says so to its owner
        }
    } else {
        Dialogue::new(shared, Box::new(stream), false)
    };
    if let Err(HungUp) = dialogue.run().await {
        tracing::debug!("a client's dialogue broke off");
    }
}
