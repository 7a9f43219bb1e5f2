//! A certificate that only whoever is given it trusts.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The names that the certificate is good for.
const NAMES: [&str; 3] = ["localhost", "mail.localhost", "127.0.0.1"];

/// No certificate could be made.
#[derive(Debug, thiserror::Error)]
#[error("no certificate could be made: {0}")]
pub struct CertificateError(String);

/// A fresh certificate: as PEM for those who shall trust it, and ready to be shown.
pub(super) fn fresh() -> Result<(String, TlsAcceptor), CertificateError> {
    let failed = |error: &dyn std::fmt::Display| CertificateError(error.to_string());
    let made = rcgen::generate_simple_self_signed(NAMES.map(str::to_owned)).map_err(|error| failed(&error))?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .map_err(|error| failed(&error))?;
    Ok((made.cert.pem(), TlsAcceptor::from(Arc::new(config))))
}
