//! Holds the emulated answers against recorded traffic of the real clouds.

use crate::args::Recorded;
use std::error::Error;
use std::process::ExitCode;

/// The command `recorded`.
///
/// # Errors
/// When the recordings cannot be read or the clouds cannot be started.
pub async fn run(_options: Recorded) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    Err("not there yet".into())
}
