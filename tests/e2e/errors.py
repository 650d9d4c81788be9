"""What a client is told, one row for each cloud and error: the table of `test_errors.py`."""

INVALID, RATE, SERVER = "invalid_request_error", "rate_limit_error", "server_error"
MISCONFIGURED, CREDENTIAL = (502, SERVER, "target_misconfigured", None), (502, SERVER, "credential_refused", None)
LIMITED, TIMEOUT = (429, RATE, "rate_limit_exceeded", None), (504, SERVER, "upstream_timeout", None)


def failed(status):
    return status, SERVER, "upstream_error", None


# Where `x-request-id` comes from: the cloud's own number of the call, or Envoy's where the cloud gives none
APIM, AMZN, OWN, ENVOY = "apim-request-id", "x-amzn-requestid", "x-request-id", "envoy"

# Who answers: an endpoint, form, model
AZURE = ("azure-eastus2", "chat", "gpt-6.1-sol")
CLASSIC = ("azure-eastus2", "chat", "gpt-4o")
RUNTIME = ("aws-use1", "chat", "gpt-6.1-sol")
MANTLE = ("aws-mantle", "responses", "gpt-6.1-sol")
PUBLISHER = ("gcp-us", "responses", "gpt-6.1-sol")
OPENAPI = ("gcp-us", "chat", "gpt-oss-120b")
OPENAI = ("openai-eu", "chat", "gpt-6.1-sol")

