"""How a person goes on from here: lines to copy, which the tests run as they stand."""

from dataclasses import dataclass


@dataclass
class Asked:
    """What the examples ask. Azure's path, its SDK's own, is chat completions."""
    header: str = "x-tenant-id"
    tenant: str = "acme"
    model: str = "gpt-6.1-sol"
    chat: bool = True
    responses: bool = True
    fault: str = "azure"
    # By which curl asks.
    api: str = "chat"

    @classmethod
    def of(cls, cells, header, endpoints):
        """The first tenant and model of a policy that fail over to another cloud, and by both APIs, if there is one."""
        served = {}
        for cell in cells:
            if cell["targets"]:
                clouds = [endpoints[name]["cloud"] for name in cell["targets"]]
                served.setdefault((cell["tenant"], cell["model"]), {})[cell["api"]] = clouds
        if not served:
            return cls(header, "TENANT", "MODEL", fault="CLOUD")

        def telling(item):
            apis = item[1]
            return any(len(set(clouds)) > 1 for clouds in apis.values()), len(apis)
        (tenant, model), apis = max(served.items(), key=telling)
        api = max(apis, key=lambda api: len(set(apis[api])))
        return cls(header, tenant, model, "chat" in apis, "responses" in apis, apis[api][0], api)

    @property
    def path(self):
        return "chat/completions" if self.api == "chat" else "responses"

    @property
    def body(self):
        said = f"Where do you run? [[{self.fault} 429]]"
        if self.api == "chat":
            return f'{{"model": "{self.model}", "messages": [{{"role": "user", "content": "{said}"}}]}}'
        return f'{{"model": "{self.model}", "input": "{said}"}}'


CURL = """\
curl {base}/{path} -H 'content-type: application/json' -H '{header}: {tenant}' -i \\
  -d '{body}'"""

PYTHON = """\
from openai import OpenAI

client = OpenAI(base_url="{base}", api_key="unused", default_headers={{"{header}": "{tenant}"}})
for event in client.responses.create(model="{model}", input="Where do you run?", stream=True):
    if event.type == "response.output_text.delta":
        print(event.delta, end="", flush=True)
print()"""

AZURE = """\
from openai import AzureOpenAI

client = AzureOpenAI(azure_endpoint="{at}", api_version="2024-10-21", api_key="unused", default_headers={{"{header}": "{tenant}"}})
asked = [{{"role": "user", "content": "Where do you run?"}}]
print(client.chat.completions.create(model="{model}", messages=asked).choices[0].message.content)"""

FUNC_E = "cd {folder} && . ./environment && func-e run -c envoy.yaml --disable-hot-restart -l warning"

FAULT = """curl {clouds}/faults -d '{{"on": "{fault}", "fault": "503"}}'"""

TEXT = """
It stays up until Ctrl-C. Try it with curl:

{curl}

{sdks}A second Envoy of the same configuration, on the same clouds, while this one runs:

{func_e}

{fault} down until `curl -X DELETE {clouds}/faults`:

{fault_line}

  [[azure 429]]            in a prompt makes the emulated azure answer 429; also aws, gcp, openai; 400, 401, 500, 503, reset, hang, cut
  {admin}   Envoy's admin interface
  {clouds}/records   what the clouds received
  {folder}/   policy.yaml, envoy.yaml, access.log, envoy.log, addresses.json
"""


def text(addresses, folder, asked):
    said = {"base": addresses["openai_base_url"], "at": addresses["azure_endpoint"], "path": asked.path, "body": asked.body,
            "header": asked.header, "tenant": asked.tenant, "model": asked.model, "folder": folder,
            "clouds": addresses["clouds_admin"], "fault": asked.fault}
    sdks = []
    if asked.responses:
        sdks.append("With OpenAI's package for Python (pip install openai; or `make venv`, then target/venv/bin/python):\n\n" + PYTHON)
    if asked.chat:
        sdks.append("With its client for Azure:\n\n" + AZURE)
    return TEXT.format(
        curl=CURL.format(**said), sdks="".join(sdk.format(**said) + "\n\n" for sdk in sdks), func_e=FUNC_E.format(**said),
        fault_line=FAULT.format(**said), admin=addresses["envoy_admin"], clouds=said["clouds"], folder=folder,
        fault=f"The emulated {asked.fault} is")
