//! What a command answers: its rendered body, and how far a reader must be to see what it did.

use application::{CommandError, Context, Decision, Done, Idempotency, UseCase, work::Work};
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use domain::log::Position;
use serde::Serialize;

use crate::{operations, problem::Problem, state::Server};

/// How far the views must be to show what the command did.
pub(super) const POSITION: HeaderName = HeaderName::from_static("grantlink-position");

/// Runs a command. Its answer is rendered inside the unit of work, so that exactly these bytes are kept under the caller's key.
pub(super) async fn answer<U, T>(
    server: &Server,
    context: &Context,
    idempotency: Option<Idempotency>,
    command: U,
    status: StatusCode,
    body: impl Fn(U::Answer) -> T + Send + Sync + 'static,
) -> Result<Response, CommandError>
where
    U: UseCase,
    T: Serialize,
{
    let command = Rendered {
        command,
        render: move |answer| serde_json::to_vec(&body(answer)).unwrap_or_default(), // our answers always become JSON
    };
    let done = server.app.run_once(context, idempotency, command, Vec::clone).await?;
    Ok(with_position(server, context, status, done))
}

/// The answer of a command that is done, from what was read after it.
pub(super) fn respond(
    server: &Server,
    context: &Context,
    status: StatusCode,
    position: Position,
    body: &impl Serialize,
) -> Response {
    let answer = serde_json::to_vec(body).unwrap_or_default(); // our answers always become JSON
    with_position(server, context, status, Done { answer, position })
}

/// An answer that was rendered already, and how far a reader must be.
pub(super) fn with_position(server: &Server, context: &Context, status: StatusCode, done: Done<Vec<u8>>) -> Response {
    operations::follow(&server.checkpoints, done.position);
    let token = server.app.cipher.seal_number(context.tenant, done.position.0);
    let Ok(token) = HeaderValue::try_from(token) else {
        return Problem::internal("a position token that is no header").into_response();
    };
    let json = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, json), (POSITION, token)], done.answer).into_response()
}

/// A command that answers what its caller will read.
struct Rendered<U, R> {
    command: U,
    render: R,
}

impl<U, R> UseCase for Rendered<U, R>
where
    U: UseCase,
    R: Fn(U::Answer) -> Vec<u8> + Send + Sync + 'static,
{
    type Answer = Vec<u8>;

    fn name(&self) -> &'static str {
        self.command.name()
    }

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<Vec<u8>>, CommandError> {
        Ok(match self.command.decide(work).await? {
            Decision::Done(answer) => Decision::Done((self.render)(answer)),
            Decision::Refused(error) => Decision::Refused(error),
        })
    }
}
