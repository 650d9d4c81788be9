//! The same requests where API keys are a source too: keys that hold, that hold no more, that are nearly right, and the trusted
//! header beside them. Who asks is found a second time here, and by other means than the module's.

use multihome_core::key::{self, Digest};
use serde_json::{Value, json};

use super::made::Made;
use crate::headers::Headers;
use crate::random::Random;
use crate::script::Played;

/// What a request's credential makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is that tenant's.
    Of(&'static str),
    /// It is refused, whatever else it brings.
    Refused,
    /// It names nobody: the header may.
    Unknown,
}

/// Keys, with what each makes of a request.
pub struct Held(Vec<(String, Fate)>);

impl Held {
    pub fn new() -> Held {
        let [acme, globex, initech, expired, nobodys] = [1, 2, 3, 4, 5].map(|seed| key::make([seed; 32]));
        let letters: Vec<char> = acme.chars().collect();
        let cut = letters.iter().rev().skip(1).rev().collect();
        let other = |(place, letter): (usize, &char)| if place == 20 && *letter != 'x' { 'x' } else { *letter };
        let mistyped: String = letters.iter().enumerate().map(other).collect();
        assert_ne!(mistyped, acme);
        Held(vec![
            (acme.clone(), Fate::Of("acme")),
            ("a-customers-own-of-globex".to_owned(), Fate::Of("globex")),
            (globex, Fate::Of("globex")),
            (initech, Fate::Of("initech")),
            (expired, Fate::Refused),
            ("a-customers-own-that-expired".to_owned(), Fate::Refused),
            (nobodys, Fate::Refused),
            (cut, Fate::Refused),
            (mistyped, Fate::Refused),
            (format!("{acme}0"), Fate::Refused),
            ("mh-".to_owned(), Fate::Refused),
            (acme.trim_start_matches(key::PREFIX).to_owned(), Fate::Unknown),
            (Digest::of(acme.as_bytes()).to_string(), Fate::Unknown),
            ("sk-of-somebody-else".to_owned(), Fate::Unknown),
        ])
    }

    /// A policy in which these keys count.
    pub fn policy(&self, mut policy: Value) -> Value {
        let entry =
            |key: &str, expires: &str| json!({"sha256": Digest::of(key.as_bytes()).to_string(), "expires": expires});
        for (key, fate) in &self.0 {
            let (tenant, expires) = match fate {
                Fate::Of(tenant) => (*tenant, "2027-02-01T00:00:00Z"),
                // A second before it is now.
                Fate::Refused if key.ends_with("expired") || *key == key::make([4; 32]) => {
                    ("acme", "2027-01-15T07:59:59Z")
                }
                Fate::Refused | Fate::Unknown => continue,
            };
            let keys = &mut policy["tenants"][tenant]["keys"];
            match keys.as_array_mut() {
                Some(keys) => keys.push(entry(key, expires)),
                None => *keys = json!([entry(key, expires)]),
            }
        }
        policy["identity"] = json!([{"keys": {}}, policy["identity"]]);
        policy
    }

    /// Lets a request bring credentials, and notes whose it is.
    pub fn bring(&self, random: &mut Random, made: &mut Made) {
        let headers = &mut made.message.headers;
        if !random.once_in(6) {
            headers.remove(b"x-tenant-id");
            made.tenant = None;
        }
        if !random.once_in(4) {
            headers.remove(b"authorization");
            headers.remove(b"api-key");
        }
        let most = if random.once_in(10) { 3 } else { 1 };
        for _ in 0..most {
            let value = self.value(random);
            let (name, value) = match random.below(4) {
                0 => ("api-key", value),
                1 => ("api-key", format!(" {value}\t")),
                _ => (
                    "authorization",
                    format!(
                        "{}{value}",
                        random.pick(&[
                            "Bearer ", "Bearer ", "Bearer ", "Bearer ", "Bearer ", "bearer ", "BEARER  ", "Basic ", ""
                        ])
                    ),
                ),
            };
            if !random.once_in(8) {
                headers.remove(name.as_bytes());
            }
            headers.add(name, value);
        }
        made.fate = self.fate(&made.message.headers);
        if let Fate::Of(tenant) = made.fate {
            match &made.tenant {
                Some(named) if named != tenant => made.fate = Fate::Refused,
                // Twice, or no text.
                None if made.message.headers.get("x-tenant-id").is_some() => made.fate = Fate::Refused,
                _ => made.tenant = Some(tenant.to_owned()),
            }
        }
    }

