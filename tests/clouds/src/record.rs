//! What the clouds received, for tests to assert on.

use crate::clouds::locked;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Older records go first when there are more than this many, or more than this many bytes of bodies: a load
/// test must not fill the memory.
const MAX_RECORDS: usize = 50_000;
const MAX_BODY_BYTES: usize = 256 << 20;

#[derive(Default)]
pub struct Record {
    pub seq: u64,
    pub surface: &'static str,
    pub cloud: &'static str,
    pub host: String,
    pub sni: Option<String>,
    pub alpn: &'static str,
    /// The same for all that came over one connection.
    pub connection: u64,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// What came behind the body.
    pub trailers: Vec<(String, String)>,
    /// Absent until an answer was begun.
    pub status: Option<u16>,
    /// The headers of the answer.
    pub answer_headers: Vec<(String, String)>,
    pub fault: Option<String>,
    pub auth: Option<String>,
    /// The whole answer was handed over.
    pub answered: bool,
    /// The client went away before that.
    pub disconnected: bool,
}

impl Record {
    fn to_json(&self) -> Value {
        json!({
            "seq": self.seq, "surface": self.surface, "cloud": self.cloud, "host": self.host, "sni": self.sni,
            "alpn": self.alpn, "connection": self.connection, "method": self.method, "path": self.path, "headers": self.headers,
            "body": self.body, "trailers": self.trailers, "status": self.status,
            "answer_headers": self.answer_headers, "fault": self.fault, "auth": self.auth,
            "answered": self.answered, "disconnected": self.disconnected,
        })
    }
}

/// Bytes as a record shows them: text, or `base64:` and their encoding.
pub fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("base64:{}", STANDARD.encode(bytes)),
    }
}

#[derive(Default)]
pub struct Records {
    next: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    records: VecDeque<Record>,
    body_bytes: usize,
    dropped: u64,
}

impl Records {
    /// Begins a record and gives it its number.
    pub fn open(self: &Arc<Self>, mut record: Record) -> Open {
        let seq = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        record.seq = seq;
        let mut kept = locked(&self.kept);
        kept.body_bytes += record.body.len();
        kept.records.push_back(record);
        while kept.records.len() > MAX_RECORDS || kept.body_bytes > MAX_BODY_BYTES {
            let Some(oldest) = kept.records.pop_front() else { break };
            kept.body_bytes -= oldest.body.len().min(kept.body_bytes);
            kept.dropped += 1;
        }
        Open { records: Arc::clone(self), seq, settled: false }
    }

    pub fn clear(&self) {
        *locked(&self.kept) = Kept::default();
    }

    pub fn to_json(&self) -> Value {
        let kept = locked(&self.kept);
        let records: Vec<Value> = kept.records.iter().map(Record::to_json).collect();
        json!({"records": records, "dropped": kept.dropped})
    }
}

/// A request on its way. Dropped before it is settled, it notes that the client went away.
pub struct Open {
    records: Arc<Records>,
    seq: u64,
    settled: bool,
}

impl Open {
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Changes the record, unless it was cleared meanwhile.
    pub fn note(&self, change: impl FnOnce(&mut Record)) {
        let mut kept = locked(&self.records.kept);
        let Kept { records, body_bytes, .. } = &mut *kept;
        // The newest records are the likely ones.
        if let Some(record) = records.iter_mut().rev().find(|record| record.seq == self.seq) {
            let before = record.body.len();
            change(record);
            *body_bytes = (*body_bytes + record.body.len()).saturating_sub(before);
        }
    }

    /// The whole answer is on its way.
    pub fn answered(&mut self) {
        if !std::mem::replace(&mut self.settled, true) {
            self.note(|record| record.answered = true);
        }
    }

    /// The answer was cut off on purpose.
    pub fn cut(&mut self) {
        self.settled = true;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.settled {
            self.note(|record| record.disconnected = true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_record_is_a_client_that_went_away() {
        let records = Arc::new(Records::default());
        drop(records.open(Record::default()));
        records.open(Record::default()).answered();
        records.open(Record::default()).cut();
        let shown = records.to_json();
        let flags: Vec<_> = shown["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| (record["seq"].as_u64(), record["answered"] == true, record["disconnected"] == true))
            .collect();
        assert_eq!(flags, [(Some(1), false, true), (Some(2), true, false), (Some(3), false, false)]);
    }

    #[test]
    fn the_oldest_records_go_first() {
        let records = Arc::new(Records::default());
        for _ in 0..3 {
            let record = Record { body: "x".repeat(MAX_BODY_BYTES / 2), ..Record::default() };
            records.open(record).answered();
        }
        let shown = records.to_json();
        assert_eq!(shown["dropped"], 1);
        assert_eq!(shown["records"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_base64() {
        assert_eq!(shown(b"{}"), "{}");
        assert_eq!(shown(&[0xff, 0xfe]), "base64://4=");
    }
}
