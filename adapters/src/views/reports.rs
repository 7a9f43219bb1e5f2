//! The questions of reports.

use std::{collections::BTreeMap, ops::Range};

use domain::{
    Timestamp,
    ids::{CustomerId, TenantId},
};
use projections::{
    connection_span::{ConnectionSpanRow, ConnectionSpanView, Span},
    report_day::{Counts, DAY, DayFigures, Figures, ReportDayView},
    store::Side,
    view::{BadCell, Cell, Cells, Kind, ViewRow},
};

use super::statements::{names, table_name};

/// The columns that are summed, in the order of [`Counts::numbers`].
const COUNTED: [&str; 16] = [
    "issued",
    "opened",
    "opened_by_machine",
    "started",
    "completed",
    "declined",
    "revoked",
    "superseded",
    "denied",
    "missing_scopes",
    "provider_refused",
    "provider_unavailable",
    "other_account",
    "account_switched",
    "interrupted",
    "abandoned",
];

/// Day, provider, member, seconds to connect, links expired, links connected so fast, and what was counted.
pub(super) const FIGURES: &[Kind] = &{
    let mut kinds = [Kind::Integer; 6 + COUNTED.len()];
    kinds[1] = Kind::Text;
    kinds[2] = Kind::Text;
    kinds
};

/// Sums what happened on the days, kept apart by how long connecting took, and counts the links whose time came on them. `$1` is
/// the tenant, `$2` and `$3` the days, `$4` and `$5` the moments between which a link's time came.
pub(super) fn figures(side: Side) -> String {
    let table = table_name(&ReportDayView::VIEW, side);
    let sums: Vec<_> = COUNTED
        .iter()
        .map(|column| format!("CAST(SUM({column}) AS BIGINT)"))
        .collect();
    let zeros: Vec<_> = COUNTED.iter().map(|_| "CAST(0 AS BIGINT)").collect();
    format!(
        "SELECT day, provider, member, seconds_to_connect, CAST(0 AS BIGINT), CAST(COUNT(seconds_to_connect) AS BIGINT), {}
        FROM {table} WHERE tenant = $1 AND day >= $2 AND day < $3
        GROUP BY day, provider, member, seconds_to_connect
        UNION ALL
        SELECT open_until / {DAY}, provider, member, CAST(NULL AS BIGINT), CAST(COUNT(*) AS BIGINT), CAST(0 AS BIGINT), {}
        FROM {table} WHERE tenant = $1 AND open_until >= $4 AND open_until < $5
        GROUP BY open_until / {DAY}, provider, member",
        sums.join(", "),
        zeros.join(", "),
    )
}

/// The values of [`figures`]; a link's time that is now has come.
pub(super) fn figures_of(tenant: TenantId, days: &Range<i64>, now: Timestamp) -> Vec<Cell> {
    let number = |number| Cell::Integer(Some(number));
    let end = (days.end * DAY).min(now.timestamp_micros() + 1);
    vec![
        Cell::text(&tenant),
        number(days.start),
        number(days.end),
        number(days.start * DAY),
        number(end),
    ]
}

/// The answer of [`figures`], put together by day, provider and member.
pub(super) fn together(rows: Vec<Vec<Cell>>) -> Result<Vec<DayFigures>, BadCell> {
    let mut groups: BTreeMap<_, DayFigures> = BTreeMap::new();
    for cells in rows {
        let mut cells = Cells::new(cells);
        let (day, provider, member) = (cells.integer()?, cells.text_or_null()?, cells.text_or_null()?);
        let mut figures = Figures::default();
        let (seconds, expired, links) = (cells.integer_or_null()?, cells.integer()?, cells.integer()?);
        figures.expired = expired;
        figures
            .seconds_to_connect
            .extend(seconds.map(|seconds| (seconds, links)));
        figures.counts = Counts::from_cells(&mut cells)?;
        let key = (day, provider, member);
        if let Some(group) = groups.get_mut(&key) {
            group.figures.add(&figures);
            continue;
        }
        let mut names = Cells::new(vec![Cell::Text(key.1.clone()), Cell::Text(key.2.clone())]);
        let group = DayFigures {
            day,
            provider: names.convert()?,
            member: names.parse()?,
            figures,
        };
        groups.insert(key, group);
    }
    Ok(groups.into_values().collect())
}

/// Spans of a tenant, each up to the integration's next row; a row without a listing says only that nothing is there any more.
/// `$1` is the tenant, `$2` and `$3` the moments between which they were there, `$4` a customer or nothing, `$5` the limit.
pub(super) fn spans(side: Side) -> String {
    let (table, columns) = (
        table_name(&ConnectionSpanView::VIEW, side),
        names(&ConnectionSpanView::VIEW),
    );
    format!(
        "SELECT {columns}, until FROM (
            SELECT {columns}, LEAD(since) OVER (PARTITION BY integration ORDER BY key) AS until
            FROM {table} WHERE tenant = $1 AND since < $3 AND ($4 = '' OR customer = $4)
        ) AS spans WHERE (until IS NULL OR until > $2) AND listing IS NOT NULL ORDER BY key LIMIT $5"
    )
}

/// The values of [`spans`].
pub(super) fn spans_of(
    tenant: TenantId,
    customer: Option<CustomerId>,
    between: &Range<Timestamp>,
    limit: u32,
) -> Vec<Cell> {
    let customer = customer.map(|customer| customer.to_string());
    vec![
        Cell::text(&tenant),
        Cell::time(between.start),
        Cell::time(between.end),
        Cell::Text(Some(customer.unwrap_or_default())),
        Cell::Integer(Some(limit.into())),
    ]
}

/// A row of [`spans`].
pub(super) fn span(cells: Vec<Cell>) -> Result<Span, BadCell> {
    let mut cells = Cells::new(cells);
    let row = ConnectionSpanRow::from_cells(&mut cells)?;
    let until = cells.time_or_null()?;
    Ok(Span { row, until })
}
