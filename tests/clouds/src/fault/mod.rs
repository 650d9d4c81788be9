//! Faults on demand: what they are called, which request asks for one, and which an administrator has set.

mod marker;
mod spoil;
mod within;

pub use marker::{marked, marked_number, without_markers};
pub use spoil::reshape;
pub use within::{Stage, Within};

use crate::clouds::locked;
use crate::surface::Surface;
use marker::markers;
use serde::Deserialize;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The surface's port is closed; only by the administrator.
    Refuse,
    /// The stream is reset; on HTTP/1.1 the connection.
    Reset,
    /// The connection is reset, with whatever else is on it.
    Drop,
    /// HTTP/2's REFUSED_STREAM: nothing was processed. On HTTP/1.1 a reset.
    Refused,
    /// HTTP/2's GOAWAY whose last stream is none of the connection's: nothing on it was processed. On HTTP/1.1 a reset.
    GoAway,
    Hang,
    /// Before the headers.
    Delay(Duration),
    /// Between the events of a stream.
    Slow(Duration),
    /// Bedrock's quota error, which is a 400; elsewhere a plain 400.
    Quota,
    /// Bedrock's answer to a signature that it cannot read, a 400 that repeats it; elsewhere a plain 400.
    Signature,
    /// What each cloud says with a 400 of a model that the caller should not have named.
    Target,
    /// A 404 about a conversation, in OpenAI's words.
    Reference,
    /// A 400 about encrypted content that another account made, in OpenAI's words.
    Encrypted,
    /// A 400 in no cloud's shape: `{"error": "…"}`.
    Text,
    /// A 500 that repeats the credential.
    Secret,
    /// An Envoy in front of the cloud is over its rate limit.
    ProxyLimit,
    Status(u16, Option<u64>),
    /// After that many events, or in the middle of a JSON body.
    Cut(usize),
    /// The headers come, and of the body that many events, or nothing.
    Stall(usize),
    /// An error inside a 200.
    Within(Within),
    Garbage,
    Html,
    Huge,
    /// The prompt is refused by a content filter.
    ContentFilter,
    /// The answer is stopped by a content filter.
    Filtered,
    /// Unknown fields, unknown events and headers of all kinds.
    Padded,
}

const STATUSES: &[u16] = &[400, 401, 403, 404, 408, 413, 422, 424, 429, 500, 502, 503, 504];

/// The numbers beside a fault's name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(alias = "retry-after")]
    pub retry_after: Option<u64>,
    pub ms: Option<u64>,
    pub after: Option<usize>,
    /// Of an error inside a 200.
    pub code: Option<String>,
    /// How an event `error` looks: `flat`, as it is documented, or `nested`.
    pub shape: Option<String>,
}

impl Settings {
    fn within(&self, stage: Stage, as_response: bool) -> Result<Fault, String> {
        let name = self.code.as_deref().unwrap_or("server_error");
        let code = within::code(name).ok_or_else(|| format!("unknown code `{name}`"))?;
        let nested = match self.shape.as_deref() {
            None | Some("flat") => false,
            Some("nested") => true,
            Some(other) => return Err(format!("unknown shape `{other}`: `flat` or `nested`")),
        };
        Ok(Fault::Within(Within { stage, as_response, code, nested }))
    }
}

impl Fault {
    pub fn named(name: &str, settings: &Settings) -> Result<Self, String> {
        let output = || Stage::Output(settings.after.unwrap_or(1));
        let pause = || settings.ms.map(Duration::from_millis).ok_or_else(|| format!("`{name}` needs ms=N"));
        Ok(match name {
            "refuse" => Self::Refuse,
            "reset" => Self::Reset,
            "drop" => Self::Drop,
            "refused" => Self::Refused,
            "goaway" => Self::GoAway,
            "stall" => Self::Stall(settings.after.unwrap_or(0)),
            "error-first" => settings.within(Stage::First, false)?,
            "error-created" => settings.within(Stage::Created, false)?,
            "error-output" => settings.within(output(), false)?,
            "failed" => settings.within(Stage::Created, true)?,
            "failed-output" => settings.within(output(), true)?,
            "hang" => Self::Hang,
            "delay" => Self::Delay(pause()?),
            "slow" => Self::Slow(pause()?),
            "400-quota" => Self::Quota,
            "400-signature" => Self::Signature,
            "400-target" => Self::Target,
            "404-reference" => Self::Reference,
            "400-encrypted" => Self::Encrypted,
            "400-text" => Self::Text,
            "500-secret" => Self::Secret,
            "proxy-limit" => Self::ProxyLimit,
            "cut" => Self::Cut(settings.after.unwrap_or(1)),
            "garbage" => Self::Garbage,
            "html" => Self::Html,
            "huge" => Self::Huge,
            "content-filter" => Self::ContentFilter,
            "filtered" => Self::Filtered,
            "padded" => Self::Padded,
            other => match other.parse().ok().filter(|status| STATUSES.contains(status)) {
                Some(status) => Self::Status(status, settings.retry_after),
                None => return Err(format!("unknown fault `{other}`")),
            },
        })
    }

