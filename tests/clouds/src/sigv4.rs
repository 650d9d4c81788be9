//! Signature version 4, checked as AWS does: the request as it was received is signed again, by AWS's own
//! library and with the secret on file, and the signatures are compared.

use crate::credentials::digest;
use crate::error::aws::Exception;
use crate::http::Request;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

const STAMP: &[FormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

pub struct Expected<'a> {
    pub access_key_id: &'a str,
    pub secret_access_key: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub now: SystemTime,
}

/// The parts of an `Authorization` header.
#[derive(Debug, PartialEq)]
struct Claim<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

fn missing() -> Exception {
    Exception::new("MissingAuthenticationTokenException", 403, "Missing Authentication Token")
}

fn incomplete(message: impl Into<String>) -> Exception {
    Exception::new("IncompleteSignatureException", 403, message)
}

fn wrong(message: impl Into<String>) -> Exception {
    Exception::new("InvalidSignatureException", 403, message)
}

fn claim(header: &str) -> Result<Claim<'_>, Exception> {
    let fields = header.strip_prefix(ALGORITHM).ok_or_else(missing)?;
    let field = |name: &str| {
        let value = fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
        value.ok_or_else(|| {
            incomplete(format!("Authorization header requires '{name}' parameter. Authorization={ALGORITHM}"))
        })
    };
    let credential = field("Credential")?;
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key_id, date, region, service, "aws4_request"] = parts.as_slice() else {
        return Err(incomplete(format!("'{credential}' not a valid key=value pair in the Credential.")));
    };
    Ok(Claim {
        access_key_id,
        date,
        region,
        service,
        signed_headers: field("SignedHeaders")?.split(';').collect(),
        signature: field("Signature")?,
    })
}

/// Checks the signature of a request.
///
/// # Errors
/// The exception that AWS answers.
pub fn verify(request: &Request, expected: &Expected<'_>) -> Result<(), Exception> {
    let header = request.header("authorization").ok_or_else(missing)?;
    let claim = claim(header)?;
    check_scope(&claim, expected)?;
    let stamp = request.header("x-amz-date").ok_or_else(|| {
        incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    })?;
    let signed_at = check_date(stamp, &claim, expected.now)?;
    check_signed_headers(request, &claim)?;
    check_payload_hash(request)?;
    if request.headers.contains_key("x-amz-security-token") {
        let message = "The security token included in the request is invalid.";
        return Err(Exception::new("UnrecognizedClientException", 403, message));
    }
    if signature(request, &claim, expected, signed_at).as_deref() != Some(claim.signature) {
        return Err(wrong(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ));
    }
    Ok(())
}

fn check_scope(claim: &Claim<'_>, expected: &Expected<'_>) -> Result<(), Exception> {
    if claim.access_key_id != expected.access_key_id {
        let message = "The security token included in the request is invalid.";
        return Err(Exception::new("UnrecognizedClientException", 403, message));
    }
    if claim.region != expected.region {
        return Err(wrong(format!("Credential should be scoped to a valid region, not '{}'.", claim.region)));
    }
    if claim.service != expected.service {
        return Err(wrong(format!("Credential should be scoped to correct service: '{}'.", expected.service)));
    }
    Ok(())
}

fn check_date(stamp: &str, claim: &Claim<'_>, now: SystemTime) -> Result<SystemTime, Exception> {
    let parsed = PrimitiveDateTime::parse(stamp, STAMP)
        .map_err(|_| incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{stamp}'.")))?;
    if stamp.get(..8) != Some(claim.date) {
        return Err(wrong("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"));
    }
    let signed_at = SystemTime::from(parsed.assume_utc());
    let shown = |time: SystemTime| OffsetDateTime::from(time).format(STAMP).unwrap_or_default();
    if now.duration_since(signed_at).is_ok_and(|age| age > MAX_SKEW) {
        let limit = now - MAX_SKEW;
        return Err(wrong(format!(
            "Signature expired: {stamp} is now earlier than {} ({} - 5 min.)",
            shown(limit),
            shown(now)
        )));
    }
    if signed_at.duration_since(now).is_ok_and(|ahead| ahead > MAX_SKEW) {
        let limit = now + MAX_SKEW;
        return Err(wrong(format!(
            "Signature not yet current: {stamp} is still later than {} ({} + 5 min.)",
            shown(limit),
            shown(now)
        )));
    }
    Ok(signed_at)
}

/// The host, the date and every `x-amz-` header must be among what is signed.
fn check_signed_headers(request: &Request, claim: &Claim<'_>) -> Result<(), Exception> {
    if !claim.signed_headers.contains(&"host") {
        return Err(wrong("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
    }
    let unsigned = request
        .headers
        .keys()
        .map(hyper::header::HeaderName::as_str)
        .find(|name| name.starts_with("x-amz-") && !claim.signed_headers.contains(name));
    match unsigned {
        Some(name) => Err(wrong(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."))),
        None => Ok(()),
    }
}

/// A declared hash of the body must be the body's.
fn check_payload_hash(request: &Request) -> Result<(), Exception> {
    match request.header("x-amz-content-sha256") {
        Some(declared) if declared != digest(&[&request.body]) => {
            Err(wrong("The value of 'X-Amz-Content-Sha256' does not match the SHA-256 of the request's body."))
        }
        _ => Ok(()),
    }
}

/// The signature that the request ought to bear; `None` where it cannot be signed as the client says.
fn signature(request: &Request, claim: &Claim<'_>, expected: &Expected<'_>, signed_at: SystemTime) -> Option<String> {
    // These the library adds itself.
    const ADDED: &[&str] = &["x-amz-date", "x-amz-content-sha256", "host"];
    let mut headers = vec![("host", request.host.as_str())];
    for name in claim.signed_headers.iter().filter(|name| !ADDED.contains(name)) {
        let values: Vec<_> = request.headers.get_all(*name).iter().collect();
        if values.is_empty() {
            return None;
        }
        for value in values {
            headers.push((*name, value.to_str().ok()?));
        }
    }
    let mut settings = SigningSettings::default();
    // The client says what it signed; nothing is left out on our own account.
    settings.excluded_headers = None;
    settings.payload_checksum_kind = if claim.signed_headers.contains(&"x-amz-content-sha256") {
        PayloadChecksumKind::XAmzSha256
    } else {
        PayloadChecksumKind::NoHeader
    };
    let identity = Credentials::new(expected.access_key_id, expected.secret_access_key, None, None, "emulated").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(expected.region)
        .name(expected.service)
        .time(signed_at)
        .settings(settings)
        .build()
        .ok()?;
    let uri = format!("https://{}{}", request.host, request.target());
    let signable =
        SignableRequest::new(request.method.as_str(), uri, headers.into_iter(), SignableBody::Bytes(&request.body))
            .ok()?;
    let (_, signature) = sign(signable, &params.into()).ok()?.into_parts();
    Some(signature)
}

#[cfg(test)]
mod tests;
