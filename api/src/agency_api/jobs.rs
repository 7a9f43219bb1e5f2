//! What happens by itself for a tenant: how far each job is, and what came of it.

use std::collections::BTreeMap;

use application::{
    CommandError,
    jobs::RetryJob,
    ports::jobs::{Job as Kept, JobFilter, JobState},
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use domain::{
    Timestamp,
    ids::{EventId, JobId},
};
use projections::read::Cursor;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::answer,
    asked::{Asked, Id, NoFilters},
    authenticated::{Authenticated, JobsRead, JobsRetry},
    document::{self, ReadRefusals, WriteRefusals},
    pages::{self, List},
    reading::{MinPosition, Reading},
    sent::{IdempotencyKey, Nothing, Sent},
};
use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// Something that the server does by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    /// The job.
    #[schema(value_type = Uuid)]
    id: JobId,
    /// What is to be done.
    #[schema(example = "sync")]
    kind: String,
    /// Where it stands: `queued`, `running`, `done` or `dead`: given up until somebody retries it.
    #[schema(value_type = String, example = "done")]
    status: &'static str,
    /// The event that it follows from.
    #[schema(value_type = Option<Uuid>)]
    event_id: Option<EventId>,
    /// Ids of what it is about, by what they are.
    #[schema(example = json!({"integration": "0190d5a2-7e0c-5c3e-9f3a-2f5d7c1b8a10"}))]
    about: BTreeMap<String, String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was or will be begun at the earliest.
    #[schema(value_type = String, format = DateTime)]
    run_at: Timestamp,
    /// How often it was begun.
    attempts: u32,
    /// How far it is.
    progress: Option<String>,
    /// Why it is not done yet, or was given up.
    reason: Option<String>,
    /// What came of it.
    result: Option<String>,
    /// When it was done or given up.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

impl From<Kept> for Job {
    fn from(job: Kept) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            status: job.state.into(),
            event_id: job.cause,
            about: job.payload,
            created_at: job.created_at,
            run_at: job.run_at,
            attempts: job.attempt,
            progress: job.progress,
            reason: job.reason,
            result: job.result,
            ended_at: job.ended_at,
        }
    }
}

/// Which jobs are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct JobsWanted {
    /// Standing so.
    #[param(schema_with = document::job_states, required = false)]
    status: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Jobs {
    /// The jobs.
    data: Vec<Job>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
}

/// Lists jobs
///
/// Newest first. With a position, the answer waits until what happened up to there has its jobs.
#[utoipa::path(
    get, path = "/jobs", tag = "Jobs", operation_id = "list_jobs",
    security(("api_key" = ["jobs:read"])), params(JobsWanted, MinPosition),
    responses((status = 200, description = "The jobs", body = Jobs), ReadRefusals),
)]
pub(super) async fn list(
    State(server): State<Server>,
    reading: Reading<JobsRead>,
    listed: List,
    Asked(wanted): Asked<JobsWanted>,
) -> Result<Json<Jobs>, Problem> {
    let tenant = reading.tenant();
    reading.heeded(&server).await?;
    let page = pages::asked(&server, listed.reader(tenant), wanted.limit, wanted.cursor.as_deref())?;
    let more = page.with_one_more();
    let filter = JobFilter {
        tenant: Some(tenant),
        state: wanted.status.as_deref().map(state).transpose()?,
        before: more.after.map(|cursor| (cursor.at, JobId(cursor.id))),
    };
    let jobs = server.app.jobs.list(&filter, more.limit).await?;
    let place = |job: &Kept| Cursor {
        at: job.created_at,
        id: job.id.0,
    };
    let (jobs, next_cursor) = page.cut(&server, jobs, place);
    let data = jobs.into_iter().map(Job::from).collect();
    Ok(Json(Jobs { data, next_cursor }))
}

fn state(text: &str) -> Result<JobState, Problem> {
    let state = text.parse();
    state.map_err(|_| Problem::new(Kind::InvalidQuery).detail("status is queued, running, done or dead"))
}

/// Reads a job
///
/// How far it is, and what came of it.
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "Jobs", operation_id = "read_job",
    security(("api_key" = ["jobs:read"])), params(("id" = Uuid, Path, description = "The job"), MinPosition),
    responses((status = 200, description = "The job", body = Job), ReadRefusals),
)]
pub(super) async fn read(
    State(server): State<Server>,
    reading: Reading<JobsRead>,
    Id(id): Id<JobId>,
    _: Asked<NoFilters>,
) -> Result<Json<Job>, Problem> {
    reading.heeded(&server).await?;
    let job = server.app.jobs.get(id).await?;
    let own = job.filter(|job| job.tenant == Some(reading.tenant()));
    Ok(Json(own.ok_or(CommandError::JobNotFound)?.into()))
}

/// Retries a job
///
/// One that was given up is begun again at once, its attempts counted from the beginning. Any other stays as it is: retrying
/// twice is no error.
#[utoipa::path(
    post, path = "/jobs/{id}/retry", tag = "Jobs", operation_id = "retry_job",
    security(("api_key" = ["jobs:retry"])), params(("id" = Uuid, Path, description = "The job"), IdempotencyKey),
    responses((status = 200, description = "The job as it stands now", body = Job,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(super) async fn retry(
    State(server): State<Server>,
    caller: Authenticated<JobsRetry>,
    Id(id): Id<JobId>,
    sent: Sent<Nothing>,
) -> Result<Response, Problem> {
    let answer = answer(
        &server,
        &caller.context,
        sent.idempotency,
        RetryJob(id),
        StatusCode::OK,
        Job::from,
    );
    Ok(answer.await?)
}
