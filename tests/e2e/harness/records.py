"""What the clouds' records say of a request: which endpoints were asked, and what of it may differ between equal requests."""

# Every cloud, in the order in which most plans try them.
CLOUDS = ["azure", "aws", "gcp", "openai"]

# Asked of every target, so that a request goes through its whole plan.
DOWN_EVERYWHERE = " ".join(f"[[{cloud} 503]]" for cloud in CLOUDS)

# The surfaces that serve models; the others issue tokens.
SERVING = {"azure", "aws_runtime", "aws_mantle", "gcp", "openai"}


def host_of(endpoint):
    """The host name of an endpoint of a policy."""
    if "host" in endpoint:
        return endpoint["host"]
    if endpoint["cloud"] == "azure":
        return f"{endpoint['resource']}.openai.azure.com"
    if endpoint["cloud"] == "aws":
        mantle = endpoint["surface"] == "mantle"
        return f"bedrock-{'mantle' if mantle else 'runtime'}.{endpoint['region']}.{'api.aws' if mantle else 'amazonaws.com'}"
    if endpoint["cloud"] == "openai":
        residency = endpoint.get("data_residency")
        return f"{residency}.api.openai.com" if residency else "api.openai.com"
    location = endpoint["location"]
    if location == "global":
        return "aiplatform.googleapis.com"
    return f"aiplatform.{location}.rep.googleapis.com" if location in ("us", "eu") else f"{location}-aiplatform.googleapis.com"


def endpoints(records, policy):
    """The names of the endpoints that the records were made at, in order."""
    names = {host_of(endpoint): name for name, endpoint in policy["endpoints"].items()}
    return [names[record["host"]] for record in serving(records)]


def serving(records):
    """The records of requests to models."""
    return [record for record in records if record["surface"] in SERVING]


def header(record, name):
    """The values of a header that a cloud received."""
    return [value for key, value in record["headers"] if key == name]


def comparable(record):
    """A record without what every request has of its own (its number, its connection, which is Envoy's choice, the answer's
    headers, the time, the signature) and without the order of its headers, which means nothing."""
    kept = {key: value for key, value in record.items() if key not in ("seq", "connection", "answer_headers")}
    kept["headers"] = sorted([name, _lasting(name, value)] for name, value in record["headers"])
    return kept


def _lasting(name, value):
    if name == "x-amz-date":
        return ""
    if name == "authorization":
        # A token may have been renewed meanwhile; of a signature stays what is signed.
        return "Bearer" if value.startswith("Bearer ") else value.split("Signature=")[0]
    return value
