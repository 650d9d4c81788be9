"""An Envoy that somebody has, with routes, filters, a log and local replies of its own; and the parts put into it."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import places

from . import issuer

HTTP, NETWORK = "type.googleapis.com/envoy.extensions.filters.http", "type.googleapis.com/envoy.extensions.filters.network"
# The host that the parts are for, one under the wildcard that would take it too, and one that no name is for.
OURS, SHOP, ANY = "llm.contoso.test", "shop.contoso.test", "example.test"


class Backend:
    """A server behind a route of theirs; says its name, and what it was asked."""

    def __init__(self, name):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = f"{name}: {self.command} {self.path} {self.headers.get('content-type')}".encode()
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.send_response(200)
                self.send_header("content-type", "text/x-shop")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.handler = Handler
        self.port = None
        self.start()

    def start(self):
        """On the port that it had before, if it had one."""
        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port or 0), self.handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def bootstrap(keys, backends):
    """The operator's. `keys` verify the tokens, `backends` are ports by name."""
    return {
        "node": {"id": "edge-1", "cluster": "edge"},
        "admin": {"address": _socket(0)},
        "static_resources": {
            "listeners": [{
                "name": "default", "address": _socket(0), "per_connection_buffer_limit_bytes": 16 << 20,
                "filter_chains": [{"filters": [{"name": "http", "typed_config": _manager(keys)}]}],
            }],
            "clusters": [_cluster(name, port) for name, port in backends.items()],
        },
    }


def _manager(keys):
    return {
        "@type": f"{NETWORK}.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "web",
        "use_remote_address": True,
        "always_set_request_id_in_response": True,
        "stream_idle_timeout": "60s",
        "http_protocol_options": {"ignore_http_11_upgrade": [{"prefix": "TLS/"}, {"exact": "h2c"}]},
        "access_log": [{"name": "log", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {"json_format": {
                "log": "own", "request_id": "%RESP(X-REQUEST-ID)%", "status": "%RESPONSE_CODE%",
                "host": "%REQ(:AUTHORITY)%", "path": "%REQ(:PATH)%", "details": "%RESPONSE_CODE_DETAILS%", "cluster": "%UPSTREAM_CLUSTER%",
                "record": "%FILTER_STATE(wasm.multihome.record:PLAIN)%"}},
        }}],
        "early_header_mutation_extensions": [{"name": "own", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            "mutations": [{"remove": "x-debug"}]}}],
        "local_reply_config": {
            "mappers": [{
                "filter": {"status_code_filter": {"comparison": {"op": "EQ", "value": {"default_value": 503, "runtime_key": "shop"}}}},
                "headers_to_add": [{"header": {"key": "x-shop", "value": "closed"}}],
                "body_format_override": {"text_format_source": {"inline_string": "The shop is closed."}},
            }, {
                "filter": {"status_code_filter": {"comparison": {"op": "GE", "value": {"default_value": 400, "runtime_key": "rest"}}}},
                "headers_to_add": [{"header": {"key": "x-shop", "value": "sorry"}}],
            }],
            "body_format": {"text_format_source": {"inline_string": "Sorry: %LOCAL_REPLY_BODY%"}, "content_type": "text/x-sorry"},
        },
        "http_filters": [_jwt(keys), _fault(), _router()],
        "route_config": {"name": "own", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [
                _direct("/", "the shop's door"), _direct("/v1/models", "models of shops"), _direct("/readyz", "the shop is ready"),
                _to("/search", "search")]},
            {"name": "contoso", "domains": ["*.contoso.test"], "routes": [_to("/cart", "cart"), _to("/search", "search")]},
        ]},
    }


def _jwt(keys):
    """Who asks our host, and for a cart, needs a token; its claim `tenant` becomes a header."""
    provider = {"issuer": issuer.NAME, "local_jwks": {"inline_string": keys},
                "claim_to_headers": [{"header_name": "x-tenant-id", "claim_name": "tenant"}]}
    of_ours = {"name": ":authority", "string_match": {"exact": OURS}}
    needed = {"provider_name": "contoso"}
    rules = [{"match": {"path": path}} for path in ("/healthz", "/readyz")]
    rules += [{"match": {"prefix": "/", "headers": [of_ours]}, "requires": needed}, {"match": {"prefix": "/cart"}, "requires": needed}]
    return {"name": "jwt", "typed_config": {"@type": f"{HTTP}.jwt_authn.v3.JwtAuthentication",
                                            "providers": {"contoso": provider}, "rules": rules}}


