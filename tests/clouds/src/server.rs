//! Sockets: accepting, TLS, HTTP/1.1 and HTTP/2, closing and opening a port on demand, resetting a connection.

use crate::clouds::{Clouds, locked};
use crate::exchange;
use crate::shared_io::Shared;
use crate::surface::Surface;
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use socket2::{Domain, Socket, Type};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_rustls::TlsAcceptor;

const HANDSHAKE: Duration = Duration::from_secs(10);
const BACKLOG: i32 = 1024;

/// A GOAWAY frame of HTTP/2 (RFC 9113, 6.8): eight bytes, type 7, no flags, stream 0; the last stream that was processed is
/// 0, no error. `h2` names in its own the last stream that it has handed out.
const GO_AWAY: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Opens or closes a port, and says when that is done.
struct Command {
    open: bool,
    done: oneshot::Sender<()>,
}

/// The listening ports, so that an administrator can close and open them.
#[derive(Default)]
pub struct Listeners {
    commands: Mutex<HashMap<Surface, mpsc::Sender<Command>>>,
}

impl Listeners {
    /// Closes or opens a surface's port; returns when connecting to it is refused or possible again.
    pub async fn set_open(&self, surface: Surface, open: bool) {
        let sender = locked(&self.commands).get(&surface).cloned();
        if let Some(sender) = sender {
            let (done, waiting) = oneshot::channel();
            if sender.send(Command { open, done }).await.is_ok() {
                waiting.await.ok();
            }
        }
    }
}

/// What a connection knows about its client.
pub struct Peer {
    pub surface: Surface,
    pub sni: Option<String>,
    /// What TLS agreed on: `h2`, `http/1.1`, or empty.
    pub alpn: &'static str,
    /// A number of its own.
    pub connection: u64,
    tcp: Mutex<Option<Socket>>,
    reset: Notify,
    leaving: Notify,
}

impl Peer {
    /// Ends the connection with a TCP reset.
    pub fn reset(&self) {
        if let Some(tcp) = locked(&self.tcp).take() {
            tcp.set_linger(Some(Duration::ZERO)).ok();
        }
        self.reset.notify_one();
    }

    /// Ends an HTTP/2 connection with the word that none of its streams was processed.
    pub fn go_away(&self) {
        self.leaving.notify_one();
    }
}

/// Binds an ephemeral loopback port for a surface and serves it until the runtime ends.
pub async fn listen(
    surface: Surface,
    clouds: &Arc<Clouds>,
    tls: Option<rustls::ServerConfig>,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let (sender, commands) = mpsc::channel(1);
    locked(&clouds.listeners.commands).insert(surface, sender);
    let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    tokio::spawn(serve(surface, listener, address, Arc::clone(clouds), acceptor, commands));
    Ok(address)
}

/// A closed port is bound but not listening: connecting is refused, and nobody else can take it.
enum Door {
    Open(TcpListener),
    Closed(Socket),
}

async fn serve(
    surface: Surface,
    listener: TcpListener,
    address: SocketAddr,
    clouds: Arc<Clouds>,
    tls: Option<TlsAcceptor>,
    mut commands: mpsc::Receiver<Command>,
) {
    let mut door = Door::Open(listener);
    // Tells the open connections of this port to finish.
    let (closing, _) = watch::channel(0_u64);
    loop {
        let command = match &door {
            Door::Closed(_) => commands.recv().await,
            Door::Open(listener) => tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((tcp, _)) = accepted {
                        tokio::spawn(connection(surface, tcp, Arc::clone(&clouds), tls.clone(), closing.subscribe()));
                    }
                    continue;
                }
                command = commands.recv() => command,
            },
        };
        let Some(command) = command else { return };
        door = match (door, command.open) {
            (Door::Open(listener), false) => {
                drop(listener);
                closing.send_modify(|closed| *closed += 1);
                // Idle connections end before the caller goes on.
                tokio::time::sleep(Duration::from_millis(20)).await;
                match bound(address) {
                    Ok(socket) => Door::Closed(socket),
                    Err(_) => return,
                }
            }
            (Door::Closed(socket), true) => match reopened(socket) {
                Ok(listener) => Door::Open(listener),
                Err(_) => return,
            },
            (door, _) => door,
        };
        command.done.send(()).ok();
    }
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn reopened(socket: Socket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

async fn connection(
    surface: Surface,
    tcp: TcpStream,
    clouds: Arc<Clouds>,
    tls: Option<TlsAcceptor>,
    closing: watch::Receiver<u64>,
) {
    tcp.set_nodelay(true).ok();
    let duplicate = tcp.as_fd().try_clone_to_owned().map(Socket::from).ok();
    let connection = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    let peer = |sni, alpn| {
        let tcp = Mutex::new(duplicate);
        Arc::new(Peer { surface, sni, alpn, connection, tcp, reset: Notify::new(), leaving: Notify::new() })
    };
    let Some(tls) = tls else {
        return http(TokioIo::new(tcp), peer(None, ""), clouds, closing).await;
    };
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(tcp)).await else { return };
    let (_, session) = stream.get_ref();
    let sni = session.server_name().map(str::to_ascii_lowercase);
    let alpn = match session.alpn_protocol() {
        Some(b"h2") => "h2",
        Some(b"http/1.1") => "http/1.1",
        _ => "",
    };
    http(TokioIo::new(stream), peer(sni, alpn), clouds, closing).await;
}

/// How many there were.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

async fn http<I>(io: I, peer: Arc<Peer>, clouds: Arc<Clouds>, mut closing: watch::Receiver<u64>)
where
    I: Read + Write + Unpin + Send + 'static,
{
    let io = Shared::new(io);
    let service_peer = Arc::clone(&peer);
    let service = service_fn(move |request| exchange::run(Arc::clone(&clouds), Arc::clone(&service_peer), request));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(1024);
    let mut serving = pin!(builder.serve_connection(io.clone(), service));
    loop {
        tokio::select! {
            _ = serving.as_mut() => return,
            () = peer.reset.notified() => return,
            () = peer.leaving.notified() => {
                io.end_with(GO_AWAY).await.ok();
                return;
            }
            changed = closing.changed() => match changed {
                Ok(()) => serving.as_mut().graceful_shutdown(),
                // The port's task is gone; the connection lives on.
                Err(_) => {
                    serving.as_mut().await.ok();
                    return;
                }
            },
        }
    }
}
