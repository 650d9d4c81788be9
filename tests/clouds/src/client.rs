//! A client of the emulated clouds, for the comparison with recordings and for tests: TLS with the real names,
//! HTTP/1.1 or HTTP/2, credentials of every kind.

use crate::serve::Running;
use crate::surface::Surface;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::HOST;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::error::Error;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

pub type Failure = Box<dyn Error + Send + Sync>;

/// A request to be sent.
#[derive(Clone)]
pub struct Outgoing {
    pub surface: Surface,
    pub method: &'static str,
    pub host: String,
    /// The name that TLS asks for; the host, unless a test wants another.
    pub sni: Option<String>,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub http2: bool,
}

impl Outgoing {
    pub fn post(surface: Surface, host: &str, target: &str, body: &Value) -> Self {
        Self {
            surface,
            method: "POST",
            host: host.to_owned(),
            sni: None,
            target: target.to_owned(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_string(),
            http2: false,
        }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The body broke off.
    pub cut: bool,
}

pub struct Client {
    pub addresses: Value,
    roots: Arc<RootCertStore>,
}

impl Client {
    pub fn new(running: &Running) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(running.ca_pem.as_bytes())?)?;
        Ok(Self { addresses: running.addresses.clone(), roots: Arc::new(roots) })
    }

    /// A text of `clouds.json`, by its pointer.
    pub fn text(&self, pointer: &str) -> Result<&str, Failure> {
        let value = self.addresses.pointer(pointer).and_then(Value::as_str);
        value.ok_or_else(|| format!("clouds.json has no {pointer}").into())
    }

    pub fn credential(&self, name: &str) -> Result<&str, Failure> {
        self.text(&format!("/credentials/{name}"))
    }

    /// Asks the administrator's port; its answer is JSON.
    pub async fn admin(&self, method: &'static str, path: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.send(&Outgoing { method, ..Outgoing::post(Surface::Admin, "admin", path, body) }).await?;
        let value: Value = serde_json::from_slice(&answer.body)?;
        if answer.status == 200 { Ok(value) } else { Err(value.to_string().into()) }
    }

    /// Signs a request with this run's AWS key, for the service of its surface and the region of its host.
    pub fn signed(&self, request: Outgoing) -> Result<Outgoing, Failure> {
        let service = if request.surface == Surface::AwsRuntime { "bedrock" } else { "bedrock-mantle" };
        let region = request.host.split('.').nth(1).unwrap_or_default().to_owned();
        self.signed_for(request, service, &region, SystemTime::now())
    }

    pub fn signed_for(
        &self,
        request: Outgoing,
        service: &str,
        region: &str,
        time: SystemTime,
    ) -> Result<Outgoing, Failure> {
        let (id, secret) = (self.credential("aws_access_key_id")?, self.credential("aws_secret_access_key")?);
        let identity = Credentials::new(id, secret, None, None, "client").into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(time)
            .settings(SigningSettings::default())
            .build()?;
        let uri = format!("https://{}{}", request.host, request.target);
        let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Bytes(request.body.as_bytes());
        let (instructions, _) =
            sign(SignableRequest::new(request.method, uri, headers, body)?, &params.into())?.into_parts();
        let added: Vec<_> = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(added.into_iter().fold(request, |request, (name, value)| request.with(&name, value)))
    }

    /// Sends a request on a connection of its own and takes the whole answer.
    pub async fn send(&self, request: &Outgoing) -> Result<Answer, Failure> {
        collected(self.begin(request).await?).await
    }

    /// Sends a request and returns when the headers of the answer are there.
    pub async fn begin(&self, request: &Outgoing) -> Result<Response<Incoming>, Failure> {
        let tcp = TcpStream::connect(self.text(&format!("/{}", request.surface.name()))?).await?;
        if !request.surface.speaks_tls() {
            return dispatched(tcp, request).await;
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        config.alpn_protocols = vec![if request.http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        let name = ServerName::try_from(request.sni.clone().unwrap_or_else(|| request.host.clone()))?;
        dispatched(TlsConnector::from(Arc::new(config)).connect(name, tcp).await?, request).await
    }
}

async fn dispatched<S>(stream: S, outgoing: &Outgoing) -> Result<Response<Incoming>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let uri =
        if outgoing.http2 { format!("https://{}{}", outgoing.host, outgoing.target) } else { outgoing.target.clone() };
    let mut request = Request::builder().method(outgoing.method).uri(uri);
    if !outgoing.http2 {
        request = request.header(HOST, &outgoing.host);
    }
    for (name, value) in &outgoing.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::<Bytes>::from(outgoing.body.clone()))?;
    let io = TokioIo::new(stream);
    // The connections end with the response or with their sender.
    if outgoing.http2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        return Ok(sender.send_request(request).await?);
    }
    let (mut sender, connection) = http1::handshake(io).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

async fn collected(response: Response<Incoming>) -> Result<Answer, Failure> {
    let (head, mut body) = response.into_parts();
    let (mut bytes, mut cut) = (Vec::new(), false);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
            Err(_) => {
                cut = true;
                break;
            }
        }
    }
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: bytes.into(), cut })
}
