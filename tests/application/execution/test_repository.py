"""Aggregates are found by number or id, as they are or were; what is not for the reader is not there."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from application.execution.repository import Repository
from domain.aggregate import Root
from domain.case import Case
from domain.data_subject import DataSubject
from domain.errors import Invalid, NotFound
from domain.problem import Problem
from domain.values import Actor, ErasureScope, Role
from tests.application.execution.memory_record import ORTIZ, MemoryRecord
from tests.domain.cases import FIRST, SECOND, at, duplicates, logged, said, triaged

run = asyncio.run
PROBLEM = "PRB-0000001"


def a_repository(*roots: Root) -> Repository:
    record = MemoryRecord()
    record.put(*roots)
    store: Any = record
    return Repository(store, store)


def a_problem() -> Problem:
    return Problem.open_for(UUID(int=77), PROBLEM, None, None, None, at())


def test_a_case_reads_as_it_is_and_as_it_was_at_each_version() -> None:
    repository = a_repository(triaged())
    assert run(repository.get(Case, FIRST)).status == "triaged"
    assert [run(repository.get(Case, FIRST, version)).status for version in (1, 2)] == ["logged", "triaged"]
    with pytest.raises(NotFound, match=f"{FIRST} has no version 3"):
        run(repository.get(Case, FIRST, 3))


@pytest.mark.parametrize(
    "number", ["INC-000001", "inc-0000001", f"{FIRST}\n", "INC-00000a1", "", PROBLEM, "INC-" + "1" * 19]
)
def test_what_is_no_number_of_a_case_is_not_even_looked_up(number: str) -> None:
    record = MemoryRecord()
    record.put(logged(), a_problem())
    store: Any = record
    with pytest.raises(NotFound, match="There is no case"):
        run(Repository(store, store).get(Case, number))
    assert record.asked == []


def test_a_number_that_nobody_has_is_not_found() -> None:
    with pytest.raises(NotFound, match=f"There is no case {SECOND}"):
        run(a_repository(logged()).get(Case, SECOND))
    with pytest.raises(NotFound, match=f"There is no problem {PROBLEM}"):
        run(a_repository(logged()).get(Problem, PROBLEM))


def test_an_aggregate_of_another_kind_is_none() -> None:
    problem = a_problem()
    repository = a_repository(problem)
    assert run(repository.find(Case, problem.id)) is None
    assert run(repository.find(Problem, UUID(int=1))) is None
    found = run(repository.find(Problem, problem.id))
    assert found is not None
    assert found.number == PROBLEM


def test_r_2_1a_customers_read_their_own_cases_and_are_told_of_no_other() -> None:
    repository = a_repository(logged(), logged(SECOND, customer="sam"))
    jo = Actor("jo", Role.CUSTOMER)
    assert run(repository.read(FIRST, jo)).customer == "jo"
    with pytest.raises(NotFound) as of_another:
        run(repository.read(SECOND, jo))
    with pytest.raises(NotFound) as missing:
        run(repository.read("INC-0000009", jo))
    assert str(of_another.value).replace(SECOND, "INC-0000009") == str(missing.value)
    assert run(repository.read(SECOND, ORTIZ)).customer == "sam"


def test_a_case_that_the_words_of_a_command_name_must_be_there() -> None:
    repository = a_repository(logged())
    assert run(repository.named(FIRST)).number == FIRST
    with pytest.raises(Invalid, match=f"There is no case {SECOND}") as wrong:
        run(repository.named(SECOND, "/first"))
    assert wrong.value.pointer == "/first"


def test_r_5_6c_a_duplicate_goes_with_its_first_case() -> None:
    first, second = duplicates()
    alone = logged("INC-0000003")
    repository = a_repository(first, second, alone)
    assert [run(repository.first_of(case)).number for case in (first, second, alone)] == [FIRST, FIRST, alone.number]


def test_how_often_somebody_was_erased_is_counted_from_none() -> None:
    subject = DataSubject.of("jo", at())
    for _ in range(2):
        subject.erase(ErasureScope.EVERYTHING, "r.audit", 3, said(), at(1))
    repository = a_repository(subject)
    assert run(repository.data_subject("sam")) is None
    assert [run(repository.erasures_of(each)) for each in ("jo", "sam")] == [2, 0]
