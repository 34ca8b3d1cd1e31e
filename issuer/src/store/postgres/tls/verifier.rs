//! Verification of the database's certificate: an authority signed it for the host, or it is the certificate in
//! `sslrootcert`.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// Verifies certificates by authorities and by a list of pinned server certificates.
///
/// The certificate of PostgreSQL's manual ("Creating Certificates") is its own authority and names its host only in CN.
/// webpki rejects both. An operator who sets such a file as `sslrootcert` pins that certificate: a server that proves
/// to hold its private key is the right one, whatever its name.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    by_authority: Arc<WebPkiServerVerifier>,
    pinned: Vec<CertificateDer<'static>>,
}

impl ServerVerifier {
    pub(super) fn new(by_authority: Arc<WebPkiServerVerifier>, pinned: Vec<CertificateDer<'static>>) -> Self {
        Self { by_authority, pinned }
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let by_authority = &self.by_authority;
        match by_authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(fault)) if is_of_form(&fault) && self.pinned.contains(end_entity) => {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_authority.supported_verify_schemes()
    }
}

/// Whether a fault is irrelevant for a pinned certificate. Expiry is relevant, and webpki checks it first.
fn is_of_form(fault: &CertificateError) -> bool {
    use CertificateError::{BadSignature, NotValidForName, NotValidForNameContext, UnknownIssuer};
    // This is the authority's signature. `verify_tls13_signature` checks the server's.
    let is_issuers = matches!(fault, UnknownIssuer | BadSignature);
    is_issuers || is_webpkis(fault, IS_AUTHORITY) || matches!(fault, NotValidForName | NotValidForNameContext { .. })
}

/// webpki's names for a server certificate that is an authority's by its basic constraints (RFC 5280 §4.2.1.9), and for
/// a version without extensions.
const IS_AUTHORITY: &str = "CaUsedAsEndEntity";
const IS_OLD: &str = "UnsupportedCertVersion";

/// Whether a fault is one that only webpki defines.
fn is_webpkis(fault: &CertificateError, name: &str) -> bool {
    matches!(fault, CertificateError::Other(other) if other.0.to_string() == name)
}

/// Advice to the operator about a rejected certificate.
pub(super) fn advice(fault: &CertificateError) -> &'static str {
    match fault {
        fault if is_webpkis(fault, IS_AUTHORITY) => {
            "the certificate is an authority's, the default of `openssl req -x509`: set this certificate as \
             sslrootcert=FILE, or create it with `openssl req -x509 … -addext basicConstraints=critical,CA:FALSE -addext \
             subjectAltName=DNS:HOST`"
        }
        fault if is_webpkis(fault, IS_OLD) => {
            "the certificate has version 1, which has no host names: create it with `openssl x509 -req … -extfile FILE`, \
             where FILE has subjectAltName=DNS:HOST"
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "the certificate has its host's name only in CN, without subjectAltName: set this certificate as \
             sslrootcert=FILE, or create it with `openssl … -addext subjectAltName=DNS:HOST`"
        }
        CertificateError::NotValidForNameContext { .. } | CertificateError::NotValidForName => {
            "the host in the address must be one of the names in the certificate"
        }
        _ => "the certificate must be issued by an authority of this machine, or of sslrootcert=FILE",
    }
}
