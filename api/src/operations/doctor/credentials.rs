//! Whether access to customers' accounts can be renewed, and whose trouble it is where not.

use domain::grant::{LossReason, RefreshFailure};

use super::Finding;
use crate::operations::DatabaseSample;

const ABOUT: &str = "credentials";

/// What stands in the way, as far as the operators can do anything about it.
pub(super) fn examine(database: &DatabaseSample) -> Vec<Finding> {
    let refreshes = &database.refreshes;
    let failing = refreshes
        .failing
        .iter()
        .filter_map(|(reason, count)| failing(*reason, *count));
    let lost = refreshes
        .lost
        .iter()
        .filter_map(|(reason, count)| lost(*reason, *count));
    let overdue = (refreshes.overdue > 0).then(|| {
        let found = format!("{} should have been renewed ten minutes ago", refreshes.overdue);
        let advice = "Start the server, which does it; if it runs, see what its log says of the provider.";
        Finding::warning(ABOUT, found, advice)
    });
    failing.chain(lost).chain(overdue).collect()
}

fn failing(reason: RefreshFailure, count: u64) -> Option<Finding> {
    match reason {
        RefreshFailure::AppRefused => Some(Finding::wrong(
            ABOUT,
            format!("a provider refuses your app: {count} cannot be renewed"),
            "Compare client_id and client_secret with the provider's console. Nothing is lost: it goes on once they are right.",
        )),
        RefreshFailure::AppNotApproved => Some(Finding::wrong(
            ABOUT,
            format!("a provider has not approved your app yet: {count} cannot be renewed"),
            "Its quota is nought. Ask the provider for access; nothing is lost meanwhile.",
        )),
        RefreshFailure::Unavailable | RefreshFailure::RateLimited => None, // it passes
    }
}

fn lost(reason: LossReason, count: u64) -> Option<Finding> {
    (reason == LossReason::TestingEnded).then(|| {
        Finding::warning(
            ABOUT,
            format!("{count} ended after seven days: your app seems to be in Testing"),
            "Publish it in the provider's console, then send those customers a new link.",
        )
    })
}

#[cfg(test)]
mod tests {
    use application::ports::refreshes::RefreshFigures;

    use super::{super::Verdict, *};

    /// What passes, and what customers have to do, is no finding; what the operators have to do is one each.
    #[test]
    fn what_the_operators_can_mend_is_said() {
        let figures = RefreshFigures {
            due: 3,
            overdue: 0,
            failing: vec![
                (RefreshFailure::AppRefused, 2),
                (RefreshFailure::RateLimited, 1),
                (RefreshFailure::Unavailable, 9),
            ],
            lost: vec![(LossReason::ExpiredOrRevoked, 4), (LossReason::TestingEnded, 2)],
        };
        let database = DatabaseSample {
            refreshes: figures,
            ..DatabaseSample::default()
        };
        let found: Vec<_> = examine(&database)
            .into_iter()
            .map(|finding| (finding.verdict, finding.found))
            .collect();
        let refused = "a provider refuses your app: 2 cannot be renewed".to_owned();
        let testing = "2 ended after seven days: your app seems to be in Testing".to_owned();
        assert_eq!(found, [(Verdict::Wrong, refused), (Verdict::Warning, testing)]);
        assert!(examine(&DatabaseSample::default()).is_empty());
    }
}
