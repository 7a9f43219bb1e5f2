//! The rows of the table: what is measured, against what, and what it should come to.
//!
//! A program is started with the words that stand here; `{time}`, `{crowd}`, `{events}`, `{many}` and `{links}` depend on the effort.

/// One measurement of ours, and what it is held against.
pub(super) struct Row {
    /// What `--only` calls it.
    pub(super) name: &'static str,
    /// What the table calls it.
    pub(super) title: &'static str,
    /// Our program's words.
    pub(super) ours: &'static str,
    /// What its figure counts.
    pub(super) unit: Unit,
    /// What it is divided by, round by round.
    pub(super) against: &'static [Against],
    /// In so many milliseconds 99 of 100 answers should come.
    pub(super) p99: Option<f64>,
    /// Where the figure is no rate: it should not be larger.
    pub(super) at_most: Option<f64>,
    /// Whether one round must do, because it takes minutes and hardly varies.
    pub(super) once: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    PerSecond,
    Megabytes,
    Milliseconds,
}

pub(super) struct Against {
    pub(super) name: &'static str,
    pub(super) peer: Peer,
    /// What the ratio should reach.
    pub(super) at_least: Option<f64>,
}

pub(super) enum Peer {
    /// Our own program, with other words.
    Ours(&'static str),
    /// The program of the crate outside the workspace.
    Peers(&'static str),
    /// Nothing that could run here: its figure was taken on a machine of the same kind.
    Elsewhere(f64),
}

impl Row {
    pub(super) fn needs_peers(&self) -> bool {
        let mut against = self.against.iter();
        against.any(|against| matches!(against.peer, Peer::Peers(_)))
    }
}

/// What most rows have in common.
const RATE: Row = Row {
    name: "",
    title: "",
    ours: "",
    unit: Unit::PerSecond,
    against: &[],
    p99: None,
    at_most: None,
    once: false,
};

/// Pages, to more callers than there are places.
const CROWD: Row = Row {
    against: &[ourselves(
        "as many callers as places",
        "http crowd --callers 64 {crowd}",
        0.8,
    )],
    p99: Some(2_000.0),
    once: true,
    ..RATE
};

const fn peers(name: &'static str, words: &'static str, at_least: f64) -> Against {
    Against {
        name,
        peer: Peer::Peers(words),
        at_least: Some(at_least),
    }
}

const fn ourselves(name: &'static str, words: &'static str, at_least: f64) -> Against {
    Against {
        name,
        peer: Peer::Ours(words),
        at_least: Some(at_least),
    }
}

const fn elsewhere(name: &'static str, per_second: f64, at_least: f64) -> Against {
    Against {
        name,
        peer: Peer::Elsewhere(per_second),
        at_least: Some(at_least),
    }
}

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "append-1",
        title: "append, PostgreSQL, 1 caller",
        ours: "append postgres --callers 1 {time}",
        against: &[peers(
            "postgres-es",
            "append --peer postgres-es --callers 1 {time}",
            1.0,
        )],
        ..RATE
    },
    Row {
        name: "append-8",
        title: "append, PostgreSQL, 8 callers",
        ours: "append postgres --callers 8 {time}",
        against: &[peers(
            "postgres-es",
            "append --peer postgres-es --callers 8 {time}",
            1.5,
        )],
        ..RATE
    },
    Row {
        name: "append-32",
        title: "append, PostgreSQL, 32 callers",
        ours: "append postgres --callers 32 {time}",
        against: &[peers(
            "postgres-es",
            "append --peer postgres-es --callers 32 {time}",
            3.0,
        )],
        p99: Some(2.0),
        ..RATE
    },
    Row {
        name: "append-256",
        title: "append, PostgreSQL, 256 callers",
        ours: "append postgres --callers 256 {time}",
        against: &[peers(
            "postgres-es",
            "append --peer postgres-es --callers 256 {time}",
            4.5,
        )],
        ..RATE
    },
    Row {
        name: "conflicts-1-32",
        title: "append, 1 % of the commits conflict, 32 callers",
        ours: "append postgres --conflicts 1 --callers 32 {time}",
        against: &[ourselves(
            "without conflicts",
            "append postgres --callers 32 {time}",
            0.9,
        )],
        ..RATE
    },
    Row {
        name: "conflicts-10-32",
        title: "append, 10 % of the commits conflict, 32 callers",
        ours: "append postgres --conflicts 10 --callers 32 {time}",
        against: &[ourselves(
            "without conflicts",
            "append postgres --callers 32 {time}",
            0.9,
        )],
        ..RATE
    },
    Row {
        name: "conflicts-1-256",
        title: "append, 1 % of the commits conflict, 256 callers",
        ours: "append postgres --conflicts 1 --callers 256 {time}",
        against: &[ourselves(
            "without conflicts",
            "append postgres --callers 256 {time}",
            0.9,
        )],
        ..RATE
    },
    Row {
        name: "conflicts-10-256",
        title: "append, 10 % of the commits conflict, 256 callers",
        ours: "append postgres --conflicts 10 --callers 256 {time}",
        against: &[ourselves(
            "without conflicts",
            "append postgres --callers 256 {time}",
            0.9,
        )],
        ..RATE
    },
    Row {
        name: "command-1",
        title: "command, PostgreSQL, 1 caller",
        ours: "command postgres --callers 1 {time}",
        against: &[peers(
            "postgres-es",
            "command --peer postgres-es --callers 1 {time}",
            1.2,
        )],
        ..RATE
    },
    Row {
        name: "command-8",
        title: "command, PostgreSQL, 8 callers",
        ours: "command postgres --callers 8 {time}",
        against: &[peers(
            "postgres-es",
            "command --peer postgres-es --callers 8 {time}",
            2.0,
        )],
        ..RATE
    },
    Row {
        name: "command-32",
        title: "command, PostgreSQL, 32 callers",
        ours: "command postgres --callers 32 {time}",
        against: &[peers(
            "postgres-es",
            "command --peer postgres-es --callers 32 {time}",
            4.5,
        )],
        ..RATE
    },
    Row {
        name: "command-256",
        title: "command, PostgreSQL, 256 callers",
        ours: "command postgres --callers 256 {time}",
        against: &[peers(
            "postgres-es",
            "command --peer postgres-es --callers 256 {time}",
            7.0,
        )],
        ..RATE
    },
    Row {
        name: "cold-command-32",
        title: "the same on a node that has cached nothing, 32 callers",
        ours: "command postgres --cold --callers 32 {time}",
        against: &[Against {
            name: "postgres-es",
            peer: Peer::Peers("command --peer postgres-es --callers 32 {time}"),
            at_least: None,
        }],
        ..RATE
    },
    Row {
        name: "sqlite-append-1",
        title: "append, SQLite, 1 caller",
        ours: "append sqlite --callers 1 {time}",
        against: &[peers("sqlite-es", "append --peer sqlite-es --callers 1 {time}", 1.7)],
        ..RATE
    },
    Row {
        name: "sqlite-append-8",
        title: "append, SQLite, 8 callers",
        ours: "append sqlite --callers 8 {time}",
        against: &[peers("sqlite-es", "append --peer sqlite-es --callers 8 {time}", 5.0)],
        ..RATE
    },
    Row {
        name: "sqlite-append-32",
        title: "append, SQLite, 32 callers",
        ours: "append sqlite --callers 32 {time}",
        against: &[peers("sqlite-es", "append --peer sqlite-es --callers 32 {time}", 9.0)],
        ..RATE
    },
    Row {
        name: "everything",
        title: "append with everything on, PostgreSQL, 32 callers",
        ours: "everything postgres --callers 32 {time}",
        against: &[ourselves("bare append", "append postgres --callers 32 {time}", 0.6)],
        ..RATE
    },
    Row {
        name: "sqlite-everything",
        title: "append with everything on, SQLite, 32 callers",
        ours: "everything sqlite --callers 32 {time}",
        against: &[ourselves("bare append", "append sqlite --callers 32 {time}", 0.6)],
        ..RATE
    },
    Row {
        name: "replay",
        title: "replay into a trivial fold, PostgreSQL",
        ours: "replay postgres --events {events}",
        against: &[
            peers("COPY out", "limit --limit copy-out-json --events {events}", 0.55),
            peers("postgres-es", "replay --peer postgres-es --events {events}", 2.6),
            peers("disintegrate", "replay --peer disintegrate --events {events}", 1.15),
        ],
        ..RATE
    },
    Row {
        name: "rebuild",
        title: "rebuild of a view, one row per event, PostgreSQL",
        ours: "rebuild postgres --events {events}",
        against: &[
            peers("COPY out", "limit --limit copy-out-json --events {events}", 0.45),
            peers("postgres-es replay", "replay --peer postgres-es --events {events}", 2.2),
        ],
        ..RATE
    },
    Row {
        name: "long-rebuild",
        title: "the same of {many} events",
        ours: "rebuild postgres --events {many}",
        against: &[ourselves("a shorter one", "rebuild postgres --events {events}", 0.9)],
        once: true,
        ..RATE
    },
    Row {
        name: "rebuild-memory",
        title: "memory that it takes at most",
        ours: "rebuild-memory --events {many}",
        unit: Unit::Megabytes,
        at_most: Some(200.0),
        once: true,
        ..RATE
    },
    Row {
        name: "visible",
        title: "from commit to visible in a view, at half of the peak of appends",
        ours: "visible postgres {time}",
        p99: Some(50.0),
        ..RATE
    },
    Row {
        name: "sqlite-replay",
        title: "replay into a trivial fold, SQLite",
        ours: "replay sqlite --events {events}",
        against: &[
            peers("decoded scan", "limit --limit sqlite-scan --events {events}", 0.8),
            peers("sqlite-es", "replay --peer sqlite-es --events {events}", 8.0),
        ],
        ..RATE
    },
    Row {
        name: "http-issue-link",
        title: "HTTP: issue a link, 64 connections",
        ours: "http issue-link --callers 64 --seconds 2 --warm-up 4",
        against: &[elsewhere("Nango 0.71, create a session", 39.0, 100.0)],
        ..RATE
    },
    Row {
        name: "http-flow",
        title: "HTTP: whole connect flow, 8 at a time",
        ours: "http flow --callers 8 --seconds 3 --warm-up 1",
        against: &[elsewhere("Nango 0.71, the same", 14.0, 20.0)],
        ..RATE
    },
    Row {
        name: "http-open-link",
        title: "HTTP: open a link, 64 connections",
        ours: "http open-link --callers 64 --seconds 2 --warm-up 3",
        against: &[ourselves(
            "hello, world in axum",
            "http hello --callers 64 {time}",
            0.25,
        )],
        p99: Some(20.0),
        ..RATE
    },
    Row {
        name: "crowd-2",
        title: "HTTP: pages served to twice as many callers as there are places",
        ours: "http crowd --callers 128 {crowd}",
        ..CROWD
    },
    Row {
        name: "crowd-10",
        title: "the same, ten times as many",
        ours: "http crowd --callers 640 {crowd}",
        ..CROWD
    },
    Row {
        name: "crowd-60",
        title: "the same, as many as a node has connections",
        ours: "http crowd --callers 4000 {crowd}",
        ..CROWD
    },
    Row {
        name: "memory-idle",
        title: "resident memory of the server, idle",
        ours: "memory",
        unit: Unit::Megabytes,
        at_most: Some(40.0),
        ..RATE
    },
    Row {
        name: "memory-full",
        title: "the same after {events} events and {links} links",
        ours: "memory --events {events} --links {links}",
        unit: Unit::Megabytes,
        at_most: Some(150.0),
        once: true,
        ..RATE
    },
    Row {
        name: "start",
        title: "start to first answer, existing database",
        ours: "start",
        unit: Unit::Milliseconds,
        at_most: Some(150.0),
        ..RATE
    },
    Row {
        name: "binary",
        title: "release binary",
        ours: "binary",
        unit: Unit::Megabytes,
        at_most: Some(40.0),
        once: true,
        ..RATE
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let mut names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ROWS.len());
    }
}
