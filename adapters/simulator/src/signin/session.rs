//! Who is signed in to the simulated Google in this browser: a cookie with the personas in the order they came.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::personas::Persona;

const NAME: &str = "simulated_google_accounts";

#[derive(Clone, Debug, Default)]
pub(crate) struct Session(Vec<String>);

impl Session {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let value = pairs.find(|(name, _)| *name == NAME).map_or("", |(_, value)| value);
        Self(
            value
                .split('.')
                .filter(|id| !id.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, persona: &str) -> bool {
        self.0.iter().any(|id| id == persona)
    }

    pub(crate) fn add(&mut self, persona: &str) {
        if !self.contains(persona) {
            self.0.push(persona.to_owned());
        }
    }

    /// Google's `authuser`.
    pub(crate) fn position_of(&self, persona: &str) -> usize {
        self.0.iter().position(|id| id == persona).unwrap_or_default()
    }

    /// The account that needs no choosing: the one hinted at, or the only one. A hint at somebody else leaves it open.
    pub(crate) fn account_for<'a>(&self, personas: &'a [Persona], hint: Option<&str>) -> Option<&'a Persona> {
        let mut candidates = personas
            .iter()
            .filter(|persona| self.contains(&persona.id))
            .filter(|persona| hint.is_none_or(|hint| persona.is_meant_by(hint)));
        candidates.next().filter(|_| candidates.next().is_none())
    }

    pub(crate) fn to_cookie(&self) -> String {
        format!("{NAME}={}; Path=/; HttpOnly; SameSite=Lax", self.0.join("."))
    }
}
