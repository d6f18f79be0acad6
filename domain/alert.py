"""SOP 5.1, 5.8d: what monitoring sees: alerts, their episodes, the heartbeats between, and the recovery.

What is seen of an alert, and which case it is about, stands in a stream of the alert's own; how many alerts of a case fire,
in one beside the case, so that neither moves the case's version (requirements.md, States and commands). Each event of these
says all there is to know: however long an alert goes on, its last event alone is read, and what is written of a message is
no longer than what the message speaks of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.aggregate import Opening, Recorded, Root, register
from domain.values import Provenance

MOST_EPISODES = 10
"""Episodes kept of an alert; those before are counted."""
MOST_ALERTS = 1_000
"""Alerts that one case may have."""


class Sighting(StrEnum):
    """What a signal says of an alert that is known."""

    EPISODE = "episode"
    """It fires anew."""
    HEARTBEAT = "heartbeat"
    """It still fires."""
    RECOVERED = "recovered"
    KNOWN = "known"
    """Nothing that is not known: an old message, a repeated one."""


@dataclass(frozen=True)
class Episode:
    """From when an alert fired, until when, and how often it was said to fire still.

    It never ends before it starts, and never starts after it was first heard of.
    """

    started_at: datetime
    last_seen_at: datetime
    heartbeats: int = 0
    ended_at: datetime | None = None
    stated_at: datetime | None = None
    """The start that its sender states, where that is not ``started_at``."""

    @property
    def identity(self) -> datetime:
        """The start that its sender states: one episode has one, whatever clock it is from."""
        return self.stated_at or self.started_at

    @property
    def began_at(self) -> datetime:
        """When it began. Episodes kept by 0.4.0 may start in the future, or end before they start."""
        return min(self.started_at, self.last_seen_at)

    @property
    def over_at(self) -> datetime | None:
        """When it ended: not before it began."""
        return self.ended_at and max(self.ended_at, self.began_at)

    @property
    def is_ahead(self) -> bool:
        """Whether its stated start lay in the future when it was heard of: then it orders nothing."""
        return self.identity > self.began_at


@dataclass(frozen=True)
class Episodes:
    """One alert: its episodes, the latest last."""

    fingerprint: str
    episodes: tuple[Episode, ...]
    forgotten: int = 0

    @classmethod
    def begun(cls, fingerprint: str, started_at: datetime, at: datetime) -> Self:
        """It fires for the first time."""
        return cls(fingerprint, (_begun(started_at, started_at, at),))

    @property
    def firing(self) -> bool:
        return self.episodes[-1].ended_at is None

    def fires(self, episode: datetime | None, started_at: datetime, at: datetime) -> tuple[Episodes, Sighting]:
        """It is said to fire. ``episode`` is when this episode began, where the sender says so: that identifies it.

        A start in the future is ordered by its receipt, ``at``.
        """
        last = self.episodes[-1]
        if last.ended_at is None and episode in (None, last.identity):
            return self._last(replace(last, heartbeats=last.heartbeats + 1, last_seen_at=at)), Sighting.HEARTBEAT
        if episode is not None and self._is_old(episode):
            return self, Sighting.KNOWN
        new = _begun(episode or started_at, max(min(episode or started_at, at), last.began_at), at)
        ended = replace(last, ended_at=last.ended_at or new.started_at)
        kept = (*self.episodes[:-1], ended, new)
        lost = max(0, len(kept) - MOST_EPISODES)
        return replace(self, episodes=kept[lost:], forgotten=self.forgotten + lost), Sighting.EPISODE

    def recovers(self, episode: datetime | None, ended_at: datetime, at: datetime) -> tuple[Episodes, Sighting]:
        """It is said to have recovered; of an older episode that is no news. An end before the start is the start."""
        last = self.episodes[-1]
        if last.ended_at is not None:
            return self, Sighting.KNOWN
        if episode not in (None, last.identity) and self._is_old(episode):
            return self, Sighting.KNOWN
        ended_at = max(min(ended_at, at), last.began_at)
        return self._last(replace(last, ended_at=ended_at, last_seen_at=at)), Sighting.RECOVERED

    def _is_old(self, episode: datetime) -> bool:
        """Whether a start is that of an episode that is known, or earlier than one that says when it was."""
        starts = [each.identity for each in self.episodes if not each.is_ahead]
        return episode in [each.identity for each in self.episodes] or any(episode < start for start in starts)

    def _last(self, episode: Episode) -> Episodes:
        return replace(self, episodes=(*self.episodes[:-1], episode))


def _begun(stated: datetime, started_at: datetime, at: datetime) -> Episode:
    """An episode that begins, with the start its sender states; none begins after it was heard of."""
    started_at = min(started_at, at)
    return Episode(started_at, at, stated_at=None if stated == started_at else stated)


def alert_id(source: str, fingerprint: str) -> UUID:
    """The stream of an alert: it follows from its source and its fingerprint (`intake.md`)."""
    return uuid5(NAMESPACE_URL, f"caseledger:alert:{source}\n{fingerprint}")


def watch_id(case: str) -> UUID:
    """The stream of what is seen of a case's alerts."""
    return uuid5(NAMESPACE_URL, f"caseledger:watch:{case}")


