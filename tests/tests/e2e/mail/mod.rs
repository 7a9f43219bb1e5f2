//! Mail, from the call that asks for it to the inbox, with the real program and a mail server that speaks SMTP.

mod delivering;
mod office;
mod reminding;
mod settings;
mod trouble;
