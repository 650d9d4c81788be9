//! The command line.

use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
Usage: multihome-clouds serve --dir DIR [--stop-with-stdin] [--also-accept NAME]...
       multihome-clouds recorded DIR

serve      Starts the emulated clouds on loopback ports, writes DIR/clouds.json and DIR/ca.pem, prints
           clouds.json, and runs until SIGTERM or SIGINT.
             --stop-with-stdin   also stops when standard input is closed
             --also-accept NAME  a deployment or model that every cloud has beside the built-in ones
recorded   Holds the emulated answers against the recorded traffic of the real clouds in DIR; exits 1 on any
           difference, and when nothing was compared.
";

/// What is asked for.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// The emulated clouds, until a signal.
    Serve(Serve),
    /// Their answers against recorded ones.
    Recorded(Recorded),
    /// How to call this program.
    Help,
}

/// The options of `serve`.
#[derive(Debug, Default, PartialEq)]
pub struct Serve {
    /// Where `clouds.json` and `ca.pem` are written.
    pub dir: PathBuf,
    /// Whether the end of the standard input ends the clouds.
    pub stop_with_stdin: bool,
    /// Deployments or models that every cloud has beside the built-in ones.
    pub also_accept: Vec<String>,
}

/// The options of `recorded`.
#[derive(Debug, PartialEq)]
pub struct Recorded {
    /// The folder of recorded traffic.
    pub dir: PathBuf,
}

/// Reads the arguments behind the program's name.
///
/// # Errors
/// Says what is wrong and where the usage stands.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments.peekable();
    match arguments.next().as_deref() {
        Some("serve") => serve(arguments).map(Command::Serve),
        Some("recorded") => match (arguments.next(), arguments.next()) {
            (Some(dir), None) => Ok(Command::Recorded(Recorded { dir: dir.into() })),
            _ => Err("`recorded` takes one folder; see --help".into()),
        },
        Some("--help" | "-h" | "help") => Ok(Command::Help),
        Some(other) => Err(format!("unknown command `{other}`; see --help")),
        None => Err("no command; see --help".into()),
    }
}

fn serve(mut arguments: impl Iterator<Item = String>) -> Result<Serve, String> {
    let mut options = Serve::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--dir" => options.dir = value(&mut arguments, "--dir")?.into(),
            "--stop-with-stdin" => options.stop_with_stdin = true,
            "--also-accept" => options.also_accept.push(value(&mut arguments, "--also-accept")?),
            other => return Err(format!("unknown option `{other}` of `serve`; see --help")),
        }
    }
    if options.dir.as_os_str().is_empty() {
        return Err("`serve` needs --dir DIR".into());
    }
    Ok(options)
}

fn value(arguments: &mut impl Iterator<Item = String>, name: &str) -> Result<String, String> {
    arguments.next().ok_or_else(|| format!("`{name}` needs a value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_serve_with_every_option() {
        let expected = Serve { dir: "/tmp/x".into(), stop_with_stdin: true, also_accept: vec!["a".into(), "b".into()] };
        assert_eq!(
            parsed("serve --dir /tmp/x --stop-with-stdin --also-accept a --also-accept b"),
            Ok(Command::Serve(expected))
        );
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in ["", "serve", "serve --dir", "serve --port 1", "recorded", "recorded a b", "stop"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
