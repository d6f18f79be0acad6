"""Events to plain, readable JSON and back: typed, validated, and with the free text split off.

The state of an event is what `audit.md` says: no type wrappers, no personal data. Bytes once stored are never
written again; an older form is brought up to date on reading only, by its class's ``upcast``.
"""

from __future__ import annotations

import threading
from dataclasses import MISSING, fields, replace
from functools import lru_cache
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, MapperDeserialisationError, StoredEvent
from eventsourcing.utils import TopicError, get_topic, resolve_topic

from application.ports import NewerRecord
from domain.aggregate import Recorded
from domain.values import Actor, Disclosure, DisclosureKind, Via
from infrastructure.postgres.stored_event import LedgerEvent

_COLUMNS = frozenset({"originator_id", "originator_version", "timestamp"})
"""What the row holds beside the state."""


class _Found(threading.local):
    """The disclosures met while one event is being encoded."""

    def __init__(self) -> None:
        self.disclosures: list[Disclosure] = []


_found = _Found()


def _encode_disclosure(value: Any) -> Any:
    if isinstance(value, Disclosure):
        _found.disclosures.append(value)
        return {"digest": value.digest, "subject": value.subject, "kind": value.kind}
    raise NotImplementedError(f"{type(value).__name__} has no form in an event")


def _decode_disclosure(kind: type, value: Any) -> Any:
    if kind is Disclosure:
        return Disclosure(value["digest"], value["subject"], DisclosureKind(value["kind"]))
    raise NotImplementedError(f"{kind.__name__} has no form in an event")


_encode = msgspec.json.Encoder(enc_hook=_encode_disclosure).encode


@lru_cache(maxsize=4096)
def _lean(value: Actor | Via) -> msgspec.Raw:
    """Who acted, or through which door, without fields that say nothing. Few differ, and every event has both."""
    return msgspec.Raw(_encode({name: said for name, said in vars(value).items() if said is not None}))


@lru_cache(maxsize=4096)
def _whole(value: Actor | Via) -> Actor | Via:
    """The same with every field set: msgspec leaves to the class what a state leaves out, and writes no such field."""
    return replace(value)


class _Codec:
    """How one class of event is written and read: its fields as a struct that validates."""

    def __init__(self, event: type[Recorded]) -> None:
        hints = get_type_hints(event)
        own = [field for field in fields(event) if field.name not in _COLUMNS]
        self.names = tuple(field.name for field in own)
        self.struct = msgspec.defstruct(
            f"{event.__name__}State",
            [(f.name, hints[f.name]) if f.default is MISSING else (f.name, hints[f.name], f.default) for f in own],
            kw_only=True,
            omit_defaults=True,
            forbid_unknown_fields=True,
        )
        self.decode = msgspec.json.Decoder(self.struct, dec_hook=_decode_disclosure).decode
        self.disclosing = tuple(name for name in self.names if "Disclosure" in str(hints[name]))


_codecs: dict[type[Recorded], _Codec] = {}
_making = threading.Lock()


def _codec(event: type[Recorded]) -> _Codec:
    """The codec of a class of event. One is made at a time: msgspec crashes where two threads describe one type at once."""
    if (known := _codecs.get(event)) is not None:
        return known
    with _making:
        if event not in _codecs:
            _codecs[event] = _Codec(event)
        return _codecs[event]


class UnknownTopic(NewerRecord, MapperDeserialisationError):
    """No event of this release has this topic: a newer one wrote it, or nobody did."""


class StateMapper(Mapper[UUID]):
    """The library's mapper with our format. Raises MapperDeserialisationError for a state its class cannot read."""

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())  # never used: the state is ours to write

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> LedgerEvent:
        """One event as it will lie in the store, its disclosures beside it."""
        event = type(domain_event)
        assert issubclass(event, Recorded)
        codec, values = _codec(event), vars(domain_event)
        found: list[Disclosure] = []
        _found.disclosures = found
        said = {name: values[name] for name in codec.names}
        said["by"], said["via"] = _lean(said["by"]), _lean(said["via"])
        state = _encode(codec.struct(**said))
        # One text may serve two events of a command (a dispute and its reopening); each keeps its own copy.
        return LedgerEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=get_topic(event),
            state=state,
            disclosures=tuple({d.digest: d for d in found}.values()),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded:
        """The event of a row, its disclosures joined where the row carries them.

        Its ``timestamp`` is when it occurred, else when it was recorded.
        """
        try:
            event: type[Recorded] = resolve_topic(stored_event.topic)
            codec = _codec(event)
            state = codec.decode(stored_event.state)
        except Exception as error:
            kind = UnknownTopic if isinstance(error, TopicError) else MapperDeserialisationError
            raise kind(
                f"{stored_event.topic} version {stored_event.originator_version} of {stored_event.originator_id} "
                f"cannot be read: {error}"
            ) from error
        values: dict[str, Any] = msgspec.structs.asdict(state)
        values["originator_id"] = stored_event.originator_id
        values["originator_version"] = stored_event.originator_version
        values["timestamp"] = values["occurred_at"] or getattr(stored_event, "recorded_at", None)
        values["by"], values["via"] = _whole(values["by"]), _whole(values["via"])
        self._join(values, codec.disclosing, getattr(stored_event, "disclosures", ()))
        domain_event = object.__new__(event)
        object.__setattr__(domain_event, "__dict__", values)
        return domain_event

    @staticmethod
    def _join(values: dict[str, Any], names: tuple[str, ...], vault: tuple[Disclosure, ...]) -> None:
        if not vault:
            return
        by_digest = {disclosure.digest: disclosure for disclosure in vault}
        for name in names:
            if isinstance(values[name], tuple):
                values[name] = tuple(by_digest.get(each.digest, each) for each in values[name])
            elif values[name] is not None:
                values[name] = by_digest.get(values[name].digest, values[name])