    /// Whether it happens before a cloud looks at the credential.
    pub fn at_the_door(self) -> bool {
        matches!(
            self,
            Self::Reset
                | Self::Drop
                | Self::Refused
                | Self::GoAway
                | Self::Hang
                | Self::Html
                | Self::ProxyLimit
                | Self::Status(502 | 504, _)
        )
    }
}

/// A fault that applies to a request, and how it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    pub fault: Fault,
    pub text: String,
}

/// The faults that the body of a request asks of this host.
pub fn asked_for(body: &str, surface: Surface, host: &str) -> Vec<Applied> {
    let (found, _) = markers(body);
    let mut applied = Vec::new();
    for marker in found {
        let [on, name, settings @ ..] = marker.words.as_slice() else { continue };
        if !meant(on, surface, host) {
            continue;
        }
        if let Ok(fault) = Fault::named(name, &settings_of(settings))
            && fault != Fault::Refuse
        {
            applied.push(Applied { fault, text: marker.words.join(" ") });
        }
    }
    applied
}

fn settings_of(words: &[&str]) -> Settings {
    let mut settings = Settings::default();
    for word in words {
        match word.split_once('=') {
            Some(("retry-after", number)) => settings.retry_after = number.parse().ok(),
            Some(("ms", number)) => settings.ms = number.parse().ok(),
            Some(("after", number)) => settings.after = number.parse().ok(),
            Some(("code", name)) => settings.code = Some(name.to_owned()),
            Some(("shape", name)) => settings.shape = Some(name.to_owned()),
            _ => {}
        }
    }
    settings
}

/// A cloud's name means its API surfaces, not its token servers.
fn meant(on: &str, surface: Surface, host: &str) -> bool {
    let by_cloud = on == surface.cloud() && surface.serves_models();
    surface != Surface::Admin && (by_cloud || on == surface.name() || on.eq_ignore_ascii_case(host))
}

/// A fault as the administrator sets it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub on: String,
    pub fault: String,
    /// How many requests it befalls; without it, all of them.
    pub times: Option<u64>,
    #[serde(alias = "retry-after")]
    pub retry_after: Option<u64>,
    pub ms: Option<u64>,
    pub after: Option<usize>,
    pub code: Option<String>,
    pub shape: Option<String>,
}

impl Order {
    pub fn fault(&self) -> Result<Fault, String> {
        let settings = Settings {
            retry_after: self.retry_after,
            ms: self.ms,
            after: self.after,
            code: self.code.clone(),
            shape: self.shape.clone(),
        };
        Fault::named(&self.fault, &settings)
    }

    /// The surfaces it is about; one host stands for the surface it lives on.
    pub fn surfaces(&self) -> Vec<Surface> {
        let named = |surface: &Surface| meant(&self.on, *surface, "") || surface.has_name(&self.on);
        Surface::ALL.into_iter().filter(named).collect()
    }
}

#[derive(Default)]
pub struct Faults {
    ordered: Mutex<Vec<Ordered>>,
}

struct Ordered {
    order: Order,
    fault: Fault,
    left: Option<u64>,
}

impl Faults {
    pub fn add(&self, order: Order, fault: Fault) {
        let left = order.times;
        locked(&self.ordered).push(Ordered { order, fault, left });
    }

    pub fn clear(&self) {
        locked(&self.ordered).clear();
    }

    pub fn to_json(&self) -> serde_json::Value {
        let ordered = locked(&self.ordered);
        let rows = ordered
            .iter()
            .map(|row| serde_json::json!({"on": row.order.on, "fault": row.order.fault, "left": row.left}));
        serde_json::json!({"faults": rows.collect::<Vec<_>>()})
    }

    /// What applies to a request: what it asks for itself, then what was ordered.
    pub fn of(&self, body: &str, surface: Surface, host: &str) -> Vec<Applied> {
        let mut applied = asked_for(body, surface, host);
        for row in locked(&self.ordered).iter_mut() {
            if row.fault == Fault::Refuse || row.left == Some(0) || !meant(&row.order.on, surface, host) {
                continue;
            }
            if let Some(left) = &mut row.left {
                *left -= 1;
            }
            applied.push(Applied { fault: row.fault, text: format!("{} {}", row.order.on, row.order.fault) });
        }
        applied
    }
}

