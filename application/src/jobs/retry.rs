//! A job that was given up is begun again.

use domain::ids::JobId;

use crate::{
    error::CommandError,
    ports::jobs::Job,
    run::{Decision, UseCase},
    work::Work,
};

/// Begins a job again, if it was given up; any other stays as it is. Another tenant's looks like one that never was.
pub struct RetryJob(pub JobId);

impl UseCase for RetryJob {
    type Answer = Job;

    /// Jobs are no events: nothing of this is in the commit. It may be decided twice all the same, because the second time
    /// changes nothing.
    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<Job>, CommandError> {
        let (jobs, context) = (&work.app().jobs, work.context());
        let own = |job: &Job| job.tenant == Some(context.tenant);
        let job = jobs.get(self.0).await?.filter(own);
        job.ok_or(CommandError::JobNotFound)?;
        jobs.retry(self.0, context.now).await?;
        let job = jobs.get(self.0).await?;
        Ok(Decision::Done(job.ok_or(CommandError::JobNotFound)?))
    }
}
