"""The headers that the interface reads and answers (http.md)."""

from __future__ import annotations

from typing import Any

Parameter = dict[str, Any]


def _read(name: str, description: str, pattern: str, example: str, *, required: bool = False) -> Parameter:
    schema = {"type": "string", "pattern": pattern, "examples": [example]}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


IF_MATCH = _read(
    "If-Match",
    'The ETag of the version that you have seen, such as `"v3"`. `*` means whatever the version is now.',
    r'^(\*|"v[0-9]{1,18}")$',
    "*",
    required=True,
)
MAY_MATCH = {**IF_MATCH, "required": False}
IDEMPOTENCY_KEY = _read(
    "Idempotency-Key",
    "A string of 1 to 255 characters, in quotes. A request that is repeated with it within 7 days is carried out once, and"
    " answered in the same way.",
    r'^("[^"]{1,255}"|[^"\s]([^"]{0,253}[^"\s])?)$',
    '"3f2d8c1e-7a4b-4c59-9f60-1b2a3c4d5e6f"',
)
IF_NONE_MATCH = _read(
    "If-None-Match", "The ETag of the version that you have. 304 if it is the present one.", r"^.*$", '"v3"'
)
WAIT_FOR_POSITION = _read(
    "Wait-For-Position",
    "The `Position` of an earlier answer. The answer waits, for some seconds, until the view has reached it.",
    r"^[0-9]{1,18}$",
    "1",
)
LAST_EVENT_ID = _read(
    "Last-Event-ID",
    "The id of the last event that was read of a stream: it goes on after that. Only a stream reads it.",
    r"^.*$",
    "111",
)
WEBHOOK_ORIGIN = _read(
    "WebHook-Request-Origin",
    "Who wants to send events (CloudEvents, HTTP 1.1 Web Hooks).",
    r"^[!-~]{1,255}$",
    "events.example",
)


def _answered(description: str, schema: dict[str, Any], example: Any, *, always: bool = True) -> dict[str, Any]:
    return {"description": description, "required": always, "schema": {**schema, "examples": [example]}}


_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
ANSWERED: dict[str, dict[str, Any]] = {
    "ETag": _answered("The version. Send it in `If-Match` or `If-None-Match`.", _TEXT, '"v8"'),
    "MaybeETag": _answered("The version, unless a page or a problem type is answered.", _TEXT, '"v8"', always=False),
    "Position": _answered("The position of the last event in the ledger.", _NUMBER, 111),
    "MaybePosition": _answered(
        "The position of the last event, unless a page is answered.", _NUMBER, 111, always=False
    ),
    "Location": _answered("Where it is.", _TEXT, "/cases/INC-0000009"),
    "MaybeLocation": _answered("Where the case is, if there is one.", _TEXT, "/cases/INC-0000009", always=False),
    "Link": _answered(
        "The next page (RFC 8288), if there is one.", _TEXT, '</cases?cursor=x>; rel="next"', always=False
    ),
    "Idempotency-Replayed": _answered(
        "`true` if this key was used before, and this is that answer.", _TEXT, "true", always=False
    ),
    "Retry-After": _answered("Seconds to wait before the request is sent again.", _TEXT, "1"),
    "WWW-Authenticate": _answered("The scheme of authentication.", _TEXT, 'Bearer realm="caseledger"'),
    "Content-Disposition": _answered("The name of the file, to be saved under.", _TEXT, 'attachment; filename="a.png"'),
    "Allow": _answered("The methods of this address.", _TEXT, "OPTIONS, POST"),
    "WebHook-Allowed-Origin": _answered("Who may send events.", _TEXT, "events.example"),
    "WebHook-Allowed-Rate": _answered("Events a minute that may be sent.", _TEXT, "600"),
}
"""By the name of the component."""


def answered(*names: str) -> dict[str, Any]:
    """References to headers of an answer, by their names on the wire."""
    return {name.removeprefix("Maybe"): {"$ref": f"#/components/headers/{name}"} for name in names}
