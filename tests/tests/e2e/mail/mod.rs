//! Mail, from the call that asks for it to the inbox, with the real program and a mail server that speaks SMTP.

mod delivering;
mod moving;
pub(crate) mod office;
mod operating;
pub(crate) mod reconnecting;
mod reminding;
mod settings;
pub(crate) mod trouble;