    fn value(&self, random: &mut Random) -> String {
        let known = if random.once_in(4) { random.below(self.0.len()) } else { random.pick(&[0, 0, 0, 0, 1, 2, 3]) };
        match self.0.get(known) {
            Some((key, _)) if !random.once_in(20) => key.clone(),
            _ => random.pick(&["", " ", "\u{e4}", "a b", "Bearer", "mh-0,mh-1"]).to_owned(),
        }
    }

    fn fate(&self, headers: &Headers) -> Fate {
        let all = |wanted: &str| -> Vec<String> {
            let found = headers.iter().filter(|(name, _)| *name == wanted.as_bytes());
            found.map(|(_, value)| String::from_utf8_lossy(value).trim().to_owned()).collect()
        };
        let (bearers, plain) = (all("authorization"), all("api-key"));
        if bearers.len() > 1 || plain.len() > 1 {
            return Fate::Refused;
        }
        let bearer = bearers.iter().filter_map(|value| {
            let mut words = value.split_whitespace();
            let is_bearer = words.next().is_some_and(|scheme| scheme.to_lowercase() == "bearer");
            is_bearer.then(|| words.collect::<Vec<_>>().join(" "))
        });
        let mut brought: Vec<String> = bearer.chain(plain.iter().cloned()).filter(|one| !one.is_empty()).collect();
        brought.dedup();
        match brought.as_slice() {
            [] => Fate::Unknown,
            [one] => match self.0.iter().find(|(key, _)| key == one) {
                Some((_, fate)) => fate.clone(),
                None if one.starts_with("mh-") => Fate::Refused,
                None => Fate::Unknown,
            },
            _ => Fate::Refused,
        }
    }

    /// What is wrong with what came of a request: a key that is seen by somebody, or that counted otherwise than it does.
    pub fn judge(&self, made: &Made, played: &Played, seen: &Witness) -> Vec<String> {
        let mut wrong = Vec::new();
        let left = played.sent.iter().any(|sent| sent.message.headers.is_some());
        if made.fate == Fate::Refused && left {
            wrong.push("it was sent, with a credential that does not hold".to_owned());
        }
        let status = played.received.headers.as_ref().map_or(0, Headers::status);
        if matches!(made.fate, Fate::Of(_)) && status == 401 && !left {
            wrong.push("a key that holds was refused".to_owned());
        }
        if let (Fate::Of(tenant), Some(record)) = (&made.fate, &seen.record)
            && !(record.contains(&format!("tenant={tenant} ")) && record.contains("by=key"))
        {
            wrong.push(format!("the record names another: {record}"));
        }
        let messages = played.sent.iter().map(|sent| &sent.message).chain([&played.received]);
        let mut told: Vec<u8> = Vec::new();
        for message in messages {
            for headers in message.headers.iter().chain(&message.trailers) {
                headers.iter().for_each(|(name, value)| told.extend([name, value, b"\n"].concat()));
            }
            told.extend(&message.body);
        }
        told.extend(seen.record.iter().chain(&seen.log).flat_map(|text| text.bytes()));
        for (key, _) in self.0.iter().filter(|(key, _)| key.len() > 10) {
            // Nor a part that would help to guess it.
            let part = key.get(3..23).unwrap_or(key).as_bytes();
            if told.windows(part.len()).any(|window| window == part) {
                wrong.push(format!("{key} is to be seen"));
            }
        }
        wrong
    }
}

/// What is written down of a stream beside its messages.
#[derive(Debug, Default)]
pub struct Witness {
    /// The record, for the access log.
    pub record: Option<String>,
    /// The module's log.
    pub log: Vec<String>,
}
