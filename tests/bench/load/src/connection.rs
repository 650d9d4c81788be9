//! One non-blocking connection, registered edge-triggered for both directions.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

pub struct Connection<'a> {
    stream: TcpStream,
    /// What has come and not been taken.
    pub input: Vec<u8>,
    output: &'a [u8],
}

impl<'a> Connection<'a> {
    pub fn new(mut stream: TcpStream, registry: &Registry, token: Token) -> io::Result<Connection<'a>> {
        stream.set_nodelay(true)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Connection { stream, input: Vec::new(), output: &[] })
    }

    /// Reads what there is, through `scratch`; whether the peer is still there.
    pub fn fill(&mut self, scratch: &mut [u8]) -> io::Result<bool> {
        loop {
            match self.stream.read(scratch) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    self.input.extend_from_slice(scratch.get(..read).unwrap_or_default());
                    // A short read has emptied the socket: what comes later is a new edge.
                    if read < scratch.len() {
                        return Ok(true);
                    }
                }
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Writes `bytes`, now or (by `flush`) when the socket has room. The one before must be out.
    pub fn send(&mut self, bytes: &'a [u8]) -> io::Result<()> {
        debug_assert!(self.is_flushed(), "two writes at once");
        self.output = bytes;
        self.flush()
    }

    pub fn flush(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            match self.stream.write(self.output) {
                Ok(written) => self.output = self.output.get(written..).unwrap_or_default(),
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    pub fn is_flushed(&self) -> bool {
        self.output.is_empty()
    }
}
