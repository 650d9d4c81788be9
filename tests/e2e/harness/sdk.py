"""The official `openai` package as the gateway's client."""

import openai

from .gateway import permits_only


class Clients:
    """Makes clients and closes them. No retries of their own: they would hide what the gateway answers."""

    def __init__(self):
        self.made = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.made:
            client.close()

    def openai(self, gateway, tenant="acme", only=None, headers=None, listener="default"):
        return self._keep(openai.OpenAI(
            base_url=f"http://{gateway.addresses[listener]}/v1", api_key="the-clients-own", max_retries=0, timeout=20,
            default_headers=self._headers(tenant, only, headers)))

    def azure(self, gateway, tenant="acme", only=None, headers=None, listener="default"):
        return self._keep(openai.AzureOpenAI(
            azure_endpoint=f"http://{gateway.addresses[listener]}", api_key="the-clients-own", api_version="2024-10-21",
            max_retries=0, timeout=20, default_headers=self._headers(tenant, only, headers)))

    def _keep(self, client):
        self.made.append(client)
        return client

    @staticmethod
    def _headers(tenant, only, headers):
        who = {"x-tenant-policy": permits_only(only)} if only else {"x-tenant-id": tenant} if tenant else {}
        return {**who, **(headers or {})}
