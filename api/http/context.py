"""What every route is given: the desk, the views, the feed, and who may use them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol, cast

from fastapi import Request

from api.http.cursors import Cursors
from api.http.deadline import Admission
from api.http.gate import Gate
from api.http.limits import Limits
from api.http.uploads import Uploads
from application.desk import Desk
from application.execution.principals import DisputeLink, FollowLink, Principal, Unauthenticated
from application.mail_in.failures import Failures
from application.transparency_log import SealedLog
from application.views.questions import Feed, Views
from domain.values import Actor, Role


class CaughtMail(Protocol):
    """A mail as the demonstration shows it."""

    @property
    def id(self) -> int: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def envelope_from(self) -> str: ...
    @property
    def recipients(self) -> Sequence[str]: ...
    @property
    def subject(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str: ...


@dataclass(frozen=True)
class Context:
    """The application as the composition root put it together."""

    desk: Desk
    views: Views
    feed: Feed
    log: SealedLog
    verify: Callable[[str], Principal]
    """Turns a bearer token into who it names. Raises Unauthenticated, Undecided. It may ask an identity provider."""
    remembered: Callable[[str], Principal | None]
    """The same for a token that was verified before: it asks nobody."""
    cursors: Cursors
    read_link: Callable[[str], DisputeLink]
    """Whom and what a link in a mail names. Raises Unauthenticated."""
    read_follow_link: Callable[[str], FollowLink]
    """Whose case such a link follows. Raises Unauthenticated."""
    follow_link: Callable[[str, str, int], str]
    """Makes the address under which a customer follows a case: which case, which customer, how often erased so far."""
    limits: Limits
    """How often strangers may do what they may."""
    uploads: Uploads
    """Where files are kept on their way in."""
    caught: Callable[[], Sequence[CaughtMail]] | None = None
    """The mails of the demonstration's own mail server, where there is one."""
    gate: Gate = field(default_factory=Gate)
    """What machines must pass to hand something in."""
    failures: Failures = field(default_factory=Failures)
    """Which messages of machines fail again and again."""
    streams: Gate = field(default_factory=Gate)
    """The readers who follow the feed at once."""
    admission: Admission = field(default_factory=Admission)
    """Where callers are looked up."""
    patience: float = 5.0
    """Seconds a read waits for its view to reach `Wait-For-Position`."""


def context_of(request: Request) -> Context:
    """The context the application was started with."""
    return cast("Context", request.app.state.context)


async def authenticated(request: Request) -> Principal:
    """The caller, or 401. A dependency, so that it comes before any parameter is looked at."""
    context, token = context_of(request), _token(request)
    if (known := context.remembered(token)) is not None:
        return known
    return await context.admission.look(partial(admitted, context, token))


async def admit(request: Request, caller: Principal, among: Sequence[Role] | frozenset[Role]) -> Actor:
    """The caller in a role that may; looked up off the event loop where memory does not tell. Raises Forbidden."""
    context = context_of(request)
    if (actor := context.desk.admitted(caller, among)) is not None:
        return actor
    return await context.admission.look(partial(context.desk.admit, caller, among))


def principal_of(request: Request) -> Principal:
    """The caller by their bearer token, in a thread: it may ask others. Raises Unauthenticated, Undecided."""
    return admitted(context_of(request), _token(request))


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("an Authorization header with a bearer token is needed")
    return token.strip()


def admitted(context: Context, token: str, *, looking: bool = False) -> Principal:
    """Whom a token, or the key of a machine, names; ``looking`` looks on the record for a key that is not known.

    Raises Unauthenticated.
    """
    if token.startswith("clk_"):
        return context.desk.holder_of(token, looking=looking)
    return context.verify(token)
