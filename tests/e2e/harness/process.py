"""Processes that end with the one that started them, whatever happens to it."""

import ctypes
import signal
import subprocess
import sys
import time


class Failed(Exception):
    """The run cannot go on, and why."""


class Processes:
    """What was started here; a `with` block ends it in the reverse order."""

    def __init__(self):
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, command, **options):
        """A process of its own session: Ctrl-C reaches only us, and we end the others in order."""
        words = [str(word) for word in command]
        process = subprocess.Popen(words, start_new_session=True, preexec_fn=_die_with_parent, **options)
        self.running.append(process)
        return process

    def stop(self, process=None):
        """Ends one, or all."""
        chosen = [process] if process else list(reversed(self.running))
        for one in chosen:
            if one.poll() is None:
                one.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 10
        for one in chosen:
            try:
                one.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
            if one in self.running:
                self.running.remove(one)


def until(condition, what, seconds=20.0, alive=None):
    """Waits until `condition()` holds and returns what it gave; an OSError counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except OSError:
            found = None
        if found:
            return found
        if alive is not None and alive.poll() is not None:
            raise Failed(f"{what}: the process ended with code {alive.returncode}")
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


def _load_libc():
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


# Loaded before any fork: a child must not load libraries.
_LIBC = _load_libc()
_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    """A parent that is killed cannot end anything itself: on Linux the kernel does."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
