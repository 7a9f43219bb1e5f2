//! A row of the `report_day` view.

use domain::{
    Timestamp,
    connect_link::{AttemptFailure, LinkTerms},
    ids::{MemberId, TenantId},
    provider::ProviderId,
};

use crate::view::{BadCell, Cell, Cells, ViewRow};

/// What is counted. Of one link on one day each is 0 or 1, but for the tries that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Links that were issued.
    pub issued: i64,
    /// Links that somebody opened who looked like a person.
    pub opened: i64,
    /// Links that a mail scanner or another machine seems to have opened.
    pub opened_by_machine: i64,
    /// Links whose customer pressed "accept".
    pub started: i64,
    /// Links that led to a connection.
    pub completed: i64,
    /// Links that the customer declined.
    pub declined: i64,
    /// Links that somebody revoked.
    pub revoked: i64,
    /// Links that a fresh one took the place of.
    pub superseded: i64,
    /// Tries that led nowhere, by their reasons in the order of [`Counts::REASONS`].
    pub failed: [i64; 8],
}

impl Counts {
    /// Why a try leads nowhere, in the order of the columns.
    pub const REASONS: [AttemptFailure; 8] = [
        AttemptFailure::Denied,
        AttemptFailure::MissingScopes,
        AttemptFailure::ProviderRefused,
        AttemptFailure::ProviderUnavailable,
        AttemptFailure::OtherAccount,
        AttemptFailure::AccountSwitched,
        AttemptFailure::Interrupted,
        AttemptFailure::Abandoned,
    ];

    pub(super) fn failed_mut(&mut self, reason: AttemptFailure) -> &mut i64 {
        let place = match reason {
            AttemptFailure::Denied => 0,
            AttemptFailure::MissingScopes => 1,
            AttemptFailure::ProviderRefused => 2,
            AttemptFailure::ProviderUnavailable => 3,
            AttemptFailure::OtherAccount => 4,
            AttemptFailure::AccountSwitched => 5,
            AttemptFailure::Interrupted => 6,
            AttemptFailure::Abandoned => 7,
        };
        &mut self.failed[place]
    }

    /// The counts as numbers, in the order of the columns.
    pub fn numbers(&self) -> impl Iterator<Item = i64> {
        let Self {
            issued,
            opened,
            opened_by_machine,
            started,
            completed,
            declined,
            revoked,
            superseded,
            failed,
        } = *self;
        [
            issued,
            opened,
            opened_by_machine,
            started,
            completed,
            declined,
            revoked,
            superseded,
        ]
        .into_iter()
        .chain(failed)
    }

    /// The counts from numbers in the order of the columns.
    ///
    /// # Errors
    /// When one is missing.
    pub fn from_cells(cells: &mut Cells) -> Result<Self, BadCell> {
        let mut counts = Self {
            issued: cells.integer()?,
            opened: cells.integer()?,
            opened_by_machine: cells.integer()?,
            started: cells.integer()?,
            completed: cells.integer()?,
            declined: cells.integer()?,
            revoked: cells.integer()?,
            superseded: cells.integer()?,
            failed: [0; 8],
        };
        for failed in &mut counts.failed {
            *failed = cells.integer()?;
        }
        Ok(counts)
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.issued += more.issued;
        self.opened += more.opened;
        self.opened_by_machine += more.opened_by_machine;
        self.started += more.started;
        self.completed += more.completed;
        self.declined += more.declined;
        self.revoked += more.revoked;
        self.superseded += more.superseded;
        for (failed, more) in self.failed.iter_mut().zip(more.failed) {
            *failed += more;
        }
    }
}

/// A link on one day, or what its first event said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportDayRow {
    /// The link's id, with the day behind it.
    pub key: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// The provider that it is for.
    pub provider: ProviderId,
    /// The member who asked the customer.
    pub member: MemberId,
    /// The day; none in the row of the link itself.
    pub day: Option<i64>,
    /// What happened on that day.
    pub counts: Counts,
    /// How long it took from the issue to the connection, on the day of the connection.
    pub seconds_to_connect: Option<i64>,
    /// When the link was issued; in the row of the link itself.
    pub issued_at: Option<Timestamp>,
    /// When the link's time comes; in the row of a link that has not ended otherwise.
    pub open_until: Option<Timestamp>,
}

impl ReportDayRow {
    pub(super) fn of_link(key: String, tenant: TenantId, terms: &LinkTerms, issued_at: Timestamp) -> Self {
        Self {
            key,
            tenant,
            provider: terms.provider.clone(),
            member: terms.requested_by,
            day: None,
            counts: Counts::default(),
            seconds_to_connect: None,
            issued_at: Some(issued_at),
            open_until: Some(terms.expires_at),
        }
    }

    pub(super) fn on_day(&self, key: String, day: i64) -> Self {
        Self {
            key,
            day: Some(day),
            issued_at: None,
            open_until: None,
            ..self.clone()
        }
    }
}

impl ViewRow for ReportDayRow {
    fn cells(&self) -> Vec<Cell> {
        let mut cells = vec![
            Cell::text(&self.key),
            Cell::text(&self.tenant),
            Cell::text(&self.provider),
            Cell::text(&self.member),
            Cell::Integer(self.day),
        ];
        cells.extend(self.counts.numbers().map(|number| Cell::Integer(Some(number))));
        cells.extend([
            Cell::Integer(self.seconds_to_connect),
            Cell::time_or_null(self.issued_at),
            Cell::time_or_null(self.open_until),
        ]);
        cells
    }

    fn from_cells(cells: &mut Cells) -> Result<Self, BadCell> {
        Ok(Self {
            key: cells.parse()?,
            tenant: cells.parse()?,
            provider: cells.convert()?,
            member: cells.parse()?,
            day: cells.integer_or_null()?,
            counts: Counts::from_cells(cells)?,
            seconds_to_connect: cells.integer_or_null()?,
            issued_at: cells.time_or_null()?,
            open_until: cells.time_or_null()?,
        })
    }
}
