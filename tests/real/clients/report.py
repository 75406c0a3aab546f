"""What every client script prints: a line of JSON for each value that it read, without the value."""

import hashlib
import json
import sys


def value(name, version, value, **more):
    """Reports the value of a version of the secret `name`."""
    if isinstance(value, str):
        value = value.encode()
    json.dump({"name": name, "version": str(version), "sha256": hashlib.sha256(value).hexdigest(), **more}, sys.stdout)
    print(flush=True)


def missing(name, version, reason):
    """Reports a version that is listed and has no value."""
    json.dump({"name": name, "version": str(version), "missing": reason}, sys.stdout)
    print(flush=True)
