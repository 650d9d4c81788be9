"""The policy that most tests use, as an object that a test may change before it starts an Envoy of its own."""

from .records import CLOUDS


def base(clouds):
    """Every cloud with every kind of credential. Model `gpt-6.1-sol` is everywhere, in the order of the file."""
    return {
        "endpoints": {
            "azure-eastus2": {
                "cloud": "azure", "resource": "contoso-eastus2", "region": "eastus2", "residency": "us",
                "auth": {"api_key": {"sds": "azure-key"}}, "address": clouds["azure"],
            },
            "azure-sweden": {
                "cloud": "azure", "resource": "contoso-sweden", "region": "swedencentral", "residency": "eu",
                "auth": {"entra": entra(clouds)}, "address": clouds["azure"],
            },
            "aws-use1": {
                "cloud": "aws", "region": "us-east-1", "surface": "runtime", "residency": "us",
                "auth": "sigv4", "address": clouds["aws_runtime"],
            },
            "aws-euw1": {
                "cloud": "aws", "region": "eu-west-1", "surface": "runtime", "residency": "eu",
                "auth": {"api_key": {"sds": "bedrock-key"}}, "address": clouds["aws_runtime"],
            },
            "aws-mantle": {
                "cloud": "aws", "region": "us-east-1", "surface": "mantle", "residency": "us",
                "auth": "sigv4", "address": clouds["aws_mantle"],
            },
            "aws-mantle-key": {
                "cloud": "aws", "region": "us-west-2", "surface": "mantle", "residency": "us",
                "auth": {"api_key": {"sds": "bedrock-key"}}, "address": clouds["aws_mantle"],
            },
            "gcp-us": {
                "cloud": "gcp", "project": "acme-ai", "location": "us", "residency": "us",
                "auth": "metadata", "address": clouds["gcp"],
            },
            "gcp-global": {
                "cloud": "gcp", "project": "acme-ai", "location": "global", "residency": "global",
                "auth": {"token": {"sds": "google-token"}}, "address": clouds["gcp"],
            },
            "openai-eu": {
                "cloud": "openai", "data_residency": "eu", "residency": "eu",
                "organization": clouds["credentials"]["openai_organization"],
                "project": clouds["credentials"]["openai_project_eu"],
                "auth": {"api_key": {"sds": "openai-key"}}, "address": clouds["openai"],
            },
            "openai-global": {
                "cloud": "openai", "residency": "global",
                "auth": {"api_key": {"sds": "openai-key"}}, "address": clouds["openai"],
            },
        },
        "models": {
            "gpt-6.1-sol": [
                target("azure-eastus2", "gpt6sol-prod", BOTH, 2.0, 10.0),
                target("azure-sweden", "gpt6sol-prod", BOTH, 2.2, 11.0),
                target("aws-use1", "us.openai.gpt-6.1-sol", BOTH, 2.1, 10.5),
                target("aws-euw1", "eu.openai.gpt-6.1-sol", BOTH, 2.3, 11.5),
                target("aws-mantle", "openai.gpt-6.1-sol", RESPONSES, 2.1, 10.5),
                target("aws-mantle-key", "openai.gpt-6.1-sol", RESPONSES, 2.1, 10.5),
                target("gcp-us", "gpt-6.1-sol", RESPONSES, 1.9, 9.5),
                target("gcp-global", "gpt-6.1-sol", RESPONSES, 1.9, 9.5),
                target("openai-eu", "gpt-6.1-sol", BOTH, 2.2, 11.0),
                target("openai-global", "gpt-6.1-sol", BOTH, 2.0, 10.0),
            ],
            "gpt-oss-120b": [
                target("azure-eastus2", "gpt-oss-120b", CHAT, 0.2, 0.8),
                target("aws-use1", "openai.gpt-oss-120b-1:0", CHAT, 0.15, 0.6),
                target("aws-mantle", "openai.gpt-oss-120b", BOTH, 0.15, 0.6),
                target("gcp-us", "openai/gpt-oss-120b-maas", CHAT, 0.1, 0.4),
                target("gcp-global", "openai/gpt-oss-120b-maas", CHAT, 0.1, 0.4),
            ],
            # Takes its model from the path alone: such a request is not held for its body.
            "gpt-4o": {"translate": False, "targets": [
                {"endpoint": "azure-eastus2", "id": "gpt4o-classic", "form": CHAT, "api_version": "2024-10-21"},
            ]},
        },
        "tenants": {
            "acme": {"clouds": ["azure", "aws", "gcp"], "residency": ["us"], "models": ["*"],
                     "order": ["ordered", "weighted", "cheapest"]},
            "gcp-first": {"clouds": ["gcp", "aws", "azure"], "residency": ["us"], "models": ["*"]},
            "europe": {"clouds": ["azure", "aws"], "residency": ["eu"], "models": ["gpt-6*"]},
            "azure-only": {"clouds": ["azure"], "residency": ["us", "eu"], "models": ["*"]},
            "aws-only": {"clouds": ["aws"], "residency": ["us"], "models": ["gpt-oss-*"], "targets": ["aws-use1"]},
        },
        "identity": {
            "header": "x-tenant-id",
            "trust": {"listeners": ["default"]},
            "policy": {
                "header": "x-tenant-policy",
                "ceiling": {"clouds": CLOUDS, "residency": ["us", "eu", "global"], "models": ["*"],
                            "max_attempts": 3},
            },
        },
        "gcp": {"metadata": {"address": clouds["metadata"]}},
        "sessions": {"tag_keys": ["MULTIHOME_TAG_KEY"]},
        "timeouts": {"connect": "1s", "first_byte": "1500ms", "whole": "2s", "idle": "20s"},
    }


CHAT, RESPONSES = "openai.chat", "openai.responses"
BOTH = [CHAT, RESPONSES]


def target(endpoint, id, form, input, output):
    return {"endpoint": endpoint, "id": id, "form": form, "price": {"input": input, "output": output}}


def entra(clouds):
    credentials = clouds["credentials"]
    return {
        "tenant": credentials["entra_tenant"],
        "client_id": credentials["entra_client_id"],
        "client_secret": {"sds": "entra-secret"},
        "token_endpoint": {"address": clouds["entra"], "tls": {"ca_file": clouds["ca_file"]}},
    }
