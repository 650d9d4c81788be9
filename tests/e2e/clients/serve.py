"""Answers questions as they come: a JSON object a line on the standard input, one a line on the standard output."""

import json
import sys


def serve(answer):
    for line in sys.stdin:
        try:
            told = {"text": answer(**json.loads(line))}
        except Exception as error:
            told = {"error": seen(error)}
        print(json.dumps(told), flush=True)


def seen(error):
    """What a program sees of an error; `kinds` is its class and those above it."""
    return {"kinds": [kind.__name__ for kind in type(error).__mro__], "status": getattr(error, "status_code", None), "code": getattr(error, "code", None),
            "message": str(error)}
