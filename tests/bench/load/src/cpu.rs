//! The CPU time of another process.

use std::io;
use std::time::Duration;

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

/// What all threads of `pid` have run, those that have ended too, in user and kernel mode: the process's own CPU clock,
/// in nanoseconds. `/proc/PID/stat` counts in ticks of 10 ms, and `/proc/PID/task` loses a thread when it ends.
pub fn time(pid: u32) -> io::Result<Duration> {
    let pid = i32::try_from(pid).map_err(io::Error::other)?;
    Ok(clock_getcpuclockid(Pid::from_raw(pid))?.now()?.into())
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::thread;

    use super::*;

    fn work() {
        let mut sum = 0_u64;
        for number in 0..20_000_000_u64 {
            sum = sum.wrapping_mul(31).wrapping_add(std::hint::black_box(number));
        }
        std::hint::black_box(sum);
    }

    #[test]
    fn a_thread_counts_while_it_runs_and_when_it_has_ended() {
        let pid = std::process::id();
        let before = time(pid).unwrap();
        let during = thread::spawn(move || {
            work();
            time(pid).unwrap()
        });
        let during = during.join().unwrap();
        assert!(during > before);
        assert!(time(pid).unwrap() >= during);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(time(child.id()).is_err());
    }
}