def _fault():
    return {"name": "fault", "typed_config": {
        "@type": f"{HTTP}.fault.v3.HTTPFault", "headers": [{"name": "x-fault", "present_match": True}],
        "abort": {"http_status": 503, "percentage": {"numerator": 100}}}}


def _router():
    return {"name": "router", "typed_config": {"@type": f"{HTTP}.router.v3.Router"}}


def _direct(path, text):
    return {"match": {"path": path}, "direct_response": {"status": 200, "body": {"inline_string": text}}}


def _to(prefix, cluster):
    return {"match": {"prefix": prefix}, "route": {"cluster": cluster}}


def _cluster(name, port):
    endpoint = {"endpoint": {"address": _socket(port)}}
    return {"name": name, "type": "STATIC", "load_assignment": {
        "cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}}


def _socket(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def partners(bootstrap, tls, parts):
    """Gives the operator one more listener, for clients with certificates and for nothing but the parts for it."""
    authority = {"trusted_ca": {"filename": tls["client_ca_file"]}}
    chain = {"certificate_chain": {"filename": tls["certificate_file"]}, "private_key": {"filename": tls["key_file"]}}
    context = {"@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
               "disable_stateless_session_resumption": True, "disable_stateful_session_resumption": True,
               "common_tls_context": {"tls_certificates": [chain], "validation_context": authority}}
    manager = {"@type": f"{NETWORK}.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "partners",
               **parts["filters"], "route_config": {"name": "partners", **parts["route"]}}
    manager["http_filters"] = [*manager["http_filters"], _router()]
    bootstrap["static_resources"]["listeners"].append({
        "name": "partners", "address": _socket(0),
        "filter_chains": [{"transport_socket": {"name": "tls", "typed_config": context},
                           "filters": [{"name": "http", "typed_config": manager}]}]})


def parts(folder, ca_file, *options, internal_listeners=True):
    """What the documented commands print for `folder`'s policy, by the part's name."""
    names = ("filters", "route", "clusters", *(["listeners"] if internal_listeners else []))
    given = [*options, "--sds-dir", folder / "secrets", "--ca-file", ca_file, "--format", "json",
             *([] if internal_listeners else ["--no-internal-listeners"])]

    def part(name):
        domain = ["--domain", OURS] if name == "route" else []
        command = [places.CLI, "render", "envoy", folder / "policy.yaml", "--wasm", places.MODULE, "--part", name, *domain, *given]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    return {name: part(name) for name in names}


# How `docs/deploy.md` says that the parts are put into what one has, step by step: its words, and what is done for them.
def _filters(bootstrap, filters):
    manager = _manager_of(bootstrap)
    *own, router = manager["http_filters"]
    manager["http_filters"] = [*own, *filters["http_filters"], router]
    manager["early_header_mutation_extensions"] += filters["early_header_mutation_extensions"]
    replies = manager["local_reply_config"]
    replies["mappers"] = filters["local_reply_config"]["mappers"] + replies["mappers"]


def _route(bootstrap, route):
    _manager_of(bootstrap)["route_config"]["virtual_hosts"] += route["virtual_hosts"]


def _clusters(bootstrap, clusters):
    bootstrap["static_resources"]["clusters"] += clusters["clusters"]


def _listeners(bootstrap, listeners):
    bootstrap["static_resources"]["listeners"] += listeners["listeners"]
    bootstrap["bootstrap_extensions"] = listeners["bootstrap_extensions"]


STEPS = {
    "filters": (_filters, """into the HTTP connection manager: `http_filters` behind your own filters and right in front of your
        router; `early_header_mutation_extensions` behind yours; the `mappers` of `local_reply_config` in front of yours"""),
    "route": (_route, "the virtual host beside your own"),
    "clusters": (_clusters, "the clusters beside your own"),
    "listeners": (_listeners, """the listeners beside your own; `bootstrap_extensions` into the bootstrap, unless you have
        `envoy.bootstrap.internal_listener` there already"""),
}


def merge(bootstrap, parts):
    """Puts the parts in, in the order of the documentation."""
    for name, part in parts.items():
        STEPS[name][0](bootstrap, part)


def _manager_of(bootstrap):
    return bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
