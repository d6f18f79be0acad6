"""Who read whose words, where the policy says that this is recorded."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.http.context import context_of, policy_of
from api.http.documents.auditing.reads import ReadPage
from api.http.fields import Moment
from api.http.openapi.areas import Area
from api.http.openapi.operations import answers, needs, operation
from api.http.parameters import Cursor, Limit
from api.http.responses import page_of
from api.http.routes.audit.checks import Auditor
from application.audit.reads import ReadFilter
from application.views.questions import Listing, Page
from domain.values import Role

router = APIRouter(tags=[Area.LEDGER])
_LONGEST = 200
About = Annotated[
    str | None,
    Query(
        max_length=_LONGEST,
        description="Only reads of this case, problem, message, customer or list.",
        examples=["INC-0000009"],
    ),
]
OfReader = Annotated[
    str | None, Query(max_length=_LONGEST, description="Only reads by this person.", examples=["a.ortiz"])
]
OfCustomer = Annotated[
    str | None,
    Query(
        max_length=_LONGEST,
        description="Only reads of this customer's words.",
        examples=["f2d3009c3f5755d9bf5bb3fa7afd2a10"],
    ),
]
Since = Annotated[Moment | None, Query(alias="from", description="Only reads from then on.")]
Until = Annotated[Moment | None, Query(alias="to", description="Only reads before then.")]


@router.get(
    "/audit/reads",
    response_class=Response,
    operation_id="list_reads",
    openapi_extra=operation(answers(ReadPage, told="A page of reads.", headers=("Link",)), needs((Role.AUDITOR,))),
)
async def list_reads(
    request: Request,
    actor: Auditor,  # noqa: ARG001 - asked for its refusal
    about: About = None,
    reader: OfReader = None,
    customer: OfCustomer = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List who read whose words.

    The reads of staff, auditors and administrators that the policy's `reads_recorded` lets record, newest first. Filters
    combine. A read is listed within two seconds. It holds no words.
    """
    context = context_of(request)
    wanted = ReadFilter(about, reader, customer, since, until)
    question = f"reads {wanted}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    found = await context.ask(context.reads.page(wanted, Page(after, limit)))
    items = [{name: value for name, value in item.items() if name != "read_id"} for item in found.items]
    listing = Listing(items, found.next_key, found.position)
    return page_of(request, context, question, listing, recorded=(await policy_of(context)).reads_recorded)
