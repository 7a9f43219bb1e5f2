//! The agency's mail: its server, its habits, and how it fares.

mod body;

use body::{AccountToSet, Habits, Mail, Tested};
pub(super) use body::{Emailed, IfEmailed};

use application::{
    UseCase,
    mail::{ChangeMailHabits, RemoveMailAccount, SetMailAccount},
};
use axum::{Json, extract::State, http::StatusCode, response::Response};

use super::{
    answer::respond,
    asked::{Asked, NoFilters},
    authenticated::{Authenticated, MailManage},
    document::{ReadRefusals, WriteRefusals},
    reading::{MinPosition, Reading},
    sent::{Nothing, Sent},
};
use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// Reads the mail settings
///
/// Whose server is used, how it fares, and which mails are sent by themselves. No password is ever shown.
#[utoipa::path(
    get, path = "/mail", tag = "Mail", operation_id = "read_mail", security(("api_key" = ["mail:manage"])),
    params(MinPosition),
    responses((status = 200, description = "The settings", body = Mail), ReadRefusals),
)]
pub(super) async fn read(
    State(server): State<Server>,
    reading: Reading<MailManage>,
    _: Asked<NoFilters>,
) -> Result<Json<Mail>, Problem> {
    current(&server, &reading.caller).await.map(Json)
}

/// Sets the agency's own mail server
///
/// In place of the one before, password included. It must be out in the world, on a port for mail (25, 465, 587 or 2525).
#[utoipa::path(
    put, path = "/mail", tag = "Mail", operation_id = "set_mail_server", security(("api_key" = ["mail:manage"])),
    request_body = AccountToSet,
    responses((status = 200, description = "The settings from now on", body = Mail,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(super) async fn set(
    State(server): State<Server>,
    caller: Authenticated<MailManage>,
    sent: Sent<AccountToSet>,
) -> Result<Response, Problem> {
    let account = sent.body.checked(server.app.mail.mailer.as_ref())?;
    // No receipt: it would keep a hash of the body, and a password could be guessed from that.
    changed(&server, &caller, SetMailAccount { account }).await
}

/// Removes the agency's own mail server
///
/// Mail leaves over the installation's then, where it has one. Removing it twice is no error.
#[utoipa::path(
    delete, path = "/mail", tag = "Mail", operation_id = "remove_mail_server",
    security(("api_key" = ["mail:manage"])),
    responses((status = 200, description = "The settings from now on", body = Mail,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(super) async fn remove(
    State(server): State<Server>,
    caller: Authenticated<MailManage>,
    _: Sent<Nothing>,
) -> Result<Response, Problem> {
    changed(&server, &caller, RemoveMailAccount).await
}

/// Sets which mails are sent by themselves
#[utoipa::path(
    put, path = "/mail/habits", tag = "Mail", operation_id = "set_mail_habits",
    security(("api_key" = ["mail:manage"])), request_body = Habits,
    responses((status = 200, description = "The settings from now on", body = Mail,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(super) async fn set_habits(
    State(server): State<Server>,
    caller: Authenticated<MailManage>,
    sent: Sent<Habits>,
) -> Result<Response, Problem> {
    let habits = (&sent.body).into();
    changed(&server, &caller, ChangeMailHabits { habits }).await
}

/// Sends a test mail
///
/// At once, to the member in whose name the key acts, ten times an hour at most. The answer is what the mail server said.
#[utoipa::path(
    post, path = "/mail/test", tag = "Mail", operation_id = "test_mail", security(("api_key" = ["mail:manage"])),
    responses((status = 200, description = "What came of it", body = Tested),
              (status = 429, description = "Tested often enough; try again after `Retry-After` seconds.",
               content((Problem = "application/problem+json"))), WriteRefusals),
)]
pub(super) async fn test(
    State(server): State<Server>,
    caller: Authenticated<MailManage>,
    _: Sent<Nothing>,
) -> Result<Json<Tested>, Problem> {
    if let Err(seconds) = server.limits.test_mail(caller.context.agency) {
        let problem = Problem::new(Kind::MailTestedOften).detail("ten test mails an hour are enough");
        return Err(problem.retry_after(seconds));
    }
    let sent = server.app.test_mail(&caller.context, caller.member).await?;
    Ok(Json(sent.into()))
}

/// Answers a change with the settings from now on.
async fn changed(
    server: &Server,
    caller: &Authenticated<MailManage>,
    command: impl UseCase<Answer = ()>,
) -> Result<Response, Problem> {
    let done = server.app.run(&caller.context, command).await?;
    let mail = current(server, caller).await?;
    Ok(respond(server, &caller.context, StatusCode::OK, done.position, &mail))
}

async fn current(server: &Server, caller: &Authenticated<MailManage>) -> Result<Mail, Problem> {
    let settings = server.app.mail_settings(&caller.context).await?;
    Ok(Mail::of(settings, server.app.clock.now()))
}
