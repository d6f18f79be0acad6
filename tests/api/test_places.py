"""Who is admitted, in which order, and who is told to come again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from api.http.entrance.places import SHARES, Place, Places, Rank, Share, place, rank_of, stepped_aside
from api.http.problems import Problem

ALL = dict.fromkeys(Rank, Share(10, 10))


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


async def at_rest() -> None:
    """Let every task go on until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("path", "direct", "rank"),
    [
        ("/cases/INC-0000001/notes", True, Rank.CASES),
        ("/cases", False, Rank.LISTS),
        ("/ui/cases/INC-0000001", False, Rank.LISTS),
        ("/", False, Rank.LISTS),
        ("/intake/email", False, Rank.OUTSIDE),
        ("/v2/enqueue", False, Rank.OUTSIDE),
        ("/self-service/reports", False, Rank.OUTSIDE),
        ("/disputes/x", False, Rank.OUTSIDE),
        ("/reports/volume", False, Rank.REPORTS),
        ("/ui/reports", False, Rank.REPORTS),
        ("/policy/what-if", False, Rank.REPORTS),
        ("/events", False, Rank.REPORTS),
        ("/tlog/checkpoint", False, Rank.REPORTS),
        ("/healthz", False, None),
        ("/readyz/write", False, None),
        ("/metrics", False, None),
    ],
)
def test_a_path_has_a_rank(path: str, direct: bool, rank: Rank | None) -> None:
    assert rank_of(path, direct=direct) is rank


def test_staff_are_admitted_before_machines_and_machines_before_reports_whenever_they_came() -> None:
    async def test() -> None:
        places, admitted = Places(ALL, at_once=1), list[Rank]()

        async def ask(rank: Rank) -> None:
            await places.take(rank)
            admitted.append(rank)
            places.give_back(rank)

        await places.take(Rank.REPORTS)
        came = [Rank.REPORTS, Rank.OUTSIDE, Rank.REPORTS, Rank.LISTS, Rank.CASES, Rank.OUTSIDE, Rank.CASES]
        async with asyncio.TaskGroup() as group:
            for rank in came:
                group.create_task(ask(rank))
                await at_rest()
            assert admitted == []
            places.give_back(Rank.REPORTS)
        assert admitted == sorted(came)

    run(test)


def test_a_rank_leaves_the_places_of_those_before_it_free() -> None:
    async def test() -> None:
        places = Places({**ALL, Rank.REPORTS: Share(1, 1)}, at_once=2)
        await places.take(Rank.REPORTS)
        async with asyncio.TaskGroup() as group:
            second = group.create_task(places.take(Rank.REPORTS))
            await at_rest()
            assert places.waiting(Rank.REPORTS) == 1, "though a place is free"
            await places.take(Rank.CASES)
            places.give_back(Rank.CASES)
            await at_rest()
            assert not second.done()
            places.give_back(Rank.REPORTS)
        assert places.waiting(Rank.REPORTS) == 0

    run(test)


def test_no_rank_starves_however_many_staff_ask() -> None:
    async def test() -> None:
        places = Places({**ALL, Rank.REPORTS: Share(2, 10, own=1)}, at_once=3)
        for _ in range(2):
            await places.take(Rank.CASES)
        staff = asyncio.ensure_future(places.take(Rank.CASES))
        await at_rest()
        assert not staff.done(), "the last place is the reports' own"
        await places.take(Rank.REPORTS)
        places.give_back(Rank.REPORTS)
        await at_rest()
        assert not staff.done()
        places.give_back(Rank.CASES)
        await staff

    run(test)


def test_a_line_is_bounded_and_a_full_one_refuses_at_once_whoever_else_waits() -> None:
    async def test() -> None:
        places = Places({**ALL, Rank.OUTSIDE: Share(10, 2)}, at_once=1)
        await places.take(Rank.CASES)
        tasks = [asyncio.ensure_future(places.take(Rank.OUTSIDE)) for _ in range(2)]
        await at_rest()
        with pytest.raises(Problem) as refused:
            await places.take(Rank.OUTSIDE)
        assert refused.value.slug == "unavailable"
        staff = asyncio.ensure_future(places.take(Rank.CASES))
        await at_rest()
        assert places.waiting(Rank.CASES) == 1, "machines take no place in the line of staff"
        for task in (*tasks, staff):
            task.cancel()
        await asyncio.gather(*tasks, staff, return_exceptions=True)
        assert [places.waiting(rank) for rank in Rank] == [0, 0, 0, 0]

    run(test)


def test_nobody_waits_for_ever() -> None:
    async def test() -> None:
        places = Places(ALL, at_once=1, patience=0.01)
        await places.take(Rank.CASES)
        with pytest.raises(Problem):
            await places.take(Rank.CASES)
        assert places.waiting(Rank.CASES) == 0
        places.give_back(Rank.CASES)
        await places.take(Rank.CASES)

    run(test)


def test_who_is_gone_when_their_turn_comes_passes_it_on() -> None:
    async def test() -> None:
        places = Places(ALL, at_once=1)
        await places.take(Rank.CASES)
        first, second = (asyncio.ensure_future(places.take(Rank.CASES)) for _ in range(2))
        await at_rest()
        places.give_back(Rank.CASES)  # it is the first one's turn, who has not heard of it yet
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        await second

    run(test)


def test_who_steps_aside_holds_no_place_meanwhile_and_takes_one_again() -> None:
    async def test() -> None:
        places = Places(ALL, at_once=1)
        mine = Place(places, Rank.LISTS)
        place.set(mine)
        await mine.take()
        async with stepped_aside():
            await places.take(Rank.REPORTS)
            places.give_back(Rank.REPORTS)
        other = asyncio.ensure_future(places.take(Rank.CASES))
        await at_rest()
        assert not other.done()
        mine.end()
        await mine.take()  # after its end it takes none
        await other

    run(test)


def test_the_ranks_have_shares_that_leave_room_for_staff() -> None:
    assert (
        SHARES[Rank.CASES].places
        > SHARES[Rank.LISTS].places
        > SHARES[Rank.OUTSIDE].places
        > SHARES[Rank.REPORTS].places
    )
    assert SHARES[Rank.CASES].places > 4 * sum(each.own for each in SHARES.values())
    assert sorted(SHARES) == list(Rank)
