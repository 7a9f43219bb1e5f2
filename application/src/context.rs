//! Who calls, for whom, when: settled at the door, before any decision.

use domain::{
    Timestamp,
    ids::{AgencyId, Mode, RequestId, TenantId},
};

use crate::metadata::Actor;

/// The frame of one call.
#[derive(Clone, Debug)]
pub struct Context {
    /// Whose data it may touch, and no other.
    pub tenant: TenantId,
    /// The agency of that tenant.
    pub agency: AgencyId,
    /// Who acts.
    pub actor: Actor,
    /// The call, followed through logs and events.
    pub request: RequestId,
    /// The clock of the whole call.
    pub now: Timestamp,
    /// The keyed hash of the caller's network.
    pub network: Option<String>,
}

impl Context {
    /// The tenant that an agency's own streams carry.
    pub fn home(&self) -> TenantId {
        TenantId::of(self.agency, Mode::Live)
    }
}
