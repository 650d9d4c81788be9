//! The certificate authority of this run, and a certificate for each name a client asks for by SNI: only for
//! names the surface really has; any other name gets a TLS alert.

use crate::clouds::locked;
use crate::surface::Surface;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use time::{Duration, OffsetDateTime};

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    /// One key serves every leaf certificate.
    leaf_key: KeyPair,
}

impl Authority {
    pub fn generate() -> Result<Self, Failure> {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name("Emulated clouds CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        dated(&mut params);
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { pem, issuer: Issuer::new(params, key), leaf_key: KeyPair::generate()? })
    }

    /// The authority's certificate, for a client to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    fn certify(&self, name: &str) -> Result<CertifiedKey, Failure> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name = common_name(name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        dated(&mut params);
        let certificate = params.signed_by(&self.leaf_key, &self.issuer)?;
        let key = PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()).into();
        Ok(CertifiedKey::new(vec![certificate.der().clone()], ring::sign::any_supported_type(&key)?))
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn dated(params: &mut CertificateParams) {
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(30);
}

/// The TLS settings of a surface's port: HTTP/2 and HTTP/1.1, TLS 1.2 and 1.3.
pub fn config(surface: Surface, authority: &Arc<Authority>) -> Result<ServerConfig, Failure> {
    let versions: &[&'static SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
    let resolver = PerName { surface, authority: Arc::clone(authority), made: Mutex::default() };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

struct PerName {
    surface: Surface,
    authority: Arc<Authority>,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl fmt::Debug for PerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerName").field("surface", &self.surface).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for PerName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        if !self.surface.has_name(&name) {
            return None;
        }
        let mut made = locked(&self.made);
        if let Some(key) = made.get(&name) {
            return Some(Arc::clone(key));
        }
        let key = Arc::new(self.authority.certify(&name).ok()?);
        made.insert(name, Arc::clone(&key));
        Some(key)
    }
}
