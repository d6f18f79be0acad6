"""A desk on three machines loses the one that leads, under load (docs/high-availability.md). `make ha` runs it.

What is measured is printed. A deadline ends a wait; no time is compared with another machine's.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest
import yaml

from tests.acceptance.ha.desk import Acknowledged, Clients, Desk, running_desk
from tests.acceptance.ha.machines import DEPLOY, Cluster, Machine, awaited, missing, running_cluster

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]
_BACK = 30.0
"""Seconds within which writes are to be back."""
_TOPICS = {"log": "case.logged", "triage": "case.triaged"}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Three machines."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cl-ha-") as folder, running_cluster(Path(folder)) as running:
        say("", f"three machines after {time.monotonic() - began:.0f} s")
        yield running


@pytest.fixture
def desk(cluster: Cluster, tmp_path: Path) -> Iterator[Desk]:
    """A desk on them."""
    began = time.monotonic()
    with running_desk(cluster, tmp_path / "desk") as running:
        say(f"a desk on them after {time.monotonic() - began:.0f} s")
        yield running


def say(*lines: str) -> None:
    """Print what was found."""
    sys.stdout.write("".join(f"  {line}\n" for line in lines))
    sys.stdout.flush()


def absent(acknowledged: list[Acknowledged], desk: Desk) -> list[Acknowledged]:
    """The acknowledged commands that the record does not have at their positions."""
    record = desk.record()
    return [
        each for each in acknowledged if record.get(each.position) != (each.number, each.version, _TOPICS[each.verb])
    ]


def told_twice(desk: Desk, clients: Clients) -> int:
    """How many more cases there are than were logged: a command that was sent again counts once."""
    logged = [position for position, (_, _, topic) in desk.record().items() if topic == "case.logged"]
    return len(logged) - sum(each.verb == "log" for each in clients.acknowledged)


def caught_up(desk: Desk) -> None:
    """Wait until the views and the seal have reached the end of the record."""

    def look() -> bool | None:
        status = desk.told("status", role="desk_api", code=None)
        done = status["sealed_position"] == status["views_position"] == status["ledger_position"]
        return True if done else None

    awaited("views and seal at the end of the record", look, every=1.0)


def test_synchronous_a_lost_leader_costs_no_acknowledged_command(cluster: Cluster, desk: Desk) -> None:
    lost, clients = cluster.leader(), Clients(desk.urls, desk.token())
    with clients.at_work():
        clients.wait_for(200)
        shown = read_on_replicas(cluster, desk, clients)
        sealed, before = desk.sealed(), len(clients.acknowledged)
        cut = time.monotonic()
        lost.cut_power()
        back = clients.first_after(time.monotonic(), 4 * _BACK)
        clients.wait_for(200)
    acknowledged, took = clients.acknowledged, back.ended - cut
    say(
        f"synchronous: views read by {shown} connections to replicas; {lost.name} lost after {before} acknowledged commands, "
        f"{sealed} leaves sealed",
        f"writes back after {took:.1f} s, on {cluster.leader().name}; {len(acknowledged)} acknowledged in all",
        f"acknowledged and lost: {len(absent(acknowledged, desk))}; recorded twice: {told_twice(desk, clients)}",
    )
    assert absent(acknowledged, desk) == []
    assert told_twice(desk, clients) == 0
    assert clients.refused == []
    assert took <= _BACK
    caught_up(desk)
    assert desk.refusal() is None
    assert desk.sealed() > sealed
    assert desk.told("verify", role="desk_auditor")["findings"] == []
    say(f"verify: nothing found; {desk.sealed()} leaves sealed, one log")
    lost.start()
    awaited("the lost machine follows", lambda: True if lost.name in cluster.followers(cluster.leader()) else None)
    say(f"{lost.name} is back as a replica")


def read_on_replicas(cluster: Cluster, desk: Desk, clients: Clients) -> int:
    """Read what was just written, with `Wait-For-Position`; returns how many connections to replicas the API processes have."""
    for url in desk.urls:
        for _ in range(5):
            position = clients.acknowledged[-1].position
            assert clients.read(url, "/queues", position)["as_of_position"] >= position
    followers = cluster.followers(cluster.leader())
    found = 0
    for machine in cluster.machines:
        if machine.name in followers:
            with psycopg.connect(machine.conninfo) as superuser:
                rows = superuser.execute("SELECT FROM pg_stat_activity WHERE application_name = 'caseledger api'")
                found += len(rows.fetchall())
    assert found >= len(desk.urls)
    return found


@contextmanager
def replicas_cut_off(cluster: Cluster) -> Iterator[None]:
    """Let nothing reach the replicas, as a network between them that is silent."""
    leader = cluster.leader()
    with psycopg.connect(leader.conninfo) as superuser:
        senders = [pid for (pid,) in superuser.execute("SELECT pid FROM pg_stat_replication")]
    for pid in senders:
        psutil.Process(pid).send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in senders:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).send_signal(signal.SIGCONT)


def test_asynchronous_what_is_lost_is_named_and_the_sealer_does_not_fork(cluster: Cluster, desk: Desk) -> None:
    cluster.change(yaml.safe_load((DEPLOY / "asynchronous.yml").read_text(encoding="utf-8")))

    def is_asynchronous() -> bool | None:
        with psycopg.connect(cluster.leader().conninfo) as superuser:
            return superuser.execute("SHOW synchronous_standby_names").fetchone() == ("",) or None

    awaited("the leader waits for nobody", is_asynchronous)
    lost, clients = cluster.leader(), Clients(desk.urls, desk.token())
    with clients.at_work():
        clients.wait_for(200)
        with replicas_cut_off(cluster):
            clients.wait_for(100)
            sealed = desk.sealed()
            awaited("the sealer seals what no replica has", lambda: True if desk.sealed() > sealed else None)
            cut = time.monotonic()
            lost.cut_power()
            moment = time.monotonic()
            sealed = desk.sealed()
        back = clients.first_after(moment, 4 * _BACK)
        clients.wait_for(50)
    gone = absent([each for each in clients.acknowledged if each.began <= moment], desk)
    assert absent([each for each in clients.acknowledged if each.began > moment], desk) == []
    awaited("the sealer refuses", desk.refusal)
    assert "were signed" in str(desk.refusal())
    found = named_on(lost, desk)
    say(
        f"asynchronous: {lost.name} lost; writes back after {back.ended - cut:.1f} s, on {cluster.leader().name}",
        f"acknowledged and lost: {len(gone)} of {len(clients.acknowledged)} commands, positions "
        f"{min(each.position for each in gone)} to {max(each.position for each in gone)}",
        f"the sealer refuses, at {sealed} leaves: {str(desk.refusal()).split('.')[0]}",
    )
    say(f"`caseledger lost`, asked of the disk of {lost.name}, names {len(found)} events")
    assert gone
    told = {each.position: (each.number, each.version, _TOPICS[each.verb]) for each in gone}
    assert {position: found.get(position) for position in told} == told
    assert desk.sealed() == sealed
    assert {each["check"] for each in desk.told("verify", role="desk_auditor", code=1)["findings"]} == {"sealer"}
    begun = desk.told("tlog", "restart", "--reason", f"{lost.name} was lost", role="postgres")
    caught_up(desk)
    assert desk.refusal() is None
    assert desk.told("verify", role="desk_auditor")["findings"] == []
    say(f"after `tlog restart`: {begun['origin']} goes on, verify finds nothing")


def named_on(lost: Machine, desk: Desk) -> dict[int, tuple[str, int, str]]:
    """What a lost leader has that its cluster lacks, by position. It comes back as a replica that cannot follow, and keeps all it has."""
    lost.start()

    def look() -> dict[int, tuple[str, int, str]] | None:
        psycopg.connect(lost.conninfo).close()
        named = desk.told("lost", desk.url_of(lost.host, "desk_auditor"), role="desk_auditor", code=None)["lost"]
        return {each["position"]: (each["number"], each["version"], each["topic"]) for each in named}

    return awaited("the lost leader's disk", look, every=1.0)
