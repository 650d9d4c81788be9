//! A closed loop of keep-alive connections against one Envoy, and what a request cost it.

use std::error::Error;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Poll, Token};
use serde_json::{Value, json};

use crate::answer;
use crate::case::Case;
use crate::connection::Connection;
use crate::cpu;
use crate::http::{self, Message, Reader};

pub struct Plan {
    pub target: SocketAddr,
    pub case: Case,
    pub request: Vec<u8>,
    pub connections: usize,
    /// Before the timed part, on the same connections.
    pub warm_up: Duration,
    pub timed: Duration,
    /// Whose CPU time to read.
    pub pid: Option<u32>,
}

/// Whole answers, counted by their bodies: at either end of the timed part the streams that are on their
/// way count for the part of them that has come.
#[derive(Clone, Copy, Default)]
struct Count {
    body_bytes: u64,
    answers: u64,
    chunks: u64,
}

struct Client<'a> {
    connection: Connection<'a>,
    answer: Reader,
    /// Of the current answer, already counted.
    counted: usize,
}

/// Fails at the first answer that is not the expected one.
pub fn run(plan: &Plan) -> Result<Value, Box<dyn Error>> {
    let mut poll = Poll::new()?;
    let mut clients = start(plan, &poll)?;
    let mut events = Events::with_capacity(256);
    let mut scratch = vec![0; 128 * 1024];
    let mut count = Count::default();
    // Where that differs between chains, the first answer says it for all that follow.
    let mut expected = plan.case.answer_bytes();

    let cpu = || plan.pid.map(cpu::time).transpose();
    let mut deadline = Instant::now() + plan.warm_up;
    // What had been counted when the timed part began; `None` while warming up.
    let mut began: Option<(Instant, Option<Duration>, Count)> = None;
    loop {
        let now = Instant::now();
        if now >= deadline {
            let Some((since, cpu_before, before)) = began else {
                began = Some((now, cpu()?, count));
                deadline = now + plan.timed;
                continue;
            };
            let spent = cpu()?.zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
            // Without a whole answer there is no request to count.
            let expected = expected.unwrap_or(usize::MAX);
            return Ok(report(plan, now - since, spent, before, count, expected));
        }
        poll.poll(&mut events, Some(deadline - now))?;
        for event in &events {
            if let Some(client) = clients.get_mut(event.token().0) {
                client.on_ready(&mut scratch, plan, &mut expected, &mut count)?;
            }
        }
    }
}

/// Opens the connections and sends the first request on each. Streams start spread over the time one of them takes and,
/// within it, over the time between two events: neither their ends nor their events shall fall together.
fn start<'a>(plan: &'a Plan, poll: &Poll) -> Result<Vec<Client<'a>>, Box<dyn Error>> {
    let paces = u32::try_from(answer::EVENTS)? + 1;
    let whole = plan.case.pace().map_or(Duration::ZERO, |pace| pace * paces);
    let apart = whole / u32::try_from(plan.connections.max(1))?;
    let mut clients = Vec::new();
    for index in 0..plan.connections {
        // Blocking, so that the first write finds a connected socket.
        let socket = std::net::TcpStream::connect(plan.target)?;
        socket.set_nonblocking(true)?;
        let mut connection = Connection::new(TcpStream::from_std(socket), poll.registry(), Token(index))?;
        connection.send(&plan.request)?;
        clients.push(Client { connection, answer: Reader::default(), counted: 0 });
        thread::sleep(apart);
    }
    Ok(clients)
}

impl<'a> Client<'a> {
    fn on_ready(
        &mut self,
        scratch: &mut [u8],
        plan: &'a Plan,
        expected: &mut Option<usize>,
        count: &mut Count,
    ) -> Result<(), Box<dyn Error>> {
        self.connection.flush()?;
        if !self.connection.fill(scratch)? {
            return Err("the connection was closed".into());
        }
        let whole = self.answer.advance(&self.connection.input)?;
        let seen = self.answer.body_bytes();
        if let Some(message) = whole {
            self.check(message, *expected.get_or_insert(message.body_bytes))?;
            count.answers += 1;
            count.chunks += u64::try_from(message.chunks)?;
        }
        // A body of known length is counted when it is whole, one in chunks as it comes.
        if whole.is_some() || plan.case.streams() {
            count.body_bytes += u64::try_from(seen - self.counted)?;
            self.counted = seen;
        }
        if whole.is_some() {
            self.connection.input.clear();
            self.answer = Reader::default();
            self.counted = 0;
            self.connection.send(&plan.request)?;
        }
        Ok(())
    }

    fn check(&self, message: Message, expected: usize) -> Result<(), String> {
        let input = &self.connection.input;
        if http::status(input) == Some(200) && message.body_bytes == expected {
            return Ok(());
        }
        let text = String::from_utf8_lossy(input.get(..input.len().min(1000)).unwrap_or_default());
        Err(format!("expected status 200 and {expected} bytes, got {} bytes:\n{text}", message.body_bytes))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run are far below 2^52")]
fn report(
    plan: &Plan,
    seconds: Duration,
    cpu: Option<Duration>,
    before: Count,
    after: Count,
    expected: usize,
) -> Value {
    let requests = (after.body_bytes - before.body_bytes) as f64 / expected as f64;
    let answers = after.answers - before.answers;
    json!({
        "case": plan.case.name(),
        "target": plan.target.to_string(),
        "connections": plan.connections,
        "seconds": seconds.as_secs_f64(),
        "requests": requests,
        "cpu_us_per_request": cpu.map(|spent| spent.as_secs_f64() * 1e6 / requests),
        "chunks_per_answer": (after.chunks - before.chunks) as f64 / answers.max(1) as f64,
    })
}
