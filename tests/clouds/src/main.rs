//! `multihome-clouds serve` runs the emulated clouds; `multihome-clouds recorded` holds them against recordings.

use multihome_clouds::args::{self, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match args::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(message) => {
            eprintln!("multihome-clouds: {message}");
            return ExitCode::from(2);
        }
    };
    if matches!(command, Command::Help) {
        print!("{}", args::HELP);
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("multihome-clouds: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = match command {
        Command::Serve(options) => runtime.block_on(multihome_clouds::serve(options)),
        Command::Recorded(options) => runtime.block_on(multihome_clouds::recorded(options)),
        Command::Help => Ok(ExitCode::SUCCESS),
    };
    // Hanging requests and a blocked read of stdin must not hold the process.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        eprintln!("multihome-clouds: {error}");
        ExitCode::FAILURE
    })
}