# who, the fault, (status, type, code, param), retry-after, where the id comes from, what the message says
ROWS = [
    # The client's own mistake, as the cloud says it
    (AZURE, "400", (400, INVALID, "BadRequest", None), None, APIM, "The request is invalid."),
    (AZURE, "400-quota", (400, INVALID, "BadRequest", None), None, APIM, "The request is invalid."),
    (AZURE, "content-filter", (400, INVALID, "content_filter", "prompt"), None, APIM, "content management policy"),
    # In shapes that are no cloud's own, and about what one account keeps
    (AZURE, "400-text", (400, INVALID, None, None), None, APIM, "Tools are not taken here."),
    (MANTLE, "400-text", (400, INVALID, None, None), None, AMZN, "Tools are not taken here."),
    (AZURE, "404-reference", (404, INVALID, None, None), None, APIM, "Conversation with id"),
    (RUNTIME, "404-reference", (404, INVALID, None, None), None, AMZN, "Conversation with id"),
    (PUBLISHER, "404-reference", (404, INVALID, None, None), None, ENVOY, "Conversation with id"),
    (CLASSIC, "400", (400, INVALID, "BadRequest", None), None, APIM, "The request is invalid."),
    (CLASSIC, "content-filter", (400, INVALID, "content_filter", "prompt"), None, APIM, "content management policy"),
    (RUNTIME, "400", (400, INVALID, "ValidationException", None), None, AMZN, "The request is invalid."),
    (MANTLE, "400", (400, INVALID, "validation_error", None), None, AMZN, "The request is invalid."),
    (PUBLISHER, "400", (400, INVALID, "INVALID_ARGUMENT", None), None, ENVOY, "invalid argument"),
    (PUBLISHER, "400-quota", (400, INVALID, "INVALID_ARGUMENT", None), None, ENVOY, "invalid argument"),
    (OPENAPI, "400", (400, INVALID, "INVALID_ARGUMENT", None), None, ENVOY, "invalid argument"),
    (AZURE, "413", (413, INVALID, "413", None), None, APIM, "too large"),
    (AZURE, "422", (422, INVALID, "422", None), None, APIM, "could not be processed"),
    (CLASSIC, "413", (413, INVALID, "413", None), None, APIM, "too large"),
    (RUNTIME, "413", (413, INVALID, "RequestEntityTooLargeException", None), None, AMZN, "too large"),
    (RUNTIME, "422", (422, INVALID, "UnprocessableEntityException", None), None, AMZN, "could not be processed"),
    (MANTLE, "413", (413, INVALID, "validation_error", None), None, AMZN, "too large"),
    (MANTLE, "422", (422, INVALID, "validation_error", None), None, AMZN, "could not be processed"),
    (PUBLISHER, "413", (413, INVALID, None, None), None, ENVOY, "refused with status 413 by gcp"),
    (PUBLISHER, "422", (422, INVALID, "INVALID_ARGUMENT", None), None, ENVOY, "could not be processed"),
    (OPENAPI, "413", (413, INVALID, None, None), None, ENVOY, "refused with status 413 by gcp"),
    (OPENAPI, "422", (422, INVALID, "INVALID_ARGUMENT", None), None, ENVOY, "could not be processed"),
    # Our credential is refused: not in the cloud's words, which may hold parts of it
    (AZURE, "401", CREDENTIAL, None, APIM, "`azure-eastus2`"),
    (AZURE, "403", CREDENTIAL, None, APIM, "`azure-eastus2`"),
    (CLASSIC, "401", CREDENTIAL, None, APIM, "`azure-eastus2`"),
    (RUNTIME, "401", CREDENTIAL, None, AMZN, "`aws-use1`"),
    (RUNTIME, "400-signature", CREDENTIAL, None, AMZN, "`aws-use1`"),
    (RUNTIME, "403", CREDENTIAL, None, AMZN, "`aws-use1`"),
    (MANTLE, "401", CREDENTIAL, None, AMZN, "`aws-mantle`"),
    (MANTLE, "400-signature", CREDENTIAL, None, AMZN, "`aws-mantle`"),
    (MANTLE, "403", CREDENTIAL, None, AMZN, "`aws-mantle`"),
    (PUBLISHER, "401", CREDENTIAL, None, ENVOY, "`gcp-us`"),
    (PUBLISHER, "403", CREDENTIAL, None, ENVOY, "`gcp-us`"),
    (OPENAPI, "401", CREDENTIAL, None, ENVOY, "`gcp-us`"),
    (OPENAPI, "403", CREDENTIAL, None, ENVOY, "`gcp-us`"),
    # The model or deployment is not there, though the file says so
    (AZURE, "404", MISCONFIGURED, None, APIM, "policy file"),
    (CLASSIC, "404", MISCONFIGURED, None, APIM, "policy file"),
    (RUNTIME, "404", MISCONFIGURED, None, AMZN, "policy file"),
    (MANTLE, "404", MISCONFIGURED, None, AMZN, "policy file"),
    (PUBLISHER, "404", MISCONFIGURED, None, ENVOY, "policy file"),
    (OPENAPI, "404", MISCONFIGURED, None, ENVOY, "policy file"),
    (AZURE, "400-target", MISCONFIGURED, None, APIM, "policy file"),
    (RUNTIME, "400-target", MISCONFIGURED, None, AMZN, "policy file"),
    (MANTLE, "400-target", MISCONFIGURED, None, AMZN, "policy file"),
    (PUBLISHER, "400-target", MISCONFIGURED, None, ENVOY, "policy file"),
    (OPENAPI, "400-target", MISCONFIGURED, None, ENVOY, "policy file"),
    # No capacity
    (AZURE, "429", LIMITED, None, APIM, "call rate limit"),
    (AZURE, "proxy-limit", LIMITED, None, ENVOY, "no capacity"),
    (AZURE, "429 retry-after=7", LIMITED, "7", APIM, "call rate limit"),
    (CLASSIC, "429 retry-after=7", LIMITED, "7", APIM, "call rate limit"),
    (RUNTIME, "429", LIMITED, None, AMZN, "Too many requests"),
    (RUNTIME, "429 retry-after=7", LIMITED, "7", AMZN, "Too many requests"),
    (RUNTIME, "400-quota", LIMITED, None, AMZN, "exceeded a service quota"),
    (MANTLE, "429", LIMITED, None, AMZN, "Too many requests"),
    (MANTLE, "429 retry-after=7", LIMITED, "7", AMZN, "Too many requests"),
    (MANTLE, "400-quota", LIMITED, None, AMZN, "exceeded a service quota"),
    (PUBLISHER, "429", LIMITED, None, ENVOY, "Resource exhausted"),
    (PUBLISHER, "429 retry-after=7", LIMITED, "7", ENVOY, "Resource exhausted"),
    (OPENAPI, "429", LIMITED, None, ENVOY, "Resource exhausted"),
    (OPENAPI, "429 retry-after=7", LIMITED, "7", ENVOY, "Resource exhausted"),
    # The cloud fails; what its front door says has no number
    (AZURE, "424", failed(502), None, APIM, "Failed dependency"),
    (AZURE, "500", failed(500), None, APIM, "had an error"),
    (AZURE, "502", failed(502), None, ENVOY, "Bad gateway"),
    (AZURE, "503", failed(503), None, APIM, "temporarily unable"),
    (AZURE, "html", failed(502), None, ENVOY, "`azure-eastus2` failed on azure"),
    (AZURE, "huge", failed(500), None, APIM, "`azure-eastus2` failed on azure"),
    # Which repeat what they were sent
    (AZURE, "500-secret", failed(500), None, APIM, "`azure-eastus2` failed on azure"),
    (RUNTIME, "500-secret", failed(500), None, AMZN, "`aws-use1` failed on aws"),
    (MANTLE, "500-secret", failed(500), None, AMZN, "`aws-mantle` failed on aws"),
    (PUBLISHER, "500-secret", failed(500), None, ENVOY, "`gcp-us` failed on gcp"),
    (CLASSIC, "500", failed(500), None, APIM, "had an error"),
    (CLASSIC, "huge", failed(500), None, APIM, "`azure-eastus2` failed on azure"),
    (RUNTIME, "424", failed(502), None, AMZN, "unexpected error"),
    (RUNTIME, "500", failed(500), None, AMZN, "unexpected error"),
    (RUNTIME, "502", failed(502), None, ENVOY, "Bad gateway"),
    (RUNTIME, "503", failed(503), None, AMZN, "unable to process"),
    (RUNTIME, "html", failed(502), None, ENVOY, "`aws-use1` failed on aws"),
    (RUNTIME, "huge", failed(500), None, AMZN, "`aws-use1` failed on aws"),
    (MANTLE, "424", failed(502), None, AMZN, "unexpected error"),
    (MANTLE, "500", failed(500), None, AMZN, "unexpected error"),
    (MANTLE, "502", failed(502), None, ENVOY, "Bad gateway"),
    (MANTLE, "503", failed(503), None, AMZN, "unable to process"),
    (MANTLE, "html", failed(502), None, ENVOY, "`aws-mantle` failed on aws"),
    (MANTLE, "huge", failed(500), None, AMZN, "`aws-mantle` failed on aws"),
    (PUBLISHER, "424", failed(502), None, ENVOY, "Precondition"),
    (PUBLISHER, "500", failed(500), None, ENVOY, "Internal error"),
    (PUBLISHER, "502", failed(502), None, ENVOY, "Internal error"),
    (PUBLISHER, "503", failed(503), None, ENVOY, "unavailable"),
    (PUBLISHER, "html", failed(502), None, ENVOY, "`gcp-us` failed on gcp"),
    (PUBLISHER, "huge", failed(500), None, ENVOY, "`gcp-us` failed on gcp"),
    (OPENAPI, "424", failed(502), None, ENVOY, "Precondition"),
    (OPENAPI, "500", failed(500), None, ENVOY, "Internal error"),
    (OPENAPI, "503", failed(503), None, ENVOY, "unavailable"),
    (OPENAPI, "html", failed(502), None, ENVOY, "`gcp-us` failed on gcp"),
    # The cloud says that it took too long, or goes away before a word
    (AZURE, "408", TIMEOUT, None, APIM, "timeout"),
    (AZURE, "504", TIMEOUT, None, ENVOY, "timed out"),
    (AZURE, "reset", (503, SERVER, "upstream_unavailable", None), None, ENVOY, "could not be reached"),
    (CLASSIC, "reset", (503, SERVER, "upstream_unavailable", None), None, ENVOY, "could not be reached"),
    (RUNTIME, "408", TIMEOUT, None, AMZN, "timed out"),
    (RUNTIME, "504", TIMEOUT, None, ENVOY, "timeout"),
    (RUNTIME, "reset", (503, SERVER, "upstream_unavailable", None), None, ENVOY, "could not be reached"),
    (MANTLE, "408", TIMEOUT, None, AMZN, "timed out"),
    (MANTLE, "504", TIMEOUT, None, ENVOY, "timeout"),
    (MANTLE, "reset", (503, SERVER, "upstream_unavailable", None), None, ENVOY, "could not be reached"),
    (PUBLISHER, "408", TIMEOUT, None, ENVOY, "timed out"),
    (PUBLISHER, "504", TIMEOUT, None, ENVOY, "Deadline exceeded"),
    (PUBLISHER, "reset", (503, SERVER, "upstream_unavailable", None), None, ENVOY, "could not be reached"),
    (OPENAPI, "408", TIMEOUT, None, ENVOY, "timed out"),
    (OPENAPI, "504", TIMEOUT, None, ENVOY, "Deadline exceeded"),
    (OPENAPI, "reset", (503, SERVER, "upstream_unavailable", None), None, ENVOY, "could not be reached"),
    # All of it, of OpenAI: no money left is a 429 there, and a project may keep its data elsewhere
    (OPENAI, "400", (400, INVALID, None, None), None, OWN, "The request is invalid."),
    (OPENAI, "content-filter", (400, INVALID, "invalid_prompt", None), None, OWN, "was flagged"),
    (OPENAI, "404-reference", (404, INVALID, None, None), None, OWN, "Conversation with id"),
    (OPENAI, "422", (422, INVALID, None, None), None, OWN, "could not be processed"),
    (OPENAI, "401", CREDENTIAL, None, OWN, "`openai-eu`"),
    (OPENAI, "403", CREDENTIAL, None, OWN, "`openai-eu`"),
    (OPENAI, "404", MISCONFIGURED, None, OWN, "policy file"),
    (OPENAI, "400-target", MISCONFIGURED, None, OWN, "policy file"),
    (OPENAI, "429", LIMITED, None, OWN, "in organization … on requests"),
    (OPENAI, "429 retry-after=7", LIMITED, "7", OWN, "Rate limit reached"),
    (OPENAI, "400-quota", (429, RATE, "insufficient_quota", None), None, OWN, "exceeded your current quota"),
    (OPENAI, "500", failed(500), None, OWN, "had an error"),
    (OPENAI, "500-secret", failed(500), None, OWN, "`openai-eu` failed on openai"),
    (OPENAI, "502", failed(502), None, ENVOY, "Bad gateway"),
    (OPENAI, "503", failed(503), None, OWN, "overloaded"),
    (OPENAI, "html", failed(502), None, ENVOY, "`openai-eu` failed on openai"),
    (OPENAI, "408", TIMEOUT, None, OWN, "timed out"),
    (OPENAI, "504", TIMEOUT, None, ENVOY, "timeout"),
    (OPENAI, "reset", (503, SERVER, "upstream_unavailable", None), None, ENVOY, "could not be reached"),
]

# A body that the cloud refuses: who, fields of the request, (status, type, code, param), where the id comes from
MISTAKES = [
    (AZURE, {"messages": []}, (400, INVALID, "empty_array", "messages"), APIM),
    (CLASSIC, {"n": 0}, (400, INVALID, "integer_below_min_value", "n"), APIM),
    (RUNTIME, {"messages": []}, (400, INVALID, "validation_error", "messages"), AMZN),
    (MANTLE, {"max_output_tokens": 1}, (400, INVALID, "validation_error", "max_output_tokens"), AMZN),
    (PUBLISHER, {"max_output_tokens": 1}, (400, INVALID, "integer_below_min_value", "max_output_tokens"), ENVOY),
    (OPENAPI, {"n": 0}, (400, INVALID, "INVALID_ARGUMENT", None), ENVOY),
    (OPENAI, {"messages": []}, (400, INVALID, "empty_array", "messages"), OWN),
]
