"""Reads a model from YAML. What is wrong is named with its line, for the process owner who wrote it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from application.reports.conformance.conditions import Pair, Selector, Span, Test, condition, duration, names_in, pair
from application.reports.conformance.history import OWN, TOPICS
from application.reports.conformance.rules import Enough, Kind, Model, Rule
from application.reports.conformance.templates import MUTUAL, TEMPLATES, UNARY
from domain.calendar import Calendar

SOP = "sop.yaml"
"""The SOP's own model."""
Nodes = dict[str, yaml.Node]
Selectors = tuple[Selector, ...]
_MODEL = ("model", "activities", "rules")
_RULE = (
    *("rule", "clause", "says", "template", "activation", "target", "voided by", "pair", "time", "times"),
    *("business days", "different", "imported", "counts as"),
)
_SELECTOR, _TIME = ("event", "where", "time"), ("at most", "more than", "clock")
_IMPORTED = {"as others": Kind.BROKEN, "not recorded": Kind.NOT_RECORDED}
_COUNTS = {"broken": Kind.BROKEN, "stated": Kind.STATED}


class _Loader(yaml.SafeLoader):
    """Reads `yes` and `no` as the words they are, as YAML 1.2 does: they are values of events."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


class ModelError(ValueError):
    """A model cannot be read: where, and why."""


@lru_cache(4)
def sop(calendar: Calendar) -> Model:
    """The SOP's own model, business time by a calendar. Read once for each: YAML takes a tenth of a second."""
    text = files("application.reports.conformance").joinpath(SOP).read_text(encoding="utf-8")
    return read_model(text, SOP, calendar)


def read_model(text: str, path: str, calendar: Calendar) -> Model:
    """Read a model from the text of a file. Raises ModelError."""
    return _Reader(path, calendar).model(text)


