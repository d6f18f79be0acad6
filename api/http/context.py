"""What every route uses: the desk, the views, the feed, and who is calling."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import ParamSpec, Protocol, TypeVar, cast

from anyio import CapacityLimiter
from fastapi import Request

from api.http.cursors import Cursors
from api.http.entrance.deadline import LONG, CallerLookup, allow, in_thread
from api.http.entrance.gate import Gate
from api.http.entrance.limits import Limits
from api.http.entrance.sessions import Sessions
from api.http.entrance.uploads import Uploads
from application.audit.checks import Checks
from application.audit.reads import KeptReads, Readings, What
from application.desk import Desk
from application.execution.principals import DisputeLink, FollowLink, IdentityProvider, Principal, Unauthenticated
from application.mail_in.failures import Failures
from application.reports.conformance.histories import Histories
from application.transparency_log import SealedLog
from application.views.questions import Feed, Views
from domain.case import Case
from domain.policy import Policy
from domain.values import Actor, Role

QUESTIONS = 12
"""Questions to the views that are answered at once, and as many to the log."""
P = ParamSpec("P")
T = TypeVar("T")


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


@dataclass
class Seals:
    """How far events are known to be in the signed log. What is sealed stays sealed."""

    position: int = 0


@dataclass(frozen=True)
class Context:
    """The application as the composition root put it together."""

    desk: Desk
    views: Views
    histories: Histories
    """Histories for conformance."""
    feed: Feed
    log: SealedLog
    verify: Callable[[str], Principal]
    """The caller that a bearer token names. Raises Unauthenticated, Undecided. It may ask an identity provider."""
    remembered: Callable[[str], Principal | None]
    """The same for a token that was verified before; None for another. It asks nobody."""
    cursors: Cursors
    read_link: Callable[[str], DisputeLink]
    """The resolution that a link in a mail disputes. Raises Unauthenticated."""
    read_follow_link: Callable[[str], FollowLink]
    """The case that a link in a mail follows. Raises Unauthenticated."""
    follow_link: Callable[[str, str, int], str]
    """Makes the address under which a customer follows a case, from case, customer and number of erasures."""
    webhook_secret: Callable[[str, str], str]
    """The secret of a webhook as its receiver keeps it, by the ids of both."""
    limits: Limits
    """Rate limits for people without an identity."""
    uploads: Uploads
    """Receives files."""
    sessions: Sessions
    """Signs the sessions of the console."""
    checks: Checks
    """Runs the checks of the whole record, and keeps their results."""
    readings: Readings
    """Takes note of who reads whose words."""
    reads: KeptReads
    """The reads that were recorded."""
    caught: Callable[[], Sequence[CaughtMail]] | None = None
    """The mails of the demonstration's own mail server, where there is one."""
    demonstration: Sequence[tuple[Role, str]] = ()
    """The token of each role, where anybody may sign in with it."""
    demonstrated_keys: Callable[[], Sequence[str]] = tuple
    """The verifier keys of a demonstration's log. Elsewhere auditors have them from somebody else."""
    provider: IdentityProvider | None = None
    """Where people sign in to the console; None where they paste a token."""
    gate: Gate = field(default_factory=Gate)
    """Bounds how many messages of machines are worked on at once."""
    failures: Failures = field(default_factory=Failures)
    """Counts how often each message of a machine has failed."""
    streams: Gate = field(default_factory=Gate)
    """Bounds how many readers follow the feed at once."""
    pools: Callable[[], Mapping[str, Mapping[str, float]]] = dict
    """The figures of each pool of connections."""
    callers: CallerLookup = field(default_factory=CallerLookup)
    """Verifies tokens that memory does not know."""
    seals: Seals = field(default_factory=Seals)
    patience: float = 5.0
    """Seconds a read waits for its view to reach `Wait-For-Position`."""
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(QUESTIONS))
    """Threads for questions to the log. Their pool has as many connections."""

    @staticmethod
    async def ask(question: Awaitable[T]) -> T:
        """Wait for an answer of the views, for as long as a list or a report may take. Raises what the question raises."""
        allow(LONG)
        return await question

    async def ask_log(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask the log, off the event loop. Raises what the question raises."""
        return await in_thread(partial(question, *args, **kwargs), self.threads)


def context_of(request: Request) -> Context:
    """The context the application was started with."""
    return cast("Context", request.app.state.context)


def note_read(
    request: Request, reader: Actor, what: What, about: str, *, case: Case | None = None, position: int | None = None
) -> None:
    """Take note that somebody was given words that can be erased. It takes no time: they are kept later."""
    through = "console" if request.scope["path"].startswith("/ui/") else "http"
    context_of(request).readings.note(reader, through, what, about, case=case, position=position)


async def authenticated(request: Request) -> Principal:
    """The caller, or 401. A dependency, so that it comes before any parameter is looked at."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("an Authorization header with a bearer token is needed")
    return await principal_of(context_of(request), token.strip())


async def principal_of(context: Context, token: str, *, looking: bool = False) -> Principal:
    """The caller that a token names, or the key of a monitoring source; from memory where it knows.

    ``looking`` looks on the record for a key that memory does not know. Raises Unauthenticated, Undecided.
    """
    if token.startswith("clk_"):
        return await context.desk.monitoring_keys.holder_of(token, looking=looking)
    if (known := context.remembered(token)) is not None:
        return known
    return await context.callers.look(partial(context.verify, token))


async def admit(request: Request, caller: Principal, among: Sequence[Role] | frozenset[Role]) -> Actor:
    """The caller in a role that may; from memory where it knows. Raises Forbidden, Unauthenticated."""
    admission = context_of(request).desk.admission
    return admission.admitted(caller, among) or await admission.admit(caller, among)


async def policy_of(context: Context) -> Policy:
    """The policy in force."""
    return (await context.desk.references.current()).policy
