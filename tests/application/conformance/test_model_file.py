"""A model that cannot be read names its line and what was meant."""

from __future__ import annotations

import re

import pytest

from application.reports.conformance.model_file import ModelError, read_model
from domain.calendar import Calendar

GOOD = """model: ours
activities:
  fix:
    - {event: case.resolved, where: {code: fixed}}
rules:
  - rule: verified
    clause: R-5.8a
    says: It is
      verified first.
    template: precedence
    activation: fix
    target: case.verified
"""
WRONG = (
    # replaces, by, line, why
    ("model: ours\n", "", 1, "a model needs 'model'"),
    ("rules:", "rule:", 5, "a model has no 'rule'; is it 'rules'?"),
    ("template: precedence", "template: precedense", 10, "there is no template 'precedense'; is it 'precedence'?"),
    ("activation: fix", "activation: fixed", 11, "there is no event or activity 'fixed'"),
    ("target: case.verified", "target: case.verifed", 12, "is it 'case.verified'?"),
    ("    target: case.verified\n", "", 6, "precedence needs a target"),
    ("template: precedence", "template: absence", 12, "absence is about one activity"),
    ("{code: fixed}", "{cod: fixed}", 4, "case.resolved has no field cod; is it 'code'?"),
    ("{code: fixed}", "{code: {is: fixed}}", 4, "neither"),
    ("{code: fixed}", "{resolved_at: later than received}", 4, "case.resolved has no field received"),
    ("clause: R-5.8a\n", "clause: R-5.8a\n    clause: R-5.8b\n", 8, "clause stands here twice"),
    ("    clause: R-5.8a\n", "", 6, "a rule needs 'clause'"),
    ("target: case.verified", "target: case.verified\n    pair: {method: like code}", 13, "is no relation"),
    ("target: case.verified", "target: case.verified\n    pair: {method: same as codes}", 13, "is it 'code'?"),
    ("target: case.verified", "target: case.verified\n    time: {at most: three days}", 13, "is no interval"),
    ("target: case.verified", "target: case.verified\n    times: none", 13, "'none' is no count from 1 on"),
    ("target: case.verified", "target: case.verified\n    imported: perhaps", 13, "there is no imported 'perhaps'"),
    ("says: It is\n      verified first.", "says: [It is]", 8, "a text is wanted here"),
    ("rules:\n", "rules: {}\nothers:\n", 6, "a model has no 'others'"),
)


def test_a_model_is_read() -> None:
    model = read_model(GOOD, "ours.yaml", Calendar("business"))
    assert (model.name, [rule.says for rule in model.rules]) == ("ours", ["It is verified first."])


@pytest.mark.parametrize(("old", "new", "line", "why"), WRONG)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, line: int, why: str) -> None:
    assert old in GOOD
    with pytest.raises(ModelError, match=re.escape(f"ours.yaml, line {line}: ")) as error:
        read_model(GOOD.replace(old, new, 1), "ours.yaml", Calendar("business"))
    assert why in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "model: [", "model: x\nrules: []\n"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match=r"ours\.yaml, line \d+: "):
        read_model(text, "ours.yaml", Calendar("business"))


def test_two_rules_have_two_names() -> None:
    rule = GOOD.partition("rules:\n")[2]
    with pytest.raises(ModelError, match="line 13: there are two rules verified"):
        read_model(GOOD + rule, "ours.yaml", Calendar("business"))
