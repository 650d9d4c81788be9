"""What cargo makes at the repository's root, by the command that operators are told, is the module that Envoy loads."""

import json
import subprocess

import places

COMMAND = ["cargo", "build", "--release", "--target", "wasm32-wasip1"]


def test_the_command_at_the_root_makes_the_module(policy, start_gateway):
    documents = [places.ROOT / "README.md", *places.ROOT.glob("docs/*.md")]
    assert any(" ".join(COMMAND) in document.read_text() for document in documents), "another command is documented"

    built = subprocess.run([*COMMAND, "--message-format", "json"], cwd=places.ROOT, capture_output=True, text=True)

    assert built.returncode == 0, built.stderr[-3000:]
    # Of two targets that write one file, cargo says `output filename collision`; which of the two remains is chance.
    assert "warning" not in built.stderr, built.stderr
    messages = map(json.loads, built.stdout.splitlines())
    makers = [message["target"]["kind"] for message in messages if str(places.MODULE) in message.get("filenames", [])]
    assert makers == [["cdylib"]]
    answer = start_gateway(policy, module=places.MODULE).ask()
    assert (answer.status, answer.attempts) == (200, 1)
