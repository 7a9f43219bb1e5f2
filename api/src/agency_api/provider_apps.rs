//! The agency's own apps at providers.

use application::agencies::{AppInUse, RemoveProviderApp};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use domain::provider::ProviderId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::respond,
    asked::{Asked, Id, NoFilters},
    authenticated::{Authenticated, ProvidersManage},
    document::{AskedRefusals, ProviderRefusals, ReadRefusals, WriteRefusals},
    input::Check,
    reading::{MinPosition, Reading},
    sent::{Nothing, Sent},
};
use crate::{problem::Problem, state::Server};

/// The longest client id and secret.
const LONGEST: usize = 512;

/// An app that the agency registered at the provider itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppToSet {
    /// Its client id there.
    #[schema(
        min_length = 1,
        max_length = 512,
        example = "1234567890-abc.apps.googleusercontent.com"
    )]
    client_id: String,
    /// Its client secret. It is sealed, and no answer shows it.
    #[schema(value_type = String, min_length = 1, max_length = 512)]
    client_secret: SecretString,
}

/// Through which app the agency's sign-ins at a provider go.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct App {
    /// The provider.
    #[schema(value_type = String, example = "google")]
    provider: ProviderId,
    /// Whose app it is: `agency`, or `installation`.
    #[schema(example = "agency")]
    owner: &'static str,
    /// The client id of the agency's own app; `null` where it is the installation's.
    client_id: Option<String>,
    /// Register this address at the provider as redirect URI of an app of your own, to the letter.
    redirect_uri: String,
}

impl App {
    fn of(provider: ProviderId, app: AppInUse) -> Self {
        Self {
            provider,
            owner: if app.own.is_some() { "agency" } else { "installation" },
            client_id: app.own,
            redirect_uri: app.redirect_uri,
        }
    }
}

impl AppToSet {
    fn checked(&self) -> Result<(), Problem> {
        let fields = [
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose_secret()),
        ];
        let mut check = Check::default();
        for (field, text) in fields {
            let is_plain = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_plain {
                check.wrong(field, "must have 1 to 512 visible ASCII characters");
            }
        }
        check.done()
    }
}

/// Reads through which app sign-ins go
///
/// The agency's own, or the installation's. No secret is ever shown.
#[utoipa::path(
    get, path = "/providers/{provider}/app", tag = "Providers", operation_id = "read_provider_app",
    security(("api_key" = ["providers:manage"])),
    params(("provider" = String, Path, description = "The provider"), MinPosition),
    responses((status = 200, description = "The app", body = App), ProviderRefusals, ReadRefusals),
)]
pub(super) async fn read(
    State(server): State<Server>,
    reading: Reading<ProvidersManage>,
    Id(provider): Id<ProviderId>,
    _: Asked<NoFilters>,
) -> Result<Json<App>, Problem> {
    let app = server.app.provider_app(&reading.caller.context, &provider).await?;
    Ok(Json(App::of(provider, app)))
}

/// Sets an app of the agency's own
///
/// The provider is asked whether it knows the app. Sign-ins that begin from now on go through it; connections that were made
/// before keep the app that they were made through.
#[utoipa::path(
    put, path = "/providers/{provider}/app", tag = "Providers", operation_id = "set_provider_app",
    security(("api_key" = ["providers:manage"])), params(("provider" = String, Path, description = "The provider")),
    request_body = AppToSet,
    responses((status = 200, description = "The app from now on", body = App,
               headers(("Grantlink-Position" = String))), AskedRefusals, WriteRefusals),
)]
pub(super) async fn set(
    State(server): State<Server>,
    caller: Authenticated<ProvidersManage>,
    Id(provider): Id<ProviderId>,
    sent: Sent<AppToSet>,
) -> Result<Response, Problem> {
    sent.body.checked()?;
    let AppToSet {
        client_id,
        client_secret,
    } = sent.body;
    let (app, context) = (&server.app, &caller.context);
    // No receipt: it would keep a hash of the body, and a secret could be guessed from that.
    let done = app
        .set_provider_app(context, provider.clone(), client_id, client_secret)
        .await?;
    let body = App::of(provider.clone(), app.provider_app(context, &provider).await?);
    Ok(respond(&server, context, StatusCode::OK, done.position, &body))
}

/// Removes the agency's own app
///
/// Sign-ins that begin from now on go through the installation's. Connections that were made through the agency's own app keep
/// it. Removing it twice is no error.
#[utoipa::path(
    delete, path = "/providers/{provider}/app", tag = "Providers", operation_id = "remove_provider_app",
    security(("api_key" = ["providers:manage"])), params(("provider" = String, Path, description = "The provider")),
    responses((status = 200, description = "The app from now on", body = App,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(super) async fn remove(
    State(server): State<Server>,
    caller: Authenticated<ProvidersManage>,
    Id(provider): Id<ProviderId>,
    _: Sent<Nothing>,
) -> Result<Response, Problem> {
    let (app, context) = (&server.app, &caller.context);
    let command = RemoveProviderApp {
        provider: provider.clone(),
    };
    let done = app.run(context, command).await?;
    let body = App::of(provider.clone(), app.provider_app(context, &provider).await?);
    Ok(respond(&server, context, StatusCode::OK, done.position, &body))
}
