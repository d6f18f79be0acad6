"""A route names its query parameters, each may be given once, and every other one is refused.

Machine intake and the links in mails accept any. No alert is lost for a parameter, and mail programs add their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError

from api.http.fields import Moment

Limit = Annotated[int, Query(ge=1, le=200, description="The most items on the page.", examples=[50])]
Cursor = Annotated[
    str | None,
    Query(
        description="`next_cursor` of the page before: the rest of the same list.",
        examples=["ofeZpvsuOGVq-7MUO0ndflsiSU5DLTAwMDAwMTIiXQ"],
    ),
]
AtVersion = Annotated[int | None, Query(ge=1, description="As of this version.", examples=[1])]
AtEvent = Annotated[int | None, Query(ge=1, description="As of this position in the ledger.", examples=[111])]
AtPosition = Annotated[int | None, Query(ge=0, description="As of this position in the ledger.", examples=[111])]
AsOf = Annotated[Moment | None, Query(description="As the ledger knew it at this time.")]
EffectiveAt = Annotated[Moment | None, Query(description="Only what had happened by this time counts.")]
FileName = Annotated[str, Query(max_length=1_000, description="The name of the file.", examples=["screenshot.png"])]


def refuse_unknown(request: Request) -> None:
    """Refuse a query parameter that the route does not name, or that comes twice. Raises RequestValidationError.

    Call it once the role of the caller is checked (http.md, Order of refusals).
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
    """The same as a dependency, for open routes."""
    refuse_unknown(request)


def _known(request: Request) -> set[str]:
    """The query parameters that a route names, in its signature or in its OpenAPI."""
    route = request.scope["route"]
    added = (route.openapi_extra or {}).get("parameters", ())
    named = set(_named(route.dependant))
    return named | {each["name"] for each in added if each["in"] == "query"}


def _named(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _named(each)
