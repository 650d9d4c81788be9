"""How a person goes on from here: lines to copy, which the tests run as they stand."""

CURL = """\
curl {base}/chat/completions -H 'content-type: application/json' -H 'x-tenant-id: acme' -i \\
  -d '{{"model": "gpt-6.1-sol", "messages": [{{"role": "user", "content": "Where do you run? [[azure 429]]"}}]}}'"""

PYTHON = """\
from openai import OpenAI

client = OpenAI(base_url="{base}", api_key="unused", default_headers={{"x-tenant-id": "acme"}})
for event in client.responses.create(model="gpt-6.1-sol", input="Where do you run?", stream=True):
    if event.type == "response.output_text.delta":
        print(event.delta, end="", flush=True)
print()"""

TEXT = """
It stays up until Ctrl-C. Try it with curl:

{curl}

or with OpenAI's package for Python (pip install openai; or `make venv`, then target/venv/bin/python):

{python}

  [[azure 429]]            in a prompt makes the emulated azure answer 429; also aws, gcp; 400, 401, 500, 503, reset, hang, cut
  {admin}   Envoy's admin interface
  {clouds}/records   what the clouds received
  {folder}/   policy.yaml, envoy.yaml, access.log, envoy.log, addresses.json
"""


def text(addresses, folder):
    base = addresses["openai_base_url"]
    return TEXT.format(
        curl=CURL.format(base=base), python=PYTHON.format(base=base), admin=addresses["envoy_admin"],
        clouds=addresses["clouds_admin"], folder=folder)
