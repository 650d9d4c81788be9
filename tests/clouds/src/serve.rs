//! Starting and stopping the clouds, and the file that says where they are.

use crate::args::Serve;
use crate::clouds::Clouds;
use crate::server;
use crate::surface::Surface;
use crate::tls::{self, Authority};
use serde_json::{Map, Value, json};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

type Failure = Box<dyn Error + Send + Sync>;

/// The clouds while they run; they stop with the runtime they were started on.
pub struct Running {
    /// What `clouds.json` says.
    pub addresses: Value,
    /// The certificate of the authority that signed theirs.
    pub ca_pem: String,
}

/// Starts every surface, and writes the CA and `clouds.json` into `dir`.
///
/// # Errors
/// When a port cannot be bound or the folder cannot be written.
pub async fn start(dir: &Path, also_accept: Vec<String>) -> Result<Running, Failure> {
    fs::create_dir_all(dir)?;
    let authority = Arc::new(Authority::generate()?);
    let ca_file = dir.canonicalize()?.join("ca.pem");
    fs::write(&ca_file, authority.pem())?;
    let clouds = Arc::new(Clouds::new(also_accept));
    let mut addresses = Map::new();
    addresses.insert("ca_file".into(), json!(ca_file));
    for surface in Surface::ALL {
        let tls = if surface.speaks_tls() { Some(tls::config(surface, &authority)?) } else { None };
        let address = server::listen(surface, &clouds, tls).await?;
        addresses.insert(surface.name().into(), json!(address.to_string()));
    }
    addresses.insert("credentials".into(), clouds.credentials.to_json());
    let addresses = Value::Object(addresses);
    let unfinished = dir.join(".clouds.json.new");
    fs::write(&unfinished, format!("{addresses:#}\n"))?;
    fs::rename(&unfinished, dir.join("clouds.json"))?;
    Ok(Running { addresses, ca_pem: authority.pem().to_owned() })
}

/// The command `serve`: runs until a signal, or until standard input closes where that was asked for.
///
/// # Errors
/// As [`start`].
pub async fn run(options: Serve) -> Result<ExitCode, Failure> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let running = start(&options.dir, options.also_accept).await?;
    println!("{:#}", running.addresses);
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
        () = stdin_closed(), if options.stop_with_stdin => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn stdin_closed() {
    let mut stdin = tokio::io::stdin();
    let mut ignored = [0_u8; 256];
    while matches!(stdin.read(&mut ignored).await, Ok(read) if read > 0) {}
}
