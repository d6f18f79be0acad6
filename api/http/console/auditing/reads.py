"""Who read whose words: for auditors, by case, by reader and by customer."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import Response

from api.http.console.access import Auditor, only_given
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import context_of, policy_of
from application.audit.reads import ReadFilter
from application.views.questions import Page

router = area("/audit")
_LIMIT = 100


@router.get("/reads", dependencies=[Depends(only_given)])
async def list_reads(
    request: Request, actor: Auditor, about: str = "", reader: str = "", customer: str = "", cursor: str | None = None
) -> Response:
    """The reads that were recorded, newest first."""
    context = context_of(request)
    told = (("about", about), ("reader", reader), ("customer", customer))
    given = {name: value.replace("\0", "").strip() for name, value in told if value.strip()}
    question = f"ui reads {sorted(given.items())}"
    after = context.cursors.read(question, cursor) if cursor else None
    found = await context.ask(
        context.reads.page(
            ReadFilter(given.get("about"), given.get("reader"), given.get("customer")), Page(after, _LIMIT)
        )
    )
    key, policy = found.next_key, await policy_of(context)
    return show(
        await frame_of(request, actor),
        "audit/reads",
        title="Who read what",
        found=found.items,
        given=given,
        recorded=policy.reads_recorded,
        kept=policy.reads_kept,
        more=f"/ui/audit/reads?{urlencode({**given, 'cursor': context.cursors.make(question, key)})}" if key else None,
    )
