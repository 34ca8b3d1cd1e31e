//! Whose certificate is taken for the database's: one that an authority signed for the host, or the very one in `sslrootcert`.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// Verifies certificates by authorities, and by a list of certificates that are servers' own.
///
/// The certificate that the manual of PostgreSQL makes ("Creating Certificates") is its own authority, and names its host
/// in CN alone; webpki takes neither. The operator who gives such a file as `sslrootcert` has named exactly one certificate:
/// a server that proves to hold its private key is that server, whatever name it has.
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

/// Whether a fault says nothing against a certificate that is known byte for byte. That it has expired does: webpki looks at
/// that first.
fn is_of_form(fault: &CertificateError) -> bool {
    use CertificateError::{BadSignature, NotValidForName, NotValidForNameContext, UnknownIssuer};
    // The signature is the authority's: the server's own is checked by `verify_tls13_signature`.
    let is_issuers = matches!(fault, UnknownIssuer | BadSignature);
    is_issuers || is_webpkis(fault, IS_AUTHORITY) || matches!(fault, NotValidForName | NotValidForNameContext { .. })
}

/// Webpki's words for a server's certificate that is an authority's by its basic constraints (RFC 5280 §4.2.1.9), and for one
/// of a version that has no extensions.
const IS_AUTHORITY: &str = "CaUsedAsEndEntity";
const IS_OLD: &str = "UnsupportedCertVersion";

/// Whether a fault is one that only webpki knows.
fn is_webpkis(fault: &CertificateError, name: &str) -> bool {
    matches!(fault, CertificateError::Other(other) if other.0.to_string() == name)
}

/// What the operator can do about a certificate that was not taken.
pub(super) fn advice(fault: &CertificateError) -> &'static str {
    match fault {
        fault if is_webpkis(fault, IS_AUTHORITY) => {
            "the certificate is an authority's, as `openssl req -x509` makes it by default: give this very certificate as \
             sslrootcert=FILE, or make it with `openssl req -x509 … -addext basicConstraints=critical,CA:FALSE -addext \
             subjectAltName=DNS:HOST`"
        }
        fault if is_webpkis(fault, IS_OLD) => {
            "the certificate has version 1, in which no names of hosts are: make it with `openssl x509 -req … -extfile FILE`, \
             where FILE says subjectAltName=DNS:HOST"
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "the certificate has its host's name in CN alone, and no subjectAltName: give this very certificate as \
             sslrootcert=FILE, or make it with `openssl … -addext subjectAltName=DNS:HOST`"
        }
        CertificateError::NotValidForNameContext { .. } | CertificateError::NotValidForName => {
            "the host in the address must be one of the names in the certificate"
        }
        _ => "a certificate is verified by the authorities of this machine, or by sslrootcert=FILE",
    }
}
