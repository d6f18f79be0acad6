"""Ten times the load that saturates one API process: rows `overload_*`.

The desk is whole, as `caseledger serve` runs it. First 32 connections saturate it. Then ten times as many ask, each again as soon
as it is answered, refusals included: 5 of 10 are staff, who log cases and read them, 3 are machines that log, 2 ask for
reports. An accepted request is one that is answered 2xx. Memory is that of all our processes but PostgreSQL.
`--minutes 5` as the first argument holds the load for longer.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Any

import httpx

from benchmarks.http import incident
from benchmarks.machine import ROOT, environment, scratch, served, two_cores
from benchmarks.rows import Row, main

SATURATING, TIMES = 32, 10
SECONDS = 30.0
_STAFF, _MACHINES, _REPORTS = 0.5, 0.3, 0.2


@dataclass(frozen=True)
class Crowd:
    """Connections of one kind: the requests that each repeats."""

    kind: str
    connections: int
    requests: list[str]
    """As they go over the wire; `{key}` stands for an idempotency key of its own."""


@dataclass
class Told:
    """What a crowd was told."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """Of the accepted ones."""

    def quantile(self, share: float) -> float:
        """So many seconds, or less, for this share of the accepted ones."""
        found = sorted(self.seconds)
        return found[min(len(found) - 1, int(share * len(found)))] if found else 999.0

    def accepted(self, seconds: float) -> float:
        """Accepted requests a second."""
        return len(self.seconds) / seconds


def measure(seconds: float = SECONDS) -> Iterator[Row]:
    """The rows."""
    with (
        two_cores(),
        scratch() as folder,
        served("api.cli", "serve", "--demo", "--port", "0", "--data-dir", folder) as port,
    ):
        crowds = _crowds(port, {role: _token(folder, role) for role in ("technician", "intake", "reporter")})
        staff = crowds(_STAFF, _MACHINES, _REPORTS)
        _ask(port, 3, crowds(1, 0, 0)(SATURATING))
        saturated = _ask(port, 10, staff(SATURATING))
        before = _memory()
        loaded = _ask(port, seconds, staff(SATURATING * TIMES))
        ended = time.monotonic()
        at_load = _memory()
        _recovered(port, crowds(1, 1, 1)(3))
        recovery = time.monotonic() - ended
        after = _memory()
    rate = {
        name: sum(told.accepted(took) for told in found.values())
        for name, found, took in (("1", saturated, 10), ("10", loaded, seconds))
    }
    note = f"{SATURATING} and {SATURATING * TIMES} connections, {seconds:g} s"
    yield Row(
        "overload_accepted_vs_saturated", rate["10"], "answers/s", rate["1"], "the saturating load", 0.5, note=note
    )
    for kind, told in loaded.items():
        yield Row(
            f"overload_p99_s_{kind}", told.quantile(0.99), "s", goal=2.0, at_most=True,
            note=f"median {told.quantile(0.5):.3f}; {told.accepted(seconds):,.0f}/s accepted; {dict(told.statuses)}",
        )  # fmt: skip
    yield Row(
        "overload_memory_growth_MB",
        at_load - before,
        "MB",
        goal=50,
        at_most=True,
        note=f"PSS {before:.0f}, {at_load:.0f} at the end of the load, {after:.0f} after",
    )
    yield Row(
        "overload_recovery_s",
        recovery,
        "s",
        goal=5,
        at_most=True,
        note="until a command, a machine and a report are answered 2xx",
    )


def _crowds(port: int, tokens: dict[str, str]) -> Any:
    def request(token: str, method: str, path: str, content: str = "") -> str:
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        if content:
            head += (
                f'Content-Type: application/json\r\nContent-Length: {len(content)}\r\nIdempotency-Key: "{{key}}"\r\n'
            )
        return f"{head}\r\n{content.replace('{', '{{').replace('}', '}}')}"

    log = incident()
    requests = {
        "staff": [
            request(tokens["technician"], "POST", "/cases", log),
            request(tokens["technician"], "GET", "/cases/INC-0000003"),
        ],
        "machines": [request(tokens["intake"], "POST", "/cases", log)],
        "reports": [request(tokens["reporter"], "GET", "/reports/volume")],
    }

    def shared(*shares: float) -> Any:
        def sized(connections: int) -> list[Crowd]:
            sizes = [round(connections * share / sum(shares)) for share in shares]
            return [Crowd(kind, size, requests[kind]) for kind, size in zip(requests, sizes, strict=True) if size]

        return sized

    return shared


def _token(folder: Path, role: str) -> str:
    subject = {"technician": "a.ortiz", "intake": "monitoring", "reporter": "reports"}[role]
    command = [
        sys.executable,
        "-m",
        "api.cli",
        "token",
        "--role",
        role,
        "--subject",
        subject,
        "--data-dir",
        str(folder),
    ]
    told = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=True)
    return told.stdout.strip()


def _ask(port: int, seconds: float, crowds: list[Crowd]) -> dict[str, Told]:
    """Let crowds ask, from a process of their own."""
    given = {"port": port, "seconds": seconds, "crowds": [asdict(crowd) for crowd in crowds]}
    command = [sys.executable, "-m", "benchmarks.overload", "--crowds"]
    told = subprocess.run(command, cwd=ROOT, input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True)
    return {kind: Told(Counter(found["statuses"]), found["seconds"]) for kind, found in json.loads(told.stdout).items()}


def _recovered(port: int, crowds: list[Crowd]) -> None:
    """Wait until a request of each crowd is accepted."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        for crowd in crowds:
            for number in count():
                head, _, content = crowd.requests[0].format(key=f"after-{crowd.kind}-{number}").partition("\r\n\r\n")
                line, *headers = head.split("\r\n")
                method, path, _ = line.split(" ")
                if http.request(
                    method, path, content=content, headers=dict(h.split(": ", 1) for h in headers)
                ).is_success:
                    break


