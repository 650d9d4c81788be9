//! A plain HTTP/1.1 upstream that answers every request alike: a completion, or a stream where the
//! request's body asks for one; a `Response` where the path asks for that.
//!
//! The events of a stream go out one a tick, all streams in the same tick. Written at once, as many of them as
//! had piled up while Envoy was busy would reach its filters in one callback: the slower the chain, the
//! fewer the callbacks, and the comparison would flatter the slow.
//!
//! Where the request asks for it, each stream has a pace of its own instead, as those of a model have: what Envoy did for the
//! event before is out of the processor's caches when the next one comes.

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memchr::memmem::Finder;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use crate::answer;
use crate::case::PACED_USER;
use crate::connection::Connection;
use crate::http::Reader;
use crate::schedule::Schedule;

/// Time between two events of a stream, at the least.
pub const TICK: Duration = Duration::from_millis(1);

/// Time between two events of a paced stream.
pub const PACE: Duration = Duration::from_millis(2);

/// No request line is longer.
const LONGEST_PATH: usize = 256;

const LISTENER: Token = Token(0);
const TIMER: Token = Token(1);

struct Peer<'a> {
    connection: Connection<'a>,
    request: Reader,
    /// The writes of a stream that are still to come.
    rest: &'a [Vec<u8>],
}

/// Prints the address it listens on, then serves until the process is killed.
pub fn serve(listen: SocketAddr) -> Result<(), Box<dyn Error>> {
    let whole = answer::whole(&answer::completion());
    let stream = answer::stream(&answer::events());
    let response = answer::whole(&answer::response());
    let responses_stream = answer::stream(&answer::responses_events());
    let answers = Answers {
        chat: (&whole, &stream),
        responses: (&response, &responses_stream),
        asks_response: Finder::new(b"/responses HTTP/1.1\r\n"),
        asks_stream: Finder::new(b"\"stream\":true"),
        asks_pace: Finder::new(PACED_USER),
    };
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(listen)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("{}", listener.local_addr()?);

    let mut events = Events::with_capacity(256);
    let mut scratch = vec![0; 128 * 1024];
    let mut peers: HashMap<Token, Peer> = HashMap::new();
    let mut streaming: Vec<Token> = Vec::new();
    let mut paced = Schedule::new(poll.registry(), TIMER)?;
    let mut next_token = 2;
    let mut next_tick = Instant::now();
    loop {
        paced.arm()?;
        let wait = (!streaming.is_empty()).then(|| next_tick.saturating_duration_since(Instant::now()));
        poll.poll(&mut events, wait)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((socket, _)) = listener.accept() {
                    let token = Token(next_token);
                    next_token += 1;
                    let connection = Connection::new(socket, poll.registry(), token)?;
                    peers.insert(token, Peer { connection, request: Reader::default(), rest: &[] });
                }
                continue;
            }
            let Some(peer) = peers.get_mut(&event.token()) else {
                continue;
            };
            match peer.on_ready(&mut scratch, &answers) {
                Ok(Next::Wait) => {}
                Ok(Next::Stream) => streaming.push(event.token()),
                Ok(Next::Paced) => paced.add(Instant::now() + PACE, event.token()),
                Ok(Next::Close) | Err(_) => {
                    peers.remove(&event.token());
                }
            }
        }
        if !streaming.is_empty() && Instant::now() >= next_tick {
            next_tick = Instant::now() + TICK;
            streaming.retain(|token| peers.get_mut(token).is_some_and(Peer::on_tick));
        }
        while let Some((due, token)) = paced.next(Instant::now()) {
            if peers.get_mut(&token).is_some_and(Peer::on_tick) {
                // From when it was due, so that a late one does not delay those behind it; but never two at once.
                paced.add((due + PACE).max(Instant::now() + PACE / 2), token);
            }
        }
    }
}

/// What there is to answer, and by what a request asks for which.
struct Answers<'a> {
    /// Whole, and the writes of a stream.
    chat: (&'a [u8], &'a [Vec<u8>]),
    responses: (&'a [u8], &'a [Vec<u8>]),
    asks_response: Finder<'a>,
    asks_stream: Finder<'a>,
    asks_pace: Finder<'a>,
}

enum Next {
    Wait,
    Stream,
    Paced,
    Close,
}

impl<'a> Peer<'a> {
    fn on_ready(&mut self, scratch: &mut [u8], answers: &Answers<'a>) -> Result<Next, Box<dyn Error>> {
        self.connection.flush()?;
        if !self.connection.fill(scratch)? {
            return Ok(Next::Close);
        }
        if self.request.advance(&self.connection.input)?.is_none() {
            return Ok(Next::Wait);
        }
        let streams = answers.asks_stream.find(&self.connection.input).is_some();
        let paced = streams && answers.asks_pace.find(&self.connection.input).is_some();
        let start = self.connection.input.get(..LONGEST_PATH).unwrap_or(&self.connection.input);
        let (whole, stream) =
            if answers.asks_response.find(start).is_some() { answers.responses } else { answers.chat };
        self.connection.input.clear();
        self.request = Reader::default();
        if streams {
            self.rest = stream;
            return Ok(if paced { Next::Paced } else { Next::Stream });
        }
        self.connection.send(whole)?;
        Ok(Next::Wait)
    }

    /// Writes the next event; whether there are more.
    fn on_tick(&mut self) -> bool {
        if !self.connection.is_flushed() {
            return self.connection.flush().is_ok();
        }
        let Some((event, rest)) = self.rest.split_first() else {
            return false;
        };
        self.rest = rest;
        self.connection.send(event).is_ok() && !rest.is_empty()
    }
}
