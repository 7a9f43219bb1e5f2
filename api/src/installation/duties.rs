//! What an installation does by itself: every policy and every handler of jobs is hung in here.

use application::jobs::Duties;

/// All of it.
pub(super) fn duties() -> Duties {
    Duties::default()
}