def _memory() -> float:
    """MB (PSS) of every process that we started and that is not PostgreSQL."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    ours, size = {os.getpid()}, 0
    while len(ours) > size:
        size = len(ours)
        ours |= {pid for pid, parent in parents.items() if parent in ours}
    total = 0
    for pid in ours - {os.getpid()}:
        try:
            if "postgres" in Path(f"/proc/{pid}/comm").read_text():
                continue
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


async def _press(port: int, seconds: float, crowds: list[dict[str, Any]]) -> dict[str, Told]:
    end, told, keys = time.perf_counter() + seconds, {each["kind"]: Told() for each in crowds}, count()

    async def one(crowd: Crowd) -> None:
        mine, requests = told[crowd.kind], cycle(crowd.requests)
        reader = writer = None
        while time.perf_counter() < end:
            began = time.perf_counter()
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                assert reader is not None
                writer.write(next(requests).format(key=f"{os.getpid()}-{next(keys)}").encode())
                head = await reader.readuntil(b"\r\n\r\n")
                status, lower = head[9:12].decode(), head.lower()
                length = int(lower.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
            except (OSError, asyncio.IncompleteReadError) as error:
                mine.statuses[type(error).__name__] += 1
                writer = None
                await asyncio.sleep(0.1)
                continue
            mine.statuses[status] += 1
            if status.startswith("2"):
                mine.seconds.append(time.perf_counter() - began)
            if b"connection: close" in lower:
                writer.close()
                writer = None
        if writer is not None:
            writer.close()

    await asyncio.gather(*(one(Crowd(**each)) for each in crowds for _ in range(each["connections"])))
    return told


if __name__ == "__main__":
    if "--crowds" in sys.argv:
        pressed = asyncio.run(_press(**json.load(sys.stdin)))
        json.dump(
            {kind: {"statuses": told.statuses, "seconds": told.seconds} for kind, told in pressed.items()}, sys.stdout
        )
    else:
        minutes = float(sys.argv.pop(sys.argv.index("--minutes") + 1)) if "--minutes" in sys.argv else SECONDS / 60
        sys.argv = [each for each in sys.argv if each != "--minutes"]
        main({"overload": lambda: measure(60 * minutes)}, __doc__)
