"""The OpenAPI document by itself: the set of its operations, and what the schemas of the bodies say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from api.http.app import create_app
from api.http.bodies.logging import CorrectBody, LogBody
from api.http.bodies.pending import PendBody
from api.http.bodies.priority import PrioritizeBody

GOLDEN = Path(__file__).parents[1] / "golden" / "operations.txt"
LOGGED = LogBody.model_json_schema()["examples"][0]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(lambda: pytest.fail("the document needs no desk")).app.openapi()


def test_the_operations_are_those_of_the_releases_before(document: dict[str, Any]) -> None:
    """An operation that goes, or changes its address, breaks somebody's program. A new one is added here on purpose."""
    operations = sorted(f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item)
    assert operations == GOLDEN.read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (LogBody, {**LOGGED, "subject": ""}),
        (LogBody, {**LOGGED, "subject": "x" * 501}),
        (LogBody, {**LOGGED, "description": "NUL \0"}),
        (LogBody, {**LOGGED, "service": "no code, but words!"}),
        (LogBody, {**LOGGED, "customer": {"name": "Jo", "email": "nobody"}}),
        (LogBody, {**LOGGED, "customer": {"name": "Jo", "phone": "12"}}),
        (LogBody, {**LOGGED, "unknown": 1}),
        (PrioritizeBody, {"impact": 4, "severity": 1}),
        (PrioritizeBody, {"impact": 1.5, "severity": 1}),
        (PrioritizeBody, {"impact": "1", "severity": 1}),
        (PendBody, {"reason_code": "vendor", "question": "When?"}),
        (CorrectBody, {"field": "channel", "value": "phone", "reason": "misheard"}),
        (CorrectBody, {"field": "nature", "value": "unknown", "reason": "misheard"}),
        (CorrectBody, {"field": "service", "value": "no code!", "reason": "misheard"}),
        (CorrectBody, {"field": "email", "value": "nobody", "reason": "misheard"}),
    ],
    ids=str,
)
def test_a_schema_refuses_what_the_server_refuses(body: Any, given: dict[str, Any]) -> None:
    assert not Draft202012Validator(body.model_json_schema()).is_valid(given)


def test_an_integer_may_be_written_with_a_fraction_of_zero() -> None:
    """JSON Schema takes 3.0 for an integer (draft 2020-12, 6.1.1)."""
    assert PrioritizeBody.model_validate_json('{"impact": 3.0, "severity": 1}').impact == 3
    for wrong in ("3.5", "true", '"3"', "4.0", "1e400"):
        with pytest.raises(ValidationError):
            PrioritizeBody.model_validate_json(f'{{"impact": {wrong}, "severity": 1}}')
