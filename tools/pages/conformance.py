"""docs/conformance.md: the SOP's model as a table, from its YAML, and as a picture of what a desk does."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import yaml

from application.reports.conformance.model_file import SOP, sop
from domain.policy import first_policy
from tools.pages.markdown import GENERATED, code, table

_HEAD = f"# Conformance\n\n{GENERATED}\n"
_TEXT = """
`caseledger conformance` holds every history, imported ones too, against the SOP. The SOP stands in one file,
`application/reports/conformance/sop.yaml`, as rules that a process owner reads and changes. `--model FILE` takes a file of your own; a
mistake in it is named with its line. The command exits 0 when all conform, 1 with deviations and 2 when it could not run.

```sh
caseledger conformance                                    # a table by clause, and the first deviations
caseledger conformance --by clause,month --from 2026-01-01 --tz America/Chicago
caseledger conformance --kind broken --json               # without what imported histories do not record
caseledger conformance --as-of 2026-03-31T23:59:59Z       # what the ledger had recorded by then
```

`--json` prints `{"checked", "deviations": [{"clause", "rule", "case", "position", "at", "kind", "message"}], "model", "by_clause", "by",
"rows", "fitness", "position", "as_of", "checkpoint", "time_zone"}`. `position` is the last event that was looked at, `checkpoint` the newest signed
checkpoint and whether it covers that position. `from` and `to` select deviations by when they happened; `checked` and
`fitness` are about all histories. `GET /conformance` gives staff the same in pages of cases, or for one case. Auditors see
the deviations of all histories in the [console](console.md#checks-of-the-whole-record).

## What a deviation is

| kind | meaning |
|---|---|
| `broken` | The history contradicts the rule. On a desk that only its own commands have written to there is none: a property test holds the model against them. |
| `stated` | The desk allowed it, and the event itself names the deviation: the duty manager answered for a late team (R-5.7b). |
| `not_recorded` | The history was imported, and its source keeps no record of what the rule asks for. Nobody can say whether it was done. |

**Fitness** comes in two figures. `rate` is the share of activations that the histories fulfil: an activation is an event that a rule speaks
about, or the whole history where the rule asks for no event. `fitting_rate` is the share of histories without a deviation. Both leave out `not_recorded` ({"rate", "activations", "fulfilled",
"fitting", "fitting_rate", "not_recorded"}).

## The desk, drawn

The directly-follows graph of the steps of a simulated desk of 1,000 cases (`caseledger demo load --cases 1000 --seed 1 --until 2026-10-30`). An arrow
counts how often a case went from one step to the next. The thicker, the more often; fewer than 1 % of the arrows are left out.

![The steps of a desk, and how often a case goes from each to the next](conformance.svg)

## How a rule reads

```yaml
  - rule: verified-before-resolution
    clause: R-5.8a
    says: A service team resolves only after the customer has confirmed that it works.
    template: precedence                      # what the rule asks; the next table
    activation: {event: case.resolved, where: {by.role: team_member}}
    target: {event: case.verified, where: {satisfactory: true}, time: at}
    voided by: [case.assigned, case.diagnosed]  # they take the target back
```

An activity is a topic of [the events](events.md), or a name under `activities`. `where` tests the event's fields, as the event has them: a value,
a list of values, `present`, `absent`, `at least 3`, `{not: ...}`, or a relation such as `later than 2 min after happened_at`. `time` names the
field that says when it happened. Beside its fields every event has `version`, `position`, `happened_at` and `recorded_at`.

| word | meaning |
|---|---|
| `pair` | what target and activation have in common: `{number: same as problem}`, `{received_at: later than closed_at}` |
| `time` | how far they lie apart: `at most: 5 min`, `more than: 72 h`; `clock: business` counts the policy's business hours only |
| `voided by` | events that take an activation or a target back |
| `times`, `business days`, `different` | how many targets, on how many business days, with how many different values of a field |
| `imported: not recorded` | in imported history a deviation is `not_recorded` |
| `counts as: stated` | a deviation is `stated` |

| template | the rule holds when |
|---|---|
| `init` | the history begins with the activation |
| `existence`, `absence`, `exactly` | the activation occurs (`times`: so often), never (`times: N`: fewer than N), so often |
| `responded existence`, `co-existence` | with the activation there is a target, before or after; and the other way round |
| `response`, `precedence`, `succession` | the target comes after, before; both |
| `alternate ...` | the same, and before the next activation |
| `chain ...` | the same, and nothing of the case lies between |
| `not response`, `not chain response`, `not co-existence` | the target does not come after, not right after, not at all |

These are the templates of Declare (van der Aalst and Pesic), with conditions on data and time (MP-Declare), by the names of Declare4Py
and RuM. What no rule forbids is allowed. A response may still come while its case is open and its time is not over.

## The rules

"""


def page() -> str:
    """The page."""
    return _HEAD + _TEXT + table(("clause", "rule", "holds when", "template", "activation", "target"), _rows())


def _rows() -> Iterator[tuple[str, ...]]:
    model = sop(first_policy().business)
    text = files("application.reports.conformance").joinpath(SOP).read_text(encoding="utf-8")
    given = {rule["rule"]: rule for rule in yaml.safe_load(text)["rules"]}
    for rule in model.rules:
        told = given[rule.name]
        activation, target = (_activity(told.get(name)) for name in ("activation", "target"))
        yield (
            f"[{rule.clause}](requirements.md#{_anchor(rule.clause)})",
            code(rule.name),
            rule.says,
            rule.template,
            activation,
            target,
        )


def _anchor(clause: str) -> str:
    return clause.lower().replace(".", "")


def _activity(told: Any) -> str:
    if told is None:
        return ""
    each = told if isinstance(told, list) else [told]
    return ", ".join(code(one if isinstance(one, str) else one["event"]) for one in each)
