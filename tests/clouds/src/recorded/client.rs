//! A client of the emulated clouds: TLS with the real names, credentials of every kind.

use super::Failure;
use super::exchange::Exchange;
use crate::serve::Running;
use crate::surface::Surface;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

pub struct Client {
    addresses: Value,
    tls: TlsConnector,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    pub fn new(running: &Running) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(running.ca_pem.as_bytes())?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { addresses: running.addresses.clone(), tls: TlsConnector::from(Arc::new(config)) })
    }

    fn text(&self, pointer: &str) -> Result<&str, Failure> {
        let value = self.addresses.pointer(pointer).and_then(Value::as_str);
        value.ok_or_else(|| format!("clouds.json has no {pointer}").into())
    }

    /// Orders the items of the next answer.
    pub async fn steer(&self, steer: &Value) -> Result<(), Failure> {
        let address = self.text("/admin")?;
        let request = Request::post("/answers").header(HOST, address).body(Full::from(steer.to_string()))?;
        let answer = exchange(TcpStream::connect(address).await?, request).await?;
        if answer.status == 200 { Ok(()) } else { Err(String::from_utf8_lossy(&answer.body).into()) }
    }

    /// Sends a recorded request to the emulated cloud, with a credential added.
    pub async fn send(&self, recorded: &Exchange) -> Result<Answer, Failure> {
        let body = recorded.request.to_string();
        let mut request = Request::post(&recorded.target)
            .header(HOST, &recorded.host)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body.clone()))?;
        match recorded.surface {
            Surface::Azure => {
                request.headers_mut().insert("api-key", self.text("/credentials/azure_api_key")?.parse()?);
            }
            _ => self.sign(recorded, &body, request.headers_mut())?,
        }
        let address = self.text(&format!("/{}", recorded.surface.name()))?;
        let name = ServerName::try_from(recorded.host.clone())?;
        let stream = self.tls.connect(name, TcpStream::connect(address).await?).await?;
        exchange(stream, request).await
    }

    fn sign(&self, recorded: &Exchange, body: &str, headers: &mut HeaderMap) -> Result<(), Failure> {
        let (id, secret) =
            (self.text("/credentials/aws_access_key_id")?, self.text("/credentials/aws_secret_access_key")?);
        let identity = Credentials::new(id, secret, None, None, "recorded").into();
        let region = recorded.host.split('.').nth(1).unwrap_or_default();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("bedrock-mantle")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?;
        let uri = format!("https://{}{}", recorded.host, recorded.target);
        let content_type = [("content-type", "application/json")];
        let signable =
            SignableRequest::new("POST", uri, content_type.into_iter(), SignableBody::Bytes(body.as_bytes()))?;
        let (instructions, _) = sign(signable, &params.into())?.into_parts();
        for (name, value) in instructions.headers() {
            let name = if name == "authorization" { AUTHORIZATION } else { name.parse()? };
            headers.insert(name, value.parse()?);
        }
        Ok(())
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    connection.abort();
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}
