"""A route names its query parameters, each may be given once, and every other one is refused.

Machine intake and the links in mails accept any. No alert is lost for a parameter, and mail programs add their own.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError


def refuse_unknown(request: Request) -> None:
    """Raises RequestValidationError for a query parameter that the route does not name, or that is given twice.

    It is called once the caller is known to be in the right role (http.md, Order of refusals).
    """
    if not request.scope["query_string"]:
        return
    known, given = _known(request), [name for name, _ in request.query_params.multi_items()]
    named = f"there are {', '.join(sorted(known))}" if known else "there are none here"
    wrong = {name: f"there is no parameter {name}; {named}" for name in given if name not in known}
    wrong |= {name: f"{name} is given more than once" for name in given if given.count(name) > 1}
    if wrong:
        raise RequestValidationError([{"loc": ("query", name), "msg": why} for name, why in wrong.items()])


async def named_parameters(request: Request) -> None:
    """The same, as a dependency of routes that are open to everybody."""
    refuse_unknown(request)


def filters(**described: str) -> dict[str, Any]:
    """Filters of a list as OpenAPI has them; the route reads them from the request."""
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "description": text, "schema": {"type": "string"}}
            for name, text in described.items()
        ]
    }


def _known(request: Request) -> set[str]:
    """The query parameters that a route names: in its signature, or in what it adds to its OpenAPI."""
    route = request.scope["route"]
    added = (route.openapi_extra or {}).get("parameters", ())
    named = {field.alias for field in route.dependant.query_params}
    return named | {each["name"] for each in added if each["in"] == "query"}
