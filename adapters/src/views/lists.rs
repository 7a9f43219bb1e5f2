//! Lists of rows: one statement per combination of filters, so that each can use the index that fits it.

use std::{collections::HashMap, fmt::Write};

use domain::{Timestamp, ids::TenantId};
use projections::{
    View,
    integration::{Badge, IntegrationView},
    link::{LinkStatus, LinkView},
    read::{Filter, Page},
    store::Side,
    view::Cell,
};
use strum::IntoEnumIterator;

use super::statements::{leak, names, table_name};

/// The column of how well rows are, in views that know.
const HEALTH: &str = "health";

/// How a row can stand, and what its columns say then. `$5` is now.
pub(super) trait Standing: IntoEnumIterator + Copy + Eq + std::hash::Hash {
    /// The view whose rows stand so.
    const VIEW: View;
    /// The column that its lists are sorted by, newest first.
    const TIME: &'static str;

    /// The condition. It must agree with what the row itself derives from its columns and the clock.
    fn condition(self) -> &'static str;
}

impl Standing for LinkStatus {
    const VIEW: View = LinkView::VIEW;
    const TIME: &'static str = "issued_at";

    fn condition(self) -> &'static str {
        match self {
            Self::Pending => "status = 'pending' AND expires_at > $5",
            Self::Started => "status = 'started' AND expires_at > $5",
            Self::Completed => "status = 'completed'",
            Self::Declined => "status = 'declined'",
            Self::Revoked => "status = 'revoked'",
            Self::Expired => "(status = 'expired' OR (status IN ('pending', 'started') AND expires_at <= $5))",
        }
    }
}

impl Standing for Badge {
    const VIEW: View = IntegrationView::VIEW;
    const TIME: &'static str = "created_at";

    fn condition(self) -> &'static str {
        match self {
            Self::Pending => {
                "connected = 0 AND deleted = 0 AND ((request_outcome = 'completed' AND disconnected = 0)
                    OR (request_outcome IS NULL AND request_expires_at > $5))"
            }
            Self::PendingRefresh => {
                "connected = 1 AND health <> 'needs_reconnect' AND request_outcome IS NULL AND request_expires_at > $5"
            }
            Self::ViaLink => {
                "connected = 1 AND health <> 'needs_reconnect' AND via_link IS NOT NULL
                    AND (request_outcome IS NOT NULL OR request_expires_at <= $5)"
            }
            Self::Connected => {
                "connected = 1 AND health <> 'needs_reconnect' AND via_link IS NULL
                    AND (request_outcome IS NOT NULL OR request_expires_at <= $5)"
            }
            Self::NeedsReconnect => "health = 'needs_reconnect'",
            Self::Rejected => "connected = 0 AND disconnected = 0 AND deleted = 0 AND request_outcome = 'declined'",
            Self::Revoked => "connected = 0 AND disconnected = 0 AND deleted = 0 AND request_outcome = 'revoked'",
            Self::Expired => {
                "connected = 0 AND disconnected = 0 AND deleted = 0
                    AND (request_outcome = 'expired' OR (request_outcome IS NULL AND request_expires_at <= $5))"
            }
            Self::Disconnected => {
                "connected = 0 AND disconnected = 1 AND (request_outcome IS NOT NULL OR request_expires_at <= $5)"
            }
            Self::Deleted => "deleted = 1",
        }
    }
}

/// Which filters are set, and how the rows shall stand.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each filter may be set or not, whatever the others are"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shape<S> {
    customer: bool,
    location: bool,
    provider: bool,
    health: bool,
    status: Option<S>,
}

/// The list statements of one side of a view.
#[derive(Debug)]
pub(super) struct ListSql<S>(HashMap<Shape<S>, &'static str>);

impl<S: Standing> ListSql<S> {
    pub(super) fn new(side: Side) -> Self {
        let standings: Vec<_> = S::iter().map(Some).chain([None]).collect();
        let mut statements = HashMap::new();
        let has_health = S::VIEW.columns.iter().any(|column| column.name == HEALTH);
        for bits in 0..if has_health { 16 } else { 8 } {
            for status in &standings {
                let shape = Shape {
                    customer: bits & 1 != 0,
                    location: bits & 2 != 0,
                    provider: bits & 4 != 0,
                    health: bits & 8 != 0,
                    status: *status,
                };
                statements.insert(shape, leak(statement(side, shape)));
            }
        }
        Self(statements)
    }

    /// The statement for a filter, and its values.
    pub(super) fn of(
        &self,
        tenant: TenantId,
        filter: &Filter<S>,
        page: Page,
        now: Timestamp,
    ) -> Option<(&'static str, Vec<Cell>)> {
        let shape = Shape {
            customer: filter.customer.is_some(),
            location: filter.location.is_some(),
            provider: filter.provider.is_some(),
            health: filter.health.is_some(),
            status: filter.status,
        };
        let (at, id) = match page.after {
            Some(cursor) => (Cell::time(cursor.at), Cell::text(&cursor.id)),
            None => (Cell::Integer(Some(i64::MAX)), Cell::Text(Some(String::new()))), // before every row
        };
        let limit = Cell::Integer(Some(page.limit.into()));
        let filters = [
            filter.customer.map(|customer| Cell::text(&customer)),
            filter.location.map(|location| Cell::text(&location)),
            filter.provider.as_ref().map(Cell::text),
            filter.health.as_ref().map(Cell::text),
        ];
        let mut values = vec![Cell::text(&tenant), at, id, limit, Cell::time(now)];
        values.extend(filters.into_iter().flatten());
        Some((self.0.get(&shape)?, values))
    }
}

/// `$1` is the tenant, `$2` and `$3` the last row of the page before, `$4` the limit and `$5` now.
fn statement<S: Standing>(side: Side, shape: Shape<S>) -> String {
    let time = S::TIME;
    let mut sql = format!(
        "SELECT {} FROM {} WHERE tenant = $1 AND ({time}, id) < ($2, $3)",
        names(&S::VIEW),
        table_name(&S::VIEW, side)
    );
    let filters = [
        (shape.customer, "customer"),
        (shape.location, "location"),
        (shape.provider, "provider"),
        (shape.health, HEALTH),
    ];
    for (number, (_, column)) in filters.iter().filter(|(set, _)| *set).enumerate() {
        let _ = write!(sql, " AND {column} = ${}", number + 6);
    }
    if let Some(status) = shape.status {
        let _ = write!(sql, " AND {}", status.condition());
    }
    sql + &format!(" ORDER BY {time} DESC, id DESC LIMIT $4")
}
