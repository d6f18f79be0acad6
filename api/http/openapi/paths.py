"""The parameters in paths. The server looks them up, so that one that has not this form is not found (404)."""

from __future__ import annotations

from typing import Any

from domain.values import CODE

_DIGEST = r"^[0-9a-f]{64}$"
_CASE = ("The number of the case.", {"pattern": "^INC-[0-9]{7,18}$"}, "INC-0000009")
_CODE = {"pattern": CODE.pattern}
_LOG = ("The number of the log, from 1.", {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, 1)
_MESSAGE = ("The id of the message.", {"format": "uuid"}, "5f0c6a4e-7c1d-5a57-9f0e-2f3c1f1f7a10")
_TILE = (
    "The path of a tile or of a bundle of entries below the log (C2SP tlog-tiles).",
    {"minLength": 1},
    "tile/0/000",
)
_TOKEN = ("The token in the link of a mail.", {"pattern": r"^[A-Za-z0-9_.-]+$"}, "eyJhbGciOiJFZERTQSJ9.e30.c2ln")

_KNOWN: dict[tuple[str, str], tuple[str, dict[str, Any], Any]] = {
    ("cases", "number"): _CASE,
    ("audit", "number"): _CASE,
    ("audit", "check"): ("The name of the check.", {"enum": ["verify", "conformance"]}, "verify"),
    ("problems", "number"): (
        "The number of the Problem Case. Reading also takes the name of a problem type.",
        {"pattern": "^(PRB-[0-9]{7,12}|[a-z]+(-[a-z]+)*)$"},
        "PRB-0000004",
    ),
    ("approvals", "number"): ("The number of the measure.", {"pattern": r"^[a-z-]+:.+$"}, "hold:INC-0000009"),
    ("demo", "number"): ("The number of the mail.", {"type": "integer"}, 1),
    ("cases", "digest"): ("The digest of the file.", {"pattern": _DIGEST}, "0" * 64),
    ("self-service", "digest"): ("The digest of the file.", {"pattern": _DIGEST}, "0" * 64),
    ("cases", "message"): _MESSAGE,
    ("quarantine", "message"): _MESSAGE,
    ("queues", "name"): (
        "The name of the queue, as `GET /queues` lists it. Obligations and the quarantine have addresses of their own.",
        {"minLength": 1, "not": {"enum": ["obligations", "quarantine"]}},
        "triage",
    ),
    ("reports", "name"): (
        "The name of the report.",
        {"enum": ["outcomes", "reopenings", "resolution", "volume"]},
        "volume",
    ),
    ("services", "code"): ("The id of the service.", _CODE, "printing"),
    ("teams", "code"): ("The id of the team.", _CODE, "network"),
    ("help-desks", "code"): ("The id of the help desk.", _CODE, "dhs"),
    ("scripts", "code"): ("The id of the script.", _CODE, "printing-basics"),
    ("sources", "code"): ("The id of the monitoring source.", _CODE, "prometheus"),
    ("customers", "code"): ("The customer id.", _CODE, "f2d3009c3f5755d9bf5bb3fa7afd2a10"),
    ("sources", "key"): ("The id of the key.", {"pattern": r"^[0-9a-z]{8}$"}, "3f9a1c7e"),
    ("webhooks", "code"): ("The id of the webhook.", _CODE, "hub"),
    ("webhooks", "secret"): ("The id of the secret.", {"pattern": r"^[0-9a-f]{8}$"}, "3f9a1c7e"),
    ("grants", "subject"): ("The id of the person or machine.", _CODE, "b.chen"),
    ("filters", "name"): ("The name of the filter.", _CODE, "late printers"),
    ("tlog", "log"): _LOG,
    ("tlog", "path"): _TILE,
    ("disputes", "token"): _TOKEN,
    ("self-service", "token"): _TOKEN,
}


def described(path: str, parameter: dict[str, Any]) -> dict[str, Any]:
    """A path parameter with what is known of it."""
    description, schema, example = _KNOWN[path.split("/")[1], parameter["name"]]
    kind = {} if "enum" in schema else {"type": "string"}
    return {**parameter, "description": description, "schema": {**kind, **schema, "examples": [example]}}
