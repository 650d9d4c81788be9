"""Clients that are programs of their own: SDKs of Python and JavaScript (tests/e2e/clients), and the Codex CLI."""

import json
import os
import select
import shutil
import socket
import subprocess
import threading

import clients_of_tests
import places

from .process import Failed

# What a first question may take: LangChain is read from the disk in seconds.
PATIENCE = 45


class Clients:
    """Starts each program when it is first asked; a `with` block ends them. `elsewhere` knows whom else they asked."""

    def __init__(self, processes, directory):
        if not clients_of_tests.installed():
            raise Failed("target/clients has not what tests/e2e/clients/package-lock.json pins: `make clients` installs it")
        self.processes, self.directory = processes, directory
        self.elsewhere = Elsewhere()
        self.running = {}
        directory.mkdir(parents=True, exist_ok=True)
        # Node finds packages beside the program that asks for them.
        for file in places.CLIENTS_SOURCE.glob("*.mjs"):
            shutil.copy(file, places.CLIENTS / file.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self.running.values():
            self.processes.stop(program.process)
        self.elsewhere.stop()

    def ask(self, program, **question):
        """What a program of tests/e2e/clients says: `{"text": …}`, or `{"error": {kinds, status, code, message}}`."""
        if program not in self.running:
            self.running[program] = Program(self.processes, self.command(program), self.environment(), self.directory / f"{program}.log")
        return self.running[program].ask(question)

    def run(self, language, source, **environment):
        """Runs a program to its end; gives what it printed."""
        command = [places.PYTHON, "-"] if language == "python" else [clients_of_tests.node(), "--input-type=module", "-"]
        return self._run(command, self.environment(**environment), source, places.CLIENTS)

    def codex(self, config, prompt, settings=(), **environment):
        """Lets Codex do one turn in a new folder, with `config` as the person's config.toml; gives how it ended."""
        return self.codex_session(config, settings, **environment).run(prompt)

    def codex_session(self, config, settings=(), **environment):
        """A new folder for Codex to work in, over several turns."""
        return CodexSession(self, config, settings, environment)

    def command(self, program):
        if program.endswith(".py"):
            return [places.PYTHON, places.CLIENTS_SOURCE / program]
        return [clients_of_tests.node(), places.CLIENTS / program]

    def environment(self, **more):
        """Nothing of the person's who runs it, and a proxy for all that is not on this machine."""
        node = os.path.dirname(clients_of_tests.node())
        proxies = {name: self.elsewhere.address for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")}
        return {"PATH": f"{node}{os.pathsep}{os.environ['PATH']}", "HOME": str(self.directory), "NODE_USE_ENV_PROXY": "1", **proxies,
                "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1", **more}

    def _run(self, command, environment, given, folder):
        return subprocess.run([str(word) for word in command], input=given, env=environment, cwd=folder, capture_output=True,
                              text=True, timeout=PATIENCE)


class CodexSession:
    """Codex in a folder of its own: `run` begins, `resume` goes on in a process of its own."""

    def __init__(self, clients, config, settings, environment):
        home = clients.directory / "codex"
        shutil.rmtree(home, ignore_errors=True)
        self.clients, self.folder = clients, home / "work"
        self.folder.mkdir(parents=True)
        (home / "config.toml").write_text(config)
        self.settings = [word for setting in settings for word in ("--config", setting)]
        self.environment = clients.environment(CODEX_HOME=str(home), **environment)

    def run(self, prompt, *options):
        return self._exec(*options, prompt)

    def resume(self, prompt, *options):
        return self._exec("resume", "--last", *options, prompt)

    def _exec(self, *words):
        command = [places.CLIENTS / "node_modules" / ".bin" / "codex", "exec", *self.settings, *words]
        at = len(command) - len(words) + (2 if words[0] == "resume" else 0)
        command[at:at] = ["--skip-git-repo-check"]
        return self.clients._run(command, self.environment, "", self.folder)


class Program:
    """A process that answers one question after the other, a line each."""

    def __init__(self, processes, command, environment, log):
        self.log = log
        with log.open("wb") as errors:
            self.process = processes.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment)

    def ask(self, question):
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            raise Failed(f"{self.log.stem} said nothing to {question}; {self.log} says:\n{self.log.read_text()[-3000:]}")
        return json.loads(line)


class Elsewhere:
    """A proxy that only notes who was asked for, and lets nothing through."""

    def __init__(self):
        self.asked = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._refuse, daemon=True).start()

    def take(self):
        """Who was asked for since the last time."""
        asked, self.asked = self.asked, []
        return asked

    def stop(self):
        # Ends the wait for another connection too.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _refuse(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    self.asked.append(connection.recv(1000).split(b"\r\n")[0].decode(errors="replace"))
                    connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
                except OSError:
                    pass
