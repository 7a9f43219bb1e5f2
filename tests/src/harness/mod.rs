//! A whole installation for one story: an empty database, a simulated Google, the real program as a child process, and browsers
//! that do what people do. Nothing of it outlives the story.

mod agency;
mod browser;
mod collector;
mod files;
mod html;
mod independent;
mod network;
mod others;
mod page;
mod provider;
mod secrets;
mod server;
mod stage;
mod then;

pub use agency::{Agency, Answer, Issue, Issued, Place};
pub use browser::{Browser, Consent};
pub use collector::{Collector, Received};
pub use files::{Files, KEYRING};
pub use independent::{Independent, Manner};
pub use network::{client, localhost_at_home};
pub use others::{Other, with_parameter};
pub use page::Page;
pub use provider::{CALLBACK_HOST, FACEBOOK, GOOGLE, PROVIDER_HOST, callback_path, client_of, renews};
pub use secrets::Needle;
pub use server::{Server, free_port, program};
pub use simulator::personas::{Persona, everyone};
pub use stage::{AGENCY_HOST, Stage, probe};
pub use then::{Then, now};
