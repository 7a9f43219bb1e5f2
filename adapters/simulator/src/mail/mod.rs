//! A fake mail server: it takes mail over SMTP, keeps it for whoever looks, and makes trouble on demand.

mod certificate;
mod dialogue;
mod kept;
mod page;
mod server;
mod trouble;

pub use certificate::CertificateError;
pub use kept::KeptMail;
pub use server::{MailServer, MailServerConfig, MailServerError, MailTls};
pub use trouble::{Deed, MailStep, MailTrouble};
