"""SOP 5.1, 5.8d: what monitoring sees: alerts, their episodes, the heartbeats between, and the recovery.

Which case an alert is about stands in a stream of the alert's own; what is seen of the alerts of a case, in one beside the
case, so that a heartbeat moves no case's version (requirements.md, States and commands). Each event of these says all
there is to know: however long an alert goes on, its last event alone is read.
"""

from __future__ import annotations

from collections.abc import Mapping
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


class Seen(StrEnum):
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
    """From when an alert fired, until when, and how often it was said to fire still."""

    started_at: datetime
    last_seen_at: datetime
    heartbeats: int = 0
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Watched:
    """One alert: its episodes, the latest last."""

    fingerprint: str
    episodes: tuple[Episode, ...]
    forgotten: int = 0

    @classmethod
    def begun(cls, fingerprint: str, started_at: datetime, at: datetime) -> Self:
        """It fires for the first time."""
        return cls(fingerprint, (Episode(started_at, at),))

    @property
    def firing(self) -> bool:
        return self.episodes[-1].ended_at is None

    def fires(self, episode: datetime | None, started_at: datetime, at: datetime) -> tuple[Watched, Seen]:
        """It is said to fire. ``episode`` is when this episode began, where the sender says so: that identifies it."""
        last = self.episodes[-1]
        if last.ended_at is None and episode in (None, last.started_at):
            return self._last(replace(last, heartbeats=last.heartbeats + 1, last_seen_at=at)), Seen.HEARTBEAT
        if episode is not None and episode <= last.started_at:
            return self, Seen.KNOWN
        begins = max(episode or started_at, last.started_at)
        ended = replace(last, ended_at=last.ended_at or begins)
        kept = (*self.episodes[:-1], ended, Episode(begins, at))
        lost = max(0, len(kept) - MOST_EPISODES)
        return replace(self, episodes=kept[lost:], forgotten=self.forgotten + lost), Seen.EPISODE

    def recovers(self, episode: datetime | None, ended_at: datetime, at: datetime) -> tuple[Watched, Seen]:
        """It is said to have recovered; of an older episode that is no news."""
        last = self.episodes[-1]
        if last.ended_at is not None or (episode is not None and episode < last.started_at):
            return self, Seen.KNOWN
        return self._last(replace(last, ended_at=ended_at, last_seen_at=at)), Seen.RECOVERED

    def _last(self, episode: Episode) -> Watched:
        return replace(self, episodes=(*self.episodes[:-1], episode))


def alert_id(source: str, fingerprint: str) -> UUID:
    """The stream of an alert: it follows from its source and its fingerprint (`intake.md`)."""
    return uuid5(NAMESPACE_URL, f"caseledger:alert:{source}\n{fingerprint}")


def watch_id(case: str) -> UUID:
    """The stream of what is seen of a case's alerts."""
    return uuid5(NAMESPACE_URL, f"caseledger:watch:{case}")


class Whole(Opening):
    """An event that says all there is to know of its aggregate: whichever is read first makes it."""

    def mutate(self, aggregate: Any) -> Any:
        return super().mutate(None) if aggregate is None else Recorded.mutate(self, aggregate)


class Alert(Root):
    """One alert of one source, and the case that it is about."""

    TOPIC: ClassVar[str] = "alert"

    source: str
    fingerprint: str
    case: str

    @classmethod
    def raised(cls, source: str, fingerprint: str, case: str, provenance: Provenance) -> Self:
        """It has a case."""
        stream = alert_id(source, fingerprint)
        return cls.open(AlertRaised, stream, provenance, source=source, fingerprint=fingerprint, case=case)

    def moved(self, case: str, provenance: Provenance) -> None:
        """It has another case: the one before was closed."""
        self.record(AlertRaised, provenance, source=self.source, fingerprint=self.fingerprint, case=case)


class AlertRaised(Whole):
    TOPIC = "alert.raised"
    source: str
    fingerprint: str
    case: str

    def apply(self, alert: Alert) -> None:
        alert.number = str(self.originator_id)
        alert.source, alert.fingerprint, alert.case = self.source, self.fingerprint, self.case


class Watch(Root):
    """What is seen of the alerts of one case."""

    TOPIC: ClassVar[str] = "watch"

    source: str
    case: str
    alerts: dict[str, Watched]

    @classmethod
    def begin_on(
        cls, source: str, case: str, alerts: Mapping[str, Watched], receipt: UUID, provenance: Provenance
    ) -> Self:
        """A case has alerts."""
        told = {"source": source, "case": case, "alerts": tuple(alerts.values()), "receipt": str(receipt)}
        return cls.open(WatchObserved, watch_id(case), provenance, **told)

    def observe(self, alerts: Mapping[str, Watched], receipt: UUID, provenance: Provenance) -> None:
        """Something was said of them."""
        told = {"source": self.source, "case": self.case, "alerts": tuple(alerts.values()), "receipt": str(receipt)}
        self.record(WatchObserved, provenance, **told)


class WatchObserved(Whole):
    TOPIC = "watch.observed"
    source: str
    case: str
    alerts: tuple[Watched, ...]
    receipt: str
    """The message that said so."""

    def apply(self, watch: Watch) -> None:
        watch.number, watch.source, watch.case = str(self.originator_id), self.source, self.case
        watch.alerts = {alert.fingerprint: alert for alert in self.alerts}


EVENTS = {**register((AlertRaised,), Alert), **register((WatchObserved,), Watch)}