class StateEvent(Opening):
    """An event that says all there is to know of its aggregate: whichever is read first makes it."""

    def mutate(self, aggregate: Any) -> Any:
        return super().mutate(None) if aggregate is None else Recorded.mutate(self, aggregate)


class Alert(Root):
    """One alert of one source, what is seen of it, and the case that it is about."""

    TOPIC: ClassVar[str] = "alert"

    source: str
    case: str
    seen: Episodes

    @classmethod
    def raised(cls, source: str, seen: Episodes, case: str, receipt: UUID, provenance: Provenance) -> Self:
        """It fires, and has a case."""
        told = {"source": source, "case": case, "seen": seen, "receipt": str(receipt)}
        return cls.open(AlertRaised, alert_id(source, seen.fingerprint), provenance, **told)

    def moved(self, seen: Episodes, case: str, receipt: UUID, provenance: Provenance) -> None:
        """It fires anew, and has another case: the one before was closed."""
        told = {"source": self.source, "case": case, "seen": seen, "receipt": str(receipt)}
        self.record(AlertRaised, provenance, **told)

    def observe(self, seen: Episodes, receipt: UUID, provenance: Provenance) -> None:
        """It fires still or anew, or has recovered."""
        told = {"source": self.source, "case": self.case, "seen": seen, "receipt": str(receipt)}
        self.record(AlertObserved, provenance, **told)


class AlertEvent(StateEvent):
    source: str
    case: str
    seen: Episodes
    receipt: str
    """The message that said so."""

    def _fold(self, alert: Alert) -> None:
        alert.number = str(self.originator_id)
        alert.source, alert.case, alert.seen = self.source, self.case, self.seen


class AlertRaised(AlertEvent):
    TOPIC = "alert.raised"


class AlertObserved(AlertEvent):
    TOPIC = "alert.observed"


class Watch(Root):
    """How many alerts a case has, and how many of them fire. Whoever changes that competes for it."""

    TOPIC: ClassVar[str] = "watch"

    source: str
    case: str
    alerts: int
    firing: int
    ended_at: datetime | None
    """When the latest of those ended that fired since all were quiet."""

    @classmethod
    def begin_on(cls, source: str, case: str, alerts: int, receipt: UUID, provenance: Provenance) -> Self:
        """A case has alerts, which all fire."""
        told = {"source": source, "case": case, "alerts": alerts, "firing": alerts, "receipt": str(receipt)}
        return cls.open(WatchObserved, watch_id(case), provenance, ended_at=None, **told)

    def observe(
        self, alerts: int, firing: int, ended_at: datetime | None, receipt: UUID, provenance: Provenance
    ) -> None:
        """Alerts of it began or ended, the latest when ``ended_at`` says."""
        known = self.ended_at if self.firing else None
        told = {"source": self.source, "case": self.case, "alerts": alerts, "firing": firing, "receipt": str(receipt)}
        latest = max(filter(None, (known, ended_at)), default=None)
        self.record(WatchObserved, provenance, ended_at=latest, **told)


class WatchObserved(StateEvent):
    TOPIC = "watch.observed"
    source: str
    case: str
    alerts: int
    firing: int
    ended_at: datetime | None
    receipt: str
    """The message that said so."""

    def _fold(self, watch: Watch) -> None:
        watch.number, watch.source, watch.case = str(self.originator_id), self.source, self.case
        watch.alerts, watch.firing, watch.ended_at = self.alerts, self.firing, self.ended_at


EVENTS = {**register((AlertRaised, AlertObserved), Alert), **register((WatchObserved,), Watch)}
