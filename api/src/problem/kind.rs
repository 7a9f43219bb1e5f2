//! The kinds of problems: the codes that clients branch on.

use axum::http::StatusCode;

/// Lists the kinds with status, code and title; a kind that lacks one of them does not compile.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)+) => {
        /// What went wrong. The code is final: clients branch on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// The status of the answer.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// The stable `type`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => concat!("/problems/", $code),)+ }
            }

            /// What it is called, the same for every occurrence.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

kinds! {
    /// The body is no JSON.
    MalformedBody = BAD_REQUEST, "malformed-body", "The body is not JSON";
    /// The body is JSON, but not what the route takes.
    InvalidBody = UNPROCESSABLE_ENTITY, "invalid-body", "The body is not valid";
    /// The body did not arrive in time.
    RequestTimeout = REQUEST_TIMEOUT, "request-timeout", "The request took too long";
    /// The body is larger than any that the route takes.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large";
    /// The body's type is not JSON.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body must be application/json";
    /// An id in the path has no id's form.
    InvalidPath = BAD_REQUEST, "invalid-path", "The path is not valid";
    /// A query parameter is unknown or has no valid value.
    InvalidQuery = BAD_REQUEST, "invalid-query", "The query is not valid";
    /// A header has no valid value.
    InvalidHeader = BAD_REQUEST, "invalid-header", "A header is not valid";
    /// The cursor was altered, or is another tenant's.
    InvalidCursor = BAD_REQUEST, "invalid-cursor", "The cursor is not valid";
    /// The position token was altered, is another tenant's, or is beyond the log.
    InvalidPosition = BAD_REQUEST, "invalid-position", "The position token is not valid";
    /// The moment of the past has no valid form, is another tenant's, or is still to come.
    InvalidAsOf = BAD_REQUEST, "invalid-as-of", "The moment is not valid";
    /// A list of the past would cost too much.
    TooMuchHistory = BAD_REQUEST, "too-much-history", "That is too much history for one answer";
    /// No key, or one that opens nothing.
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "An API key is needed";
    /// The key may not do that.
    MissingScope = FORBIDDEN, "missing-scope", "The API key lacks a scope";
    /// The member may not do that.
    Forbidden = FORBIDDEN, "forbidden", "This member may not do that";
    /// There is nothing at the path.
    RouteNotFound = NOT_FOUND, "route-not-found", "There is nothing here";
    /// The path does not take that method.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "This path does not take that method";
    /// There is no such agency.
    AgencyNotFound = NOT_FOUND, "agency-not-found", "There is no such agency";
    /// There is no such member.
    MemberNotFound = NOT_FOUND, "member-not-found", "There is no such member";
    /// There is no such API key.
    KeyNotFound = NOT_FOUND, "api-key-not-found", "There is no such API key";
    /// There is no such customer.
    CustomerNotFound = NOT_FOUND, "customer-not-found", "There is no such customer";
    /// There is no such location.
    LocationNotFound = NOT_FOUND, "location-not-found", "There is no such location";
    /// There is no such link.
    LinkNotFound = NOT_FOUND, "link-not-found", "There is no such link";
    /// There is no such integration.
    IntegrationNotFound = NOT_FOUND, "integration-not-found", "There is no such integration";
    /// Nothing is connected there.
    NotConnected = CONFLICT, "not-connected", "Nothing is connected there";
    /// The credentials are worth nothing any more.
    NeedsReconnect = CONFLICT, "needs-reconnect", "The connection needs a new sign-in";
    /// The provider does not say what the credentials that were sent are good for.
    ScopesUnknown = UNPROCESSABLE_ENTITY, "scopes-unknown", "It is not known what these credentials are good for";
    /// The provider will not have the credentials that were sent.
    CredentialsRefused = UNPROCESSABLE_ENTITY, "credentials-refused", "The provider does not take these credentials";
    /// The credentials have ended, and the provider cannot be reached.
    CredentialsAway = SERVICE_UNAVAILABLE, "credentials-away", "The credentials cannot be renewed just now";
    /// There is no such job.
    JobNotFound = NOT_FOUND, "job-not-found", "There is no such job";
    /// It was made before.
    AlreadyExists = CONFLICT, "already-exists", "It exists already";
    /// The customer was erased.
    CustomerErased = CONFLICT, "customer-erased", "The customer was erased";
    /// Nobody would own the agency.
    LastOwner = CONFLICT, "last-owner", "An agency needs an owner";
    /// The link is over.
    LinkEnded = CONFLICT, "link-ended", "The link is no longer active";
    /// The life that was asked for is too short or too long.
    LinkLifeOutOfBounds = UNPROCESSABLE_ENTITY, "link-life-out-of-bounds", "A link cannot live that long or that short";
    /// The connection waits for another link.
    LinkSuperseded = CONFLICT, "link-superseded", "Another link took its place";
    /// The installation has no such provider.
    ProviderUnknown = UNPROCESSABLE_ENTITY, "provider-unknown", "This provider is not configured";
    /// The agency has no host.
    NoHost = CONFLICT, "no-host", "The agency has no host for its links";
    /// The host is another agency's.
    HostTaken = CONFLICT, "host-taken", "The host belongs to another agency";
    /// The plan allows no more sources.
    AllowanceReached = CONFLICT, "allowance-reached", "The plan allows no more sources";
    /// The sign-in is over, or was never finished.
    SignInOver = CONFLICT, "sign-in-over", "This sign-in cannot go on";
    /// The account is not the connected one.
    AnotherAccount = CONFLICT, "another-account", "The connection belongs to another account";
    /// The listing cannot be connected.
    ListingNotPickable = CONFLICT, "listing-not-pickable", "This listing cannot be connected";
    /// The listing is connected elsewhere.
    ListingInUse = CONFLICT, "listing-in-use", "This listing is connected already";
    /// The connection was checked often enough.
    CheckedOften = TOO_MANY_REQUESTS, "checked-often", "This connection was checked often enough";
    /// The idempotency key was used for another request.
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The idempotency key was used before";
    /// A call with the idempotency key is under way.
    IdempotencyKeyInFlight = CONFLICT, "idempotency-key-in-flight", "A call with this idempotency key is under way";
    /// A member connects directly with the link.
    LinkIsDirect = CONFLICT, "link-is-direct", "This link is not for the customer";
    /// The provider does not accept the app.
    AppRefused = UNPROCESSABLE_ENTITY, "app-refused", "The provider does not accept this app";
    /// The link was mailed often enough.
    MailedOften = TOO_MANY_REQUESTS, "mailed-often", "This link was mailed often enough";
    /// The mail server was tried often enough.
    MailTestedOften = TOO_MANY_REQUESTS, "mail-tested-often", "Mail was tested often enough";
    /// Nobody set up a mail server.
    MailNotSetUp = CONFLICT, "mail-not-set-up", "No mail server is set up";
    /// The member has no e-mail address.
    NoMailAddress = CONFLICT, "no-mail-address", "There is no e-mail address to send it to";
    /// As many streams of the feed are open as may be.
    TooManyStreams = TOO_MANY_REQUESTS, "too-many-streams", "Too many streams are open";
    /// The provider refuses.
    ProviderRefused = BAD_GATEWAY, "provider-refused", "The provider refused";
    /// The provider is away.
    ProviderUnavailable = SERVICE_UNAVAILABLE, "provider-unavailable", "The provider is unavailable";
    /// The views do not show that position yet.
    NotYetVisible = SERVICE_UNAVAILABLE, "not-yet-visible", "The data is not that far yet";
    /// A row of a view is damaged, until the view is rebuilt.
    ViewRowUnreadable = SERVICE_UNAVAILABLE, "view-row-unreadable", "This cannot be read until it is mended";
    /// Too many change the same.
    Contended = SERVICE_UNAVAILABLE, "contended", "Too many changes at once";
    /// More calls are under way than this node can serve.
    Overloaded = SERVICE_UNAVAILABLE, "overloaded", "Too many calls are under way";
    /// The store is away.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "The service is unavailable";
    /// Something broke here.
    Internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong here";
}
