"""SOP 5.1, 5.8d: alerts, their episodes, the heartbeats between, and the recovery.

An alert has a stream of its own: its episodes, and its case. The number of a case's firing alerts is in a stream beside the
case. Neither moves the case's version (requirements.md, States and commands). Each event here holds the whole state: however
long an alert goes on, only its last event is read, and a message adds no more than it reports.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.aggregate import AnyTime, Root, register
from domain.values import Provenance

MOST_EPISODES = 10
"""Episodes kept of an alert. Earlier ones are counted."""
MOST_ALERTS = 1_000
"""The most alerts that one case may have."""


class Sighting(StrEnum):
    """What a signal means for a known alert."""

    EPISODE = "episode"
    """It fires anew."""
    HEARTBEAT = "heartbeat"
    """It still fires."""
    RECOVERED = "recovered"
    KNOWN = "known"
    """Nothing new: an old or repeated message."""


@dataclass(frozen=True)
class Episode:
    """One time that an alert fired. It never ends before it starts, nor starts after it was first reported."""

    started_at: datetime
    last_seen_at: datetime
    heartbeats: int = 0
    ended_at: datetime | None = None
    stated_at: datetime | None = None
    """The start as its sender states it, where that is not ``started_at``."""

    @property
    def identity(self) -> datetime:
        """The start as its sender states it, which identifies the episode whatever clock it is from."""
        return self.stated_at or self.started_at

    @property
    def began_at(self) -> datetime:
        """The start, never after it was last seen. Episodes of 0.4.0 may start in the future, or end before they start."""
        return min(self.started_at, self.last_seen_at)

    @property
    def over_at(self) -> datetime | None:
        """The end, never before the start; None while it fires."""
        return self.ended_at and max(self.ended_at, self.began_at)

    @property
    def is_ahead(self) -> bool:
        """Whether its stated start lay in the future when it was reported. Then it orders nothing."""
        return self.identity > self.began_at


@dataclass(frozen=True)
class Episodes:
    """The episodes of one alert, the latest last."""

    fingerprint: str
    episodes: tuple[Episode, ...]
    forgotten: int = 0

    @classmethod
    def begun(cls, fingerprint: str, started_at: datetime, at: datetime) -> Self:
        """Start with the first episode."""
        return cls(fingerprint, (_begun(started_at, started_at, at),))

    @property
    def firing(self) -> bool:
        """Whether the latest episode goes on."""
        return self.episodes[-1].ended_at is None

    def fires(self, episode: datetime | None, started_at: datetime, at: datetime) -> tuple[Episodes, Sighting]:
        """Take a signal that it fires. ``episode`` is the stated start that identifies the episode, where there is one.

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
        """Take a signal that it has recovered. One of an older episode is nothing new. It ends no earlier than it starts."""
        last = self.episodes[-1]
        if last.ended_at is not None:
            return self, Sighting.KNOWN
        if episode not in (None, last.identity) and self._is_old(episode):
            return self, Sighting.KNOWN
        ended_at = max(min(ended_at, at), last.began_at)
        return self._last(replace(last, ended_at=ended_at, last_seen_at=at)), Sighting.RECOVERED

    def _is_old(self, episode: datetime) -> bool:
        """Whether a start is that of a known episode, or before one that orders them."""
        starts = [each.identity for each in self.episodes if not each.is_ahead]
        return episode in [each.identity for each in self.episodes] or any(episode < start for start in starts)

    def _last(self, episode: Episode) -> Episodes:
        return replace(self, episodes=(*self.episodes[:-1], episode))


def _begun(stated: datetime, started_at: datetime, at: datetime) -> Episode:
    """A new episode. It never begins after it was reported."""
    started_at = min(started_at, at)
    return Episode(started_at, at, stated_at=None if stated == started_at else stated)


