"""Customers follow and act on their case by its link (SOP 5.9). GET shows, POST acts (http.md, Auth).

Every invalid link gets the same 404, whatever is wrong with it: it must not reveal which cases exist.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import parse_qs

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.http.bodies.self_service import LONGEST, LinkDisputeBody, LinkDisputeForm, LinkNoteBody, LinkNoteForm
from api.http.context import Context, context_of, policy_of
from api.http.documents.self_service import DisputedCase, FollowedCase
from api.http.openapi.areas import Area
from api.http.openapi.operations import (
    BYTES,
    OPEN,
    PAGE,
    Part,
    answers,
    gives,
    operation,
    refuses,
    takes,
    takes_bytes,
    takes_form,
)
from api.http.pages.rendering import page, wants_page
from api.http.parameters import FileName
from api.http.problems import Problem
from api.http.requests import LARGEST, asked, json_body
from api.http.responses import json_response
from api.http.routes.attachments import GIVEN_OUT, given_out, largest, refuse_forms
from api.http.routes.self_service import Raw, written
from application.cases.attachments import File
from application.execution.principals import FollowLink, Unauthenticated
from application.execution.requests import Committed, Idempotency
from application.execution.requests import Request as Asked
from domain.errors import NotFound
from domain.values import Actor, Role

router = APIRouter(prefix="/self-service", tags=[Area.SELF_SERVICE])
_FORM = "application/x-www-form-urlencoded"


_WRITTEN = ("ETag", "Position", "Idempotency-Replayed")


def _acting_answers(case: type[FollowedCase]) -> Part:
    """The answer to what a customer does: the case as JSON, or a page."""
    return operation(
        OPEN,
        answers(case, told="The case.", headers=("MaybeETag", "MaybePosition", "Idempotency-Replayed")),
        gives(PAGE, told="The case."),
        refuses("too-many-requests"),
    )


@router.get(
    "/cases/{token}",
    response_class=Response,
    operation_id="follow_case",
    openapi_extra=operation(OPEN, answers(FollowedCase, told="The case."), gives(PAGE, told="The case.")),
)
async def show(request: Request, token: str) -> Response:
    """Follow a case by the link in its mails.

    Where it stands, what has happened, and what can be done. A page for browsers, JSON for others (`Accept`).
    """
    context, link = await _opened(request, token)
    document = await context.desk.case_links.followed(link)
    if wants_page(request):
        zone = (await policy_of(context)).business.time_zone
        return page("case", case=document, path=request.url.path, zone=zone)
    return json_response(document)


@router.get(
    "/cases/{token}/attachments/{digest}",
    response_class=Response,
    operation_id="read_followed_attachment",
    openapi_extra=operation(OPEN, GIVEN_OUT),
)
async def read_file(request: Request, token: str, digest: str) -> Response:
    """Download a file by the link that follows its case.

    It is to be saved and not shown. `gone` once it is erased.
    """
    context, link = await _opened(request, token)
    return await given_out(request, *await context.desk.case_links.followed_file(link, digest))


@router.post(
    "/cases/{token}/notes",
    response_class=Response,
    operation_id="note_by_link",
    openapi_extra=operation(takes(LinkNoteBody), takes_form(LinkNoteForm), _acting_answers(FollowedCase)),
)
async def post_note(request: Request, raw: Raw, token: str) -> Response:
    """Add a note by the link that follows a case.

    In any status. It answers a question that the desk asked.
    """
    context, link, text, wanted = await _acting(request, raw, token, "text")
    committed = await context.desk.case_links.note(link, text, wanted)
    return await _done(request, context, link, committed, "What you wrote is added to your case.")


@router.post(
    "/cases/{token}/dispute",
    response_class=Response,
    operation_id="dispute_case_by_link",
    openapi_extra=operation(takes(LinkDisputeBody), takes_form(LinkDisputeForm), _acting_answers(DisputedCase)),
)
async def post_dispute(request: Request, raw: Raw, token: str) -> Response:
    """Dispute a resolution by the link that follows its case.

    The case is reopened; after the dispute window a new one is logged (R-5.9c, R-5.9f).
    """
    context, link, reason, wanted = await _acting(request, raw, token, "reason")
    erasures = await context.desk.runner.repository.erasures_of(link.customer)
    outcome = await context.desk.case_links.dispute(link, reason, wanted)
    number = outcome.case.number
    follow = context.follow_link(number, link.customer, erasures) if number != link.case else None
    told = {
        "reopened": f"{number} is reopened. We go on with it.",
        "noted": f"{number} is being worked on; what you wrote is added to it.",
        "followed_up": f"The time to dispute was over. We have opened {number} for it.",
    }[outcome.contested]
    more = {"outcome": outcome.contested, "case": number, "follow": follow}
    return await _done(request, context, link, outcome.committed, told, **more)


@router.post(
    "/cases/{token}/accept",
    response_class=Response,
    operation_id="accept_by_link",
    openapi_extra=operation(_acting_answers(FollowedCase), refuses("invalid-transition")),
)
async def post_accept(request: Request, raw: Raw, token: str) -> Response:
    """Accept a resolution by the link that follows its case.

    The resolved case is closed.
    """
    context, link = await _opened(request, token)
    _count(context, link)
    wanted = _asked(request, link, raw or b"", _once(request, raw))
    committed = await context.desk.case_links.accept(link, wanted)
    return await _done(request, context, link, committed, "Thank you. Your case is closed.")


async def _opening(request: Request, token: str) -> FollowLink:
    """The link, before a byte of the body is read."""
    context, link = await _opened(request, token)
    _count(context, link)
    return link


@router.post(
    "/cases/{token}/attachments",
    response_class=Response,
    status_code=201,
    operation_id="attach_by_link",
    openapi_extra=operation(
        OPEN,
        takes_bytes(BYTES, "*/*"),
        answers(FollowedCase, told="The case.", status=201, headers=(*_WRITTEN, "Location")),
        refuses("attachments-full", "too-many-requests"),
    ),
)
async def post_file(request: Request, link: Annotated[FollowLink, Depends(_opening)], name: FileName = "") -> Response:
    """Attach a file by the link that follows a case.

    In any status. The body is the file itself, at most 25 MiB; no form.
    """
    context = context_of(request)
    refuse_forms(request)
    async with context.uploads.receive(request, await largest(context), by_link=True) as upload:
        wanted = _asked(request, link, f"{name}\0{upload.sha256}".encode(), None, 201)
        async with context.uploads.whole(upload) as content:
            file = File(name, request.headers.get("content-type", ""), content)
            committed = await context.desk.case_links.attach(link, file, wanted)
    headers = {**written(committed), "Location": f"{request.url.path}/{committed.case.attachments[-1].said.digest}"}
    return json_response(await context.desk.case_links.followed(link, committed), 201, headers)


async def _opened(request: Request, token: str) -> tuple[Context, FollowLink]:
    """The link, where it opens something still. Raises NotFound, in the same words whatever is wrong."""
    context = context_of(request)
    try:
        link = context.read_follow_link(token)
        await context.desk.case_links.follow(link)
    except (Unauthenticated, NotFound):
        raise NotFound("This link is not valid, or no longer.") from None
    return context, link


async def _acting(request: Request, raw: bytes | None, token: str, name: str) -> tuple[Context, FollowLink, str, Asked]:
    context, link = await _opened(request, token)
    _count(context, link)
    text = _text(request, raw, name)
    return context, link, text, _asked(request, link, text.encode(), _once(request, raw))


def _count(context: Context, link: FollowLink) -> None:
    context.limits.count_link(link.case, link.customer)


def _asked(request: Request, link: FollowLink, words: bytes, once: str | None, status: int = 200) -> Asked:
    """Who asks. A form that is sent twice is carried out once; gone back to and sent with other words, it says those too."""
    wanted = replace(asked(request, Actor(link.customer, Role.CUSTOMER), words, status), interface="link")
    if once is None or wanted.idempotency is not None:
        return wanted
    key = hashlib.sha256(f"once\0{request.url.path}\0{once}\0".encode() + words).digest()
    return replace(wanted, idempotency=Idempotency(key, hashlib.sha256(words).digest(), status))


def _text(request: Request, raw: bytes | None, name: str) -> str:
    """The words of a form or of a JSON object. Raises Problem 400, 413, 415, 422."""
    if _is_form(request):
        if raw is None:
            raise Problem("content-too-large", f"a body may have {LARGEST} bytes")
        given: Any = _form(raw).get(name, [""])[0]
    else:
        try:
            document = msgspec.json.decode(json_body(request, raw))
        except (msgspec.DecodeError, UnicodeDecodeError):  # half a sign, or UTF-16
            raise Problem("malformed", "the body is no JSON in UTF-8") from None
        if not isinstance(document, dict) or set(document) != {name}:
            raise Problem("validation-failed", f"an object with {name} and nothing else is expected")
        given = document[name]
    text = given.replace("\0", "").strip() if isinstance(given, str) else ""
    if not 1 <= len(text) <= LONGEST:
        field = {"detail": f"a text of 1 to {LONGEST} characters", "pointer": f"/{name}"}
        raise Problem("validation-failed", field["detail"], errors=[field])
    return text


def _once(request: Request, raw: bytes | None) -> str | None:
    return _form(raw).get("once", [None])[0] if raw and _is_form(request) else None


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM


def _form(raw: bytes) -> dict[str, list[Any]]:
    try:
        return dict(parse_qs(raw.decode("utf-8", "replace"), max_num_fields=10))
    except ValueError:
        raise Problem("malformed", "a form of this desk has fewer fields") from None


async def _done(
    request: Request, context: Context, link: FollowLink, committed: Committed, told: str, **more: Any
) -> Response:
    if wants_page(request):
        return page("told", told=told, path=request.url.path.rpartition("/")[0])
    document = await context.desk.case_links.followed(link, committed)
    return json_response({**more, **document}, headers=written(committed))
