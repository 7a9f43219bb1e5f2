//! What figures are told apart by. None of it holds an id, a token or a path.

use std::{fmt, sync::Arc};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

/// What a request is for; each has a budget of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Room {
    /// Customers' pages, and what providers send back.
    Public,
    /// The agencies' API.
    Api,
}

/// What became of one step of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum SignIn {
    /// The customer accepted, and was led on to the provider.
    Started,
    /// The customer said no on our page.
    Declined,
    /// Somebody is signed in and can pick.
    Authorized,
    /// The provider's answer led back to the link: refused there, too few permissions, another account.
    Refused,
    /// Nothing could be made of the provider's answer.
    Failed,
    /// A listing was picked: the connection stands.
    Connected,
}

macro_rules! label_value {
    ($($name:ident),+) => {$(
        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
                EncodeLabelValue::encode(&<&'static str>::from(*self), encoder)
            }
        }
    )+};
}

label_value!(Room, SignIn);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Served {
    pub(super) room: Room,
    pub(super) method: &'static str,
    pub(super) route: Arc<str>,
    pub(super) status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct InRoom {
    pub(super) room: Room,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfView {
    pub(super) view: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfState {
    pub(super) state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Why {
    pub(super) reason: String,
}

/// A provider by its name in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Renewed {
    pub(super) provider: String,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Outcome {
    pub(super) outcome: SignIn,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Build {
    pub(super) version: &'static str,
}