/// What is to happen to one request.
#[derive(Debug, Default)]
pub struct Plan {
    pub delay: Option<Duration>,
    pub slow: Option<Duration>,
    pub cut: Option<usize>,
    /// After so many events nothing comes.
    pub stall: Option<usize>,
    /// The answer fails after its status.
    pub within: Option<Within>,
    /// Happens before the cloud looks at the credential.
    pub door: Option<Fault>,
    /// An error that the cloud itself answers, once it knows who asks.
    pub refusal: Option<Fault>,
    pub garbage: bool,
    pub huge: bool,
    pub filtered: bool,
    pub padded: bool,
}

impl Plan {
    /// The first of several faults of a kind holds.
    pub fn new(applied: &[Applied]) -> Self {
        let mut plan = Self::default();
        for Applied { fault, .. } in applied {
            match *fault {
                Fault::Delay(pause) => plan.delay = plan.delay.or(Some(pause)),
                Fault::Slow(pause) => plan.slow = plan.slow.or(Some(pause)),
                Fault::Cut(after) => plan.cut = plan.cut.or(Some(after)),
                Fault::Garbage => plan.garbage = true,
                Fault::Stall(after) => plan.stall = plan.stall.or(Some(after)),
                Fault::Within(within) => plan.within = plan.within.or(Some(within)),
                Fault::Huge => plan.huge = true,
                Fault::Filtered => plan.filtered = true,
                Fault::Padded => plan.padded = true,
                Fault::Refuse => {}
                door if door.at_the_door() => plan.door = plan.door.or(Some(door)),
                refusal => plan.refusal = plan.refusal.or(Some(refusal)),
            }
        }
        if plan.huge && plan.refusal.is_none() {
            plan.refusal = Some(Fault::Status(500, None));
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &str) -> Vec<Fault> {
        let applied = asked_for(body, Surface::Azure, "contoso.openai.azure.com");
        applied.into_iter().map(|applied| applied.fault).collect()
    }

    fn within(stage: Stage, as_response: bool, code: &'static str) -> Fault {
        Fault::Within(Within { stage, as_response, code, nested: false })
    }

    #[test]
    fn a_marker_names_a_cloud_a_surface_or_a_host() {
        let rows: &[(&str, &[Fault])] = &[
            ("hi", &[]),
            ("[[azure 429]]", &[Fault::Status(429, None)]),
            ("[[azure 429 retry-after=2]]", &[Fault::Status(429, Some(2))]),
            ("a [[aws hang]] b [[contoso.openai.azure.com reset]] c", &[Fault::Reset]),
            ("[[other.openai.azure.com reset]]", &[]),
            ("[[azure slow ms=5]][[azure cut after=3]]", &[Fault::Slow(Duration::from_millis(5)), Fault::Cut(3)]),
            ("[[azure cut]]", &[Fault::Cut(1)]),
            ("[[azure delay]]", &[]),
            ("[[azure refuse]]", &[]),
            ("[[azure stall]]", &[Fault::Stall(0)]),
            ("[[azure stall after=2]]", &[Fault::Stall(2)]),
            ("[[azure error-first]]", &[within(Stage::First, false, "server_error")]),
            ("[[azure failed code=rate_limit_exceeded]]", &[within(Stage::Created, true, "rate_limit_exceeded")]),
            ("[[azure error-output after=3]]", &[within(Stage::Output(3), false, "server_error")]),
            ("[[azure error-first code=made_up]]", &[]),
            ("[[azure error-first shape=round]]", &[]),
            ("[[azure 418]]", &[]),
            ("[[azure 400-quota]]", &[Fault::Quota]),
            ("[[azure 429", &[]),
            (r#"{"a":[["x"]],"b":"[[azure huge]]"}"#, &[Fault::Huge]),
            (r#"{"a":[[1]],"b":"[[azure html]]"}"#, &[Fault::Html]),
        ];
        for (body, expected) in rows {
            assert_eq!(faults(body), *expected, "{body}");
        }
    }

    #[test]
    fn an_order_lasts_as_many_times_as_it_says() {
        let faults = Faults::default();
        let order: Order = serde_json::from_str(r#"{"on":"aws","fault":"503","times":2}"#).unwrap();
        let fault = order.fault().unwrap();
        faults.add(order, fault);
        let hits = |surface| faults.of("", surface, "h").len();
        assert_eq!(hits(Surface::Azure), 0);
        assert_eq!([hits(Surface::AwsRuntime), hits(Surface::AwsMantle), hits(Surface::AwsRuntime)], [1, 1, 0]);
    }
}
