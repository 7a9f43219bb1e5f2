//! The customers' pages in a real browser: headless Chromium, as people use it.

mod chromium;
mod connecting;
mod devtools;
mod in_app;
mod look;
mod looking;
mod mails;
mod person;
mod picking;
mod record;
mod refusing;
mod screen;
mod strangers;
mod theatre;
mod words;
