"""Delivery to webhooks: each in the order of positions, at least once, beside all others (http.md, Outgoing webhooks).

The place of each lane is kept after each event. So a worker that is killed repeats the message it was sending, under the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from application.administration.webhooks import WebhookSecrets
from application.desk import Desk
from application.execution.requests import Request
from application.figures import FIGURES
from application.processes.webhook_lanes import LIVE, Carrier, Lane, Lanes, Reply, Rules
from application.processes.webhook_message import OutgoingEvent, body_of, headers_of
from application.views.questions import Feed
from domain.errors import InvalidTransition
from domain.readers.webhook import DisabledBy, ListedWebhook, WebhookPinged
from domain.values import Actor, Role

REQUEST = Request(Actor("system:webhooks", Role.SYSTEM), "process")
_GONE = 410
_PAGE = 100
_LOOK = 1.0
"""Seconds at most until a lane that waits notices a change of its webhook."""
_FORGET = 1_000
"""Positions of other topics after which a lane keeps its place although nothing was sent."""
_LEAVING = 5.0
"""Seconds for messages in transit when the worker stops."""

log = structlog.get_logger()


class Deliveries:
    """Delivers to all webhooks, one task a lane. Belongs to the worker that has the turn."""

    def __init__(
        self,
        desk: Desk,
        feed: Feed,
        lanes: Lanes,
        carrier: Carrier,
        secrets: WebhookSecrets,
        rules: Rules,
        jitter: Callable[[], float],
    ) -> None:
        """``jitter`` returns a factor around 1 for each pause, so that receivers are not all tried at once."""
        self._desk, self._feed, self._lanes, self._carrier = desk, feed, lanes, carrier
        self._secrets, self._rules, self._jitter = secrets, rules, jitter
        self._position = -1
        """The position of the reference data that lanes were opened for."""
        self._open: dict[tuple[str, int], Lane] = {}
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._paused: dict[str, str | None] = {}
        self._prunes_at = desk.clock.now()
        self._leaving = False

    async def tend(self) -> None:
        """Start a task for each lane that has none, and keep house. Raises what a task raised."""
        for key, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[key]
                task.result()
        now = self._desk.clock.now()
        for lane in await self._look(now):
            key = (lane.webhook, lane.number)
            if key not in self._tasks and await self._may_start(lane, now):
                self._tasks[key] = asyncio.create_task(self._follow(lane), name=f"webhook {lane.webhook} {lane.number}")
        if now >= self._prunes_at:
            await self._prune(now)

    async def deliver_due(self) -> None:
        """Send what is due now, lane after lane, and wait for nothing else."""
        now = self._desk.clock.now()
        for lane in await self._look(now):
            while await self._may_start(lane, now) and not lane.is_done and (lane.due_at or now) <= now:
                before, webhook = lane.position, await self._webhook(lane)
                if webhook is None or not await self._send_stretch(webhook, lane) or lane.position == before:
                    break
            await self._keep(lane)
        await self._prune(now)

    async def finish(self) -> None:
        """Give messages in transit a little time, then cancel them: they are sent again under the same ids."""
        self._leaving = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=_LEAVING)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _look(self, now: datetime) -> list[Lane]:
        """Return the lanes that are not done. After a change of a webhook, look for new ones."""
        reference = await self._desk.references.current()
        if reference.position != self._position:
            found = await self._lanes.open(reference.webhooks)
            self._open = {(lane.webhook, lane.number): self._known(lane) for lane in found}
            self._position = reference.position
        for webhook in reference.webhooks:
            await self._tell(webhook, now)
        self._open = {key: lane for key, lane in self._open.items() if not lane.is_done}
        return list(self._open.values())

    def _known(self, lane: Lane) -> Lane:
        """The lane as its task knows it, which is the newer one."""
        return self._open.get((lane.webhook, lane.number), lane)

    async def _may_start(self, lane: Lane, now: datetime) -> bool:
        """Whether the webhook is served. Replays of one webhook follow each other."""
        webhook = await self._webhook(lane)
        if webhook is None or webhook.pause(now) is not None:
            return False
        if lane.number == LIVE or _is_ping(webhook, lane):
            return True
        return not any(code == lane.webhook and LIVE < number < lane.number for code, number in self._open)

    async def _webhook(self, lane: Lane) -> ListedWebhook | None:
        """The lane's webhook as it is now; from memory while changes are heard of."""
        return (await self._desk.references.current()).webhook(lane.webhook)

    async def _prune(self, now: datetime) -> None:
        """Delete old attempts; again in an hour."""
        self._prunes_at = now + timedelta(hours=1)
        await self._lanes.prune(now - self._rules.kept)

    async def _tell(self, webhook: ListedWebhook, now: datetime) -> None:
        code, pause = webhook.entry.id, webhook.pause(now)
        if code not in self._paused or self._paused[code] != pause:
            await self._lanes.stand(code, pause)
            self._paused[code] = pause

    async def _follow(self, lane: Lane) -> None:
        """Deliver a lane's events until it is done, or its webhook is paused."""
        while not (lane.is_done or self._leaving):
            webhook = await self._webhook(lane)
            now = self._desk.clock.now()
            if webhook is None or webhook.pause(now) is not None:
                return
            if lane.version != webhook.version:
                lane.version, lane.failures, lane.due_at = webhook.version, 0, None
            if lane.due_at is not None and lane.due_at > now:
                await asyncio.sleep(min(_LOOK, (lane.due_at - now).total_seconds()))
                continue
            quiet = lane.until is None and not await self._feed.wait_for_event(lane.position, _LOOK)
            if not quiet:
                await self._send_stretch(webhook, lane)
            if quiet or lane.is_done or lane.position - lane.kept >= _FORGET:
                await self._keep(lane)

    async def _send_stretch(self, webhook: ListedWebhook, lane: Lane) -> bool:
        """Send the next events of a lane. Returns whether all of them were accepted."""
        topics = (WebhookPinged.TOPIC,) if _is_ping(webhook, lane) else webhook.entry.topics
        stretch = await self._lanes.read(lane, topics, _PAGE)
        for event in stretch.events:
            current = await self._webhook(lane)  # what is changed counts at the next message
            if current is None or current.version != webhook.version or self._leaving:
                return False
            if not await self._deliver(webhook, lane, event):
                return False
        lane.position = stretch.reached
        return True

    async def _keep(self, lane: Lane) -> None:
        """Keep a place that is another than the one in the database."""
        if lane.position != lane.kept:
            await self._lanes.keep(lane)
            lane.kept = lane.position

    async def _deliver(self, webhook: ListedWebhook, lane: Lane, event: OutgoingEvent) -> bool:
        """Send one event. Returns whether the lane goes on with the next one."""
        at = self._desk.clock.now()
        if not (await self._desk.references.current()).reads_events(webhook.entry.owner, at):
            await self._disable(webhook, DisabledBy.OWNER)
            return False
        body = body_of(event, self._rules.source)
        secrets = [self._secrets.of(webhook.entry.id, secret) for secret in webhook.signing(at)]
        reply = await self._carrier.post(webhook.address or "", headers_of(event.id, at, body, secrets), body)
        attempt = lane.failures + 1
        if reply.is_accepted or _is_ping(webhook, lane):
            lane.position, lane.failures, lane.due_at = event.position, 0, None
        else:
            lane.failures = attempt
            lane.due_at = at + self._pause(attempt, reply)
        await self._lanes.attempted(lane, event, attempt, at, reply)
        FIGURES.add("webhooks", "accepted" if reply.is_accepted else "failed")
        lane.kept = lane.position
        if reply.status == _GONE:
            await self._disable(webhook, DisabledBy.GONE)
        elif lane.failures > len(self._rules.retries):
            await self._disable(webhook, DisabledBy.FAILING)
        return reply.is_accepted

    def _pause(self, failures: int, reply: Reply) -> timedelta:
        pauses = self._rules.retries
        if failures > len(pauses):
            return timedelta()
        return max(pauses[failures - 1] * self._jitter(), reply.retry_after)

    async def _disable(self, webhook: ListedWebhook, cause: DisabledBy) -> None:
        """Record that nothing is sent any more, unless somebody has done so meanwhile."""
        code = webhook.entry.id
        log.warning("a webhook is disabled", webhook=code, cause=cause)
        try:
            await self._desk.webhooks.disable(code, cause, REQUEST)
        except InvalidTransition:
            return


def _is_ping(webhook: ListedWebhook, lane: Lane) -> bool:
    """Whether the lane is a ping's. It is tried once."""
    return lane.number in webhook.orders and webhook.orders[lane.number] is None