class _Reader:
    """Reads one file."""

    def __init__(self, path: str, calendar: Calendar) -> None:
        self._path, self._calendar = path, calendar
        self._activities: dict[str, Selectors] = {}

    def model(self, text: str) -> Model:
        try:
            root = yaml.compose(text, _Loader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise ModelError(f"{self._path}, line {line}: {error.problem}") from error
        if root is None:
            raise ModelError(f"{self._path}, line 1: the file is empty")
        given = self._mapping(root, _MODEL, "a model", needs=("model", "rules"))
        if "activities" in given:
            for name, node in self._mapping(given["activities"], None, "the activities").items():
                self._activities[name] = self._selectors(node)
        rules: dict[str, Rule] = {}
        for node in self._sequence(given["rules"], "the rules"):
            rule = self._rule(node)
            if rule.name in rules:
                self._wrong(node, f"there are two rules {rule.name}")
            rules[rule.name] = rule
        return Model(self._text(given["model"]), tuple(rules.values()))

    def _rule(self, node: yaml.Node) -> Rule:
        given = self._mapping(node, _RULE, "a rule", needs=("rule", "clause", "says", "template", "activation"))
        template = self._one_of(given["template"], TEMPLATES, "template")
        for name in ("target",) if template not in UNARY else ():
            if name not in given:
                self._wrong(node, f"{template} needs a {name}")
        if template in UNARY and "target" in given:
            self._wrong(given["target"], f"{template} is about one activity and takes no target")
        activations = self._selectors(given["activation"])
        targets = self._selectors(given["target"]) if "target" in given else ()
        return Rule(
            name=self._text(given["rule"]),
            clause=self._text(given["clause"]),
            says=" ".join(self._text(given["says"]).split()),
            template=template,
            activations=activations,
            targets=targets,
            voids=self._selectors(given["voided by"]) if "voided by" in given else (),
            pairs=tuple(self._pairs(given["pair"], activations, targets)) if "pair" in given else (),
            span=self._span(given["time"]) if "time" in given else Span(),
            enough=self._enough(given),
            kind=self._kind(given, "counts as", _COUNTS),
            imported=self._kind(given, "imported", _IMPORTED),
            topics=frozenset() if template in UNARY else self._topics(template, activations, targets),
        )

    def _topics(self, template: str, activations: Selectors, targets: Selectors) -> frozenset[str]:
        spoken = (*activations, *targets) if template in MUTUAL else activations
        return frozenset(selector.topic for selector in spoken)

    def _kind(self, given: Nodes, name: str, kinds: Mapping[str, Kind]) -> Kind:
        return kinds[self._one_of(given[name], kinds, name)] if name in given else Kind.BROKEN

    # activities

    def _selectors(self, node: yaml.Node) -> Selectors:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return tuple(selector for each in nodes for selector in self._selector(each))

    def _selector(self, node: yaml.Node) -> Iterator[Selector]:
        if isinstance(node, yaml.ScalarNode):
            if node.value in self._activities:
                yield from self._activities[node.value]
            else:
                yield Selector(self._topic(node))
            return
        given = self._mapping(node, _SELECTOR, "an activity", needs=("event",))
        topic = self._topic(given["event"])
        tests = tuple(self._tests(given["where"], topic)) if "where" in given else ()
        time = self._text(given["time"]) if "time" in given else "happened_at"
        self._field(given.get("time", node), topic, time)
        yield Selector(topic, tests, time)

    def _topic(self, node: yaml.Node) -> str:
        return self._one_of(node, [*self._activities, *TOPICS], "event or activity")

    def _tests(self, node: yaml.Node, topic: str) -> Iterator[Test]:
        for name, wanted in self._mapping(node, None, "the conditions").items():
            for field in (name, *names_in(self._value(wanted))):
                self._field(wanted, topic, field)
            yield self._made(wanted, condition, name)

    def _pairs(self, node: yaml.Node, activations: Selectors, targets: Selectors) -> Iterator[Pair]:
        for name, wanted in self._mapping(node, None, "the pairs").items():
            for selector in targets:
                self._field(wanted, selector.topic, name)
            for other in names_in(self._value(wanted)):
                for selector in activations:
                    self._field(wanted, selector.topic, other)
            yield self._made(wanted, pair, name)

    def _field(self, node: yaml.Node, topic: str, name: str) -> None:
        known = [*OWN, *(field.name for field in fields(TOPICS[topic])), *_BESIDE.get(topic, ())]
        if name.partition(".")[0] not in known:
            self._wrong(node, f"{topic} has no field {name}{_meant(name, known)}")

    # time and number

    def _span(self, node: yaml.Node) -> Span:
        given = self._mapping(node, _TIME, "the time")
        clock = self._one_of(given["clock"], ("wall", "business"), "clock") if "clock" in given else "wall"
        limits = {name.replace(" ", "_"): self._made(given[name], _interval, name) for name in given if name != "clock"}
        return Span(**limits, calendar=self._calendar if clock == "business" else None)

    def _enough(self, given: Nodes) -> Enough:
        different = self._mapping(given["different"], None, "`different`") if "different" in given else {}
        return Enough(
            times=self._count(given["times"]) if "times" in given else 1,
            days=self._count(given["business days"]) if "business days" in given else 1,
            different=tuple((name, self._count(node)) for name, node in different.items()),
            calendar=self._calendar,
        )

    def _count(self, node: yaml.Node) -> int:
        value = self._value(node)
        if type(value) is not int or value < 1:
            self._wrong(node, f"{value!r} is no count from 1 on")
        return int(value)

    # nodes

    def _made(self, node: yaml.Node, make: Any, name: str) -> Any:
        try:
            return make(name, self._value(node))
        except ValueError as error:
            self._wrong(node, str(error))

    def _mapping(
        self, node: yaml.Node, known: Collection[str] | None, what: str, *, needs: Collection[str] = ()
    ) -> Nodes:
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"{what} is a mapping of names to values")
        found: Nodes = {}
        for key, value in node.value:
            name = self._text(key)
            if known is not None and name not in known:
                self._wrong(key, f"{what} has no {name!r}{_meant(name, known)}")
            if name in found:
                self._wrong(key, f"{name} stands here twice")
            found[name] = value
        for name in needs:
            if name not in found:
                self._wrong(node, f"{what} needs {name!r}")
        return found

    def _sequence(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self._wrong(node, f"{what} are a list, with one entry at least")
        return list(node.value)

    def _one_of(self, node: yaml.Node, known: Collection[str], what: str) -> str:
        name = self._text(node)
        if name not in known:
            self._wrong(node, f"there is no {what} {name!r}{_meant(name, known)}")
        return name

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(node, "a text is wanted here")
        return str(node.value)

    def _value(self, node: yaml.Node) -> Any:
        return _Loader("").construct_document(node)

    def _wrong(self, node: yaml.Node, why: str) -> Any:
        raise ModelError(f"{self._path}, line {node.start_mark.line + 1}: {why}")


_BESIDE = {"problem.incident_linked": ("number",)}
"""What the event of a history says beside its own fields."""


def _interval(_: str, wanted: Any) -> Any:
    return duration(wanted)


def _meant(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, 1, 0.6)
    return f"; is it {close[0]!r}?" if close else f"; known: {', '.join(known)}" if len(known) <= 30 else ""
