"""The emulated clouds as a process, and what a test may ask of them."""

import json
import subprocess

import places

from . import http1
from .process import Failed, until


# Not among the built-in ones: an inference profile of the EU.
ALSO = ["eu.openai.gpt-6.1-sol"]


class Clouds:
    """`info` is clouds.json: an address for each surface, the CA, the credentials that are accepted."""

    def __init__(self, processes, directory, also=ALSO):
        """`also`: deployments and models that every cloud has beside the built-in ones."""
        directory.mkdir(parents=True, exist_ok=True)
        written = directory / "clouds.json"
        written.unlink(missing_ok=True)
        self.log = directory / "clouds.log"
        with self.log.open("wb") as log:
            # The pipe on its standard input ends it when we are gone, on any system.
            self.process = processes.start(
                [places.CLOUDS, "serve", "--dir", directory, "--stop-with-stdin",
                 *(word for name in also for word in ("--also-accept", name))],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log)
        try:
            until(written.exists, "the emulated clouds", alive=self.process)
        except Failed as failed:
            raise Failed(f"{failed}; {self.log} says: {self.log.read_text(errors='replace')[-2000:]}") from None
        self.info = json.loads(written.read_text())

    def __getitem__(self, name):
        return self.info[name]

    def admin(self, method, path, body=None):
        body = None if body is None else json.dumps(body).encode()
        answer = http1.request(self["admin"], method, path, body=body)
        if answer.status != 200:
            raise Failed(f"the clouds' admin port refused {method} {path} {body}: {answer.text}")
        return answer.json

    def records(self, containing=""):
        """What the clouds received, in order; only those whose body or path holds `containing`. `headers` is a list of pairs."""
        found = self.admin("GET", "/records")["records"]
        return [record for record in found if containing in record["body"] or containing in record["path"]]

    def await_records(self, condition, containing="", seconds=5):
        """The records, as soon as `condition(records)` holds: what happens after an answer is recorded after it."""
        def met():
            records = self.records(containing)
            return records if condition(records) else None
        return until(met, "the clouds' records", seconds)

    def fault(self, on, fault, times=None, **settings):
        """Sets a fault on a cloud, a surface or a host, until `clear` (or for so many requests)."""
        order = {"on": on, "fault": fault, "times": times, **settings}
        self.admin("POST", "/faults", {key: value for key, value in order.items() if value is not None})

    def clear(self):
        """No faults, working tokens, no records: how each test finds the clouds."""
        self.admin("DELETE", "/faults")
        for issuer in ("metadata", "entra"):
            self.admin("POST", "/token", {"of": issuer, "fail": False, "expires_in": 3599})
        self.admin("DELETE", "/records")

    def secrets(self):
        """The secrets by the names that the policies here use for them."""
        credentials = self["credentials"]
        return {
            "azure-key": credentials["azure_api_key"],
            "bedrock-key": credentials["bedrock_api_key"],
            "entra-secret": credentials["entra_client_secret"],
        }

    def aws_environment(self):
        """What Envoy's signer finds its credentials by; nothing of the person's who runs it."""
        credentials = self["credentials"]
        return {
            "AWS_ACCESS_KEY_ID": credentials["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": credentials["aws_secret_access_key"],
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def google_token(self):
        """An access token, for an endpoint that takes it from a secret."""
        path = "/computeMetadata/v1/instance/service-accounts/default/token"
        answer = http1.request(self["metadata"], "GET", path, [("metadata-flavor", "Google")])
        return answer.json["access_token"]
