"""What is looked for in a desk: rows `search`, `search_...` for each kind of question, and `assign_vs_prioritize`.

`rows` asks a desk that runs already, with words that its cases have.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import quote

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.case_reads import READERS, Connection
from benchmarks.machine import scratch, served, technician_token, two_cores
from benchmarks.rows import Row, main

_WORD = re.compile(r"[A-Za-z]{5,}")
_ABSENT = "qxzvbnmkw"
_CJK = "社員のパスワード"


def rows(desk_url: str, token: str, *, seconds: float = 2.0, cases: int = 30, note: str = "") -> Iterator[Row]:
    """The rows of a running desk, whose technician has the token. It logs cases and assigns them."""
    with Connection(desk_url, token) as desk:
        subjects = _subjects(desk)
    took = {kind: _search(desk_url, token, query, seconds) for kind, query in questions(subjects).items()}
    for kind, each in took.items():
        yield _p95(f"search_{kind}", each, f"{READERS} readers{note}")
    worst = max(took, key=lambda kind: _high(took[kind]))
    yield _p95("search", took[worst], f"the worst: {worst}{note}", 100.0)
    with Connection(desk_url, token) as desk:  # the server has closed the first, which was idle
        times = _lifecycles(desk, subjects, cases)
    yield Row(
        "assign_vs_prioritize", median(times["assign"]), "ms, p50", median(times["prioritize"]), "prioritize", 1.5,
        at_most=True, note=f"p95 {_high(times['assign']):.1f} / {_high(times['prioritize']):.1f} ms{note}",
    )  # fmt: skip


def measure() -> Iterator[Row]:
    """The same on a desk of its own, with no case but those of the demonstration."""
    desk = ("api.cli", "serve", "--demo", "--port", "0", "--data-dir")
    with two_cores(), scratch() as folder, served(*desk, folder) as port:
        yield from rows(f"http://127.0.0.1:{port}", technician_token(folder))


def questions(subjects: Mapping[str, str]) -> dict[str, str]:
    """A question of each kind, from the subjects of cases by number."""
    words = Counter(word.lower() for subject in subjects.values() for word in set(_WORD.findall(subject)))
    often = [word for word, _ in words.most_common()]
    common = often[0]
    return {
        "common": common,
        "common_words": " ".join(often[:3]),
        "rare": often[-1],
        "absent": _ABSENT,
        "misspelt": common[0] + common[2] + common[1] + common[3:],
        "cjk": _CJK,
        "number": next(iter(subjects)),
        "nothing_left": f"{common} {_ABSENT}",
    }


def _subjects(desk: Connection) -> dict[str, str]:
    listed = json.loads(desk.ask("GET", "/cases?limit=200&sort=-number"))["items"]
    return {case["number"]: case["subject"] for case in listed if case["subject"]}


def _search(desk_url: str, token: str, query: str, seconds: float) -> list[float]:
    def read(_: int) -> list[float]:
        with Connection(desk_url, token) as desk:
            return desk.milliseconds("GET", f"/search?q={quote(query)}", seconds)

    with ThreadPoolExecutor(READERS) as readers:
        return [took for each in readers.map(read, range(READERS)) for took in each]


def _lifecycles(desk: Connection, subjects: Mapping[str, str], cases: int) -> dict[str, list[float]]:
    """Milliseconds of each command on so many new cases, reported in words of others."""
    chance, words = random.Random(14), [word for subject in subjects.values() for word in subject.split()]
    listed = json.loads(desk.ask("GET", "/cases?limit=200&sort=-number"))["items"]
    service = next(case["service"] for case in listed if case["service"])
    times: dict[str, list[float]] = {"prioritize": [], "assign": []}
    for place in range(cases):
        incident = {**_incident(f"{chance.choice(words)} {place}", words, chance), "service": service}
        logged = desk.ask("POST", "/cases", incident, 201)
        number: str = json.loads(logged)["number"]
        for verb, body in (
            ("triage", {"owner": "desk"}),
            ("prioritize", {"impact": 2, "severity": 2}),
            ("diagnose", {"symptoms": "as reported", "findings": "none"}),
            ("assign", {"team": "network"}),
        ):
            began = time.perf_counter()
            desk.ask("POST", f"/cases/{number}/{verb}", body, 200, **{"If-Match": "*"})
            times.setdefault(verb, []).append((time.perf_counter() - began) * 1_000)
    return times


def _incident(subject: str, words: Sequence[str], chance: random.Random) -> dict[str, Any]:
    return {
        "channel": "phone",
        "received_at": datetime.now(UTC).isoformat(),
        "customer": {"name": "Jo Field", "email": "jo.field@agency.example", "agency": "dot"},
        "subject": subject,
        "description": " ".join(chance.choices(words, k=30)),
        "nature": "actual",
    }


def _p95(what: str, took: Sequence[float], note: str, goal: float | None = None) -> Row:
    return Row(f"{what}_p95_ms", _high(took), "ms", goal=goal, at_most=True, note=f"p50 {median(took):.1f} ms, {note}")


def _high(took: Sequence[float]) -> float:
    return quantiles(took, n=20)[-1]


if __name__ == "__main__":
    main({"search": measure}, __doc__)
