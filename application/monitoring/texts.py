"""Texts of a case on its alerts, and masking of keys in stored messages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from application.execution.attempt import Words
from application.monitoring.mapping import Target
from application.monitoring.signals import Signal
from domain.monitoring.source import KEY

_DESCRIBED = 50
"""Most alerts that a case describes. The bytes have them all."""
_LONGEST = 20_000
"""Most characters of a case's description, and of its labels."""
_KEY = re.compile(KEY.pattern.encode())


def masked(raw: bytes) -> bytes:
    """Mask our keys in a message before storage. PagerDuty's clients send the key in the body."""
    return _KEY.sub(rb"clk_\1" + b"*" * 20, raw)


def words_of_case(signals: Sequence[Signal]) -> Words:
    """Return the words of a case: the alerts' summaries, affected things, and annotations."""
    first, several = signals[0], f" (and {len(signals) - 1} more alerts)" if len(signals) > 1 else ""
    summary = " ".join(first.summary.split()) or "(no summary)"
    lines = [line for signal in signals[:_DESCRIBED] for line in _described(signal)]
    if len(signals) > _DESCRIBED:
        lines.append(f"... and {len(signals) - _DESCRIBED} more")
    where = next(
        (first.labels[name] for name in ("instance", "host", "hostname", "source") if name in first.labels), None
    )
    return {
        "subject": f"{summary[: 300 - len(several)]}{several}",
        "description": "\n".join(lines)[:_LONGEST],
        "symptoms": summary[:1_000],
        "asset": where and where[:300],
    }


def _described(signal: Signal) -> list[str]:
    labels = ", ".join(f"{name}={value[:200]}" for name, value in list(signal.labels.items())[:30])
    told = [f"  {name}: {value[:1_000]}" for name, value in list(signal.annotations.items())[:30]]
    return [f"{signal.summary[:500]} [{labels}]", *told]


def labels_of(signals: Sequence[Signal]) -> list[dict[str, object]]:
    """Return the labels to keep on a case, up to the bound. The bytes have the rest."""
    kept, size = list[dict[str, object]](), 0
    for signal in signals[:_DESCRIBED]:
        each: dict[str, object] = {"fingerprint": signal.identity, "key": signal.key, "summary": signal.summary}
        each |= {"labels": dict(signal.labels), "annotations": dict(signal.annotations)}
        size += len(str(each))
        if size > _LONGEST and kept:
            break
        kept.append(each if size <= _LONGEST else {**each, "labels": {}, "annotations": {}})
    return kept


def nominated(target: Target) -> str:
    """Return the reason for nominating a major incident (R-5.7b)."""
    return "by the source's defaults" if target.rule is None else f"by rule {target.rule} of the source's mapping"
