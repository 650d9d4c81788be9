//! A connection's bytes in two hands: those of the HTTP library, and ours for the words that it would not say.

use crate::clouds::locked;
use hyper::rt::{Read, ReadBufCursor, Write};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

pub struct Shared<I>(Arc<Mutex<I>>);

impl<I> Clone for Shared<I> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I: Write + Unpin> Shared<I> {
    pub fn new(io: I) -> Self {
        Self(Arc::new(Mutex::new(io)))
    }

    /// Writes these last bytes and closes our side. For one that the library serves no more, between two of its frames.
    pub async fn end_with(&self, mut bytes: &[u8]) -> io::Result<()> {
        poll_fn(|context| {
            let mut io = locked(&self.0);
            while !bytes.is_empty() {
                let written = ready!(Pin::new(&mut *io).poll_write(context, bytes))?;
                bytes = bytes.get(written..).filter(|_| written > 0).ok_or(io::ErrorKind::WriteZero)?;
            }
            ready!(Pin::new(&mut *io).poll_flush(context))?;
            Pin::new(&mut *io).poll_shutdown(context)
        })
        .await
    }
}

impl<I: Read + Unpin> Read for Shared<I> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *locked(&self.0)).poll_read(context, buffer)
    }
}

impl<I: Write + Unpin> Write for Shared<I> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *locked(&self.0)).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *locked(&self.0)).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *locked(&self.0)).poll_shutdown(context)
    }
}