def alert_id(source: str, fingerprint: str) -> UUID:
    """The stream of an alert, by its source and fingerprint (`intake.md`)."""
    return uuid5(NAMESPACE_URL, f"caseledger:alert:{source}\n{fingerprint}")


def watch_id(case: str) -> UUID:
    """The stream that counts a case's alerts."""
    return uuid5(NAMESPACE_URL, f"caseledger:watch:{case}")


class Alert(Root):
    """One alert of one source, its episodes, and its case."""

    TOPIC: ClassVar[str] = "alert"

    source: str
    case: str
    seen: Episodes

    @classmethod
    def raised(cls, source: str, seen: Episodes, case: str, receipt: UUID, provenance: Provenance) -> Self:
        """Open the record of an alert that fires and has a case."""
        told = {"source": source, "case": case, "seen": seen, "receipt": str(receipt)}
        return cls.open(AlertRaised, alert_id(source, seen.fingerprint), provenance, **told)

    def moved(self, seen: Episodes, case: str, receipt: UUID, provenance: Provenance) -> None:
        """Give the alert another case, since the one before is closed."""
        self._record(AlertRaised, seen, case, receipt, provenance)

    def observe(self, seen: Episodes, receipt: UUID, provenance: Provenance) -> None:
        """Record that it fires still or anew, or has recovered."""
        self._record(AlertObserved, seen, self.case, receipt, provenance)

    def _record(
        self, event: type[AlertEvent], seen: Episodes, case: str, receipt: UUID, provenance: Provenance
    ) -> None:
        self.record(event, provenance, source=self.source, case=case, seen=seen, receipt=str(receipt))


class AlertEvent(AnyTime):
    """The whole state of an alert."""

    source: str
    case: str
    seen: Episodes
    receipt: str
    """The message that reported it."""

    def _fold(self, alert: Alert) -> None:
        alert.number = str(self.originator_id)
        alert.source, alert.case, alert.seen = self.source, self.case, self.seen


class AlertRaised(AlertEvent):
    """An alert fires, and has a case."""

    TOPIC = "alert.raised"


class AlertObserved(AlertEvent):
    """An alert fires still or anew, or has recovered."""

    TOPIC = "alert.observed"


class Watch(Root):
    """The number of a case's alerts, and of those that fire. Writers compete for it."""

    TOPIC: ClassVar[str] = "watch"

    source: str
    case: str
    alerts: int
    firing: int
    ended_at: datetime | None
    """Latest end among the alerts that have fired since all were quiet."""

    @classmethod
    def begin_on(cls, source: str, case: str, alerts: int, receipt: UUID, provenance: Provenance) -> Self:
        """Open the count of a case whose alerts all fire."""
        told = {"source": source, "case": case, "alerts": alerts, "firing": alerts, "receipt": str(receipt)}
        return cls.open(WatchObserved, watch_id(case), provenance, ended_at=None, **told)

    def observe(
        self, alerts: int, firing: int, ended_at: datetime | None, receipt: UUID, provenance: Provenance
    ) -> None:
        """Record that alerts began or ended, the latest at ``ended_at``."""
        known = self.ended_at if self.firing else None
        told = {"source": self.source, "case": self.case, "alerts": alerts, "firing": firing, "receipt": str(receipt)}
        latest = max(filter(None, (known, ended_at)), default=None)
        self.record(WatchObserved, provenance, ended_at=latest, **told)


class WatchObserved(AnyTime):
    """Alerts of a case began or ended."""

    TOPIC = "watch.observed"
    source: str
    case: str
    alerts: int
    firing: int
    ended_at: datetime | None
    receipt: str
    """The message that reported it."""

    def _fold(self, watch: Watch) -> None:
        watch.number, watch.source, watch.case = str(self.originator_id), self.source, self.case
        watch.alerts, watch.firing, watch.ended_at = self.alerts, self.firing, self.ended_at


EVENTS = {**register((AlertRaised, AlertObserved), Alert), **register((WatchObserved,), Watch)}
