"""The templates of Declare: what each asks of a history (van der Aalst, Pesic and Schonenberg 2009; Burattin et al. 2016).

An activation is an event that a rule speaks about, a target the event that it asks for or forbids. A response that may still
come contradicts nothing: the case is open and its time is not over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from application.reports.conformance.history import Event, History
from application.reports.conformance.rules import Rule, happened, selected


@dataclass(frozen=True)
class Judgement:
    """How one rule stands in one history."""

    activated: int = 0
    violated: int = 0
    """Activations that the history contradicts."""
    events: Sequence[Event] = ()
    """Where it does: the events that should not be there, or that lack their other half."""


Template = Callable[[Rule, History], Judgement]


def _judged(activations: Sequence[Event], bad: Sequence[Event]) -> Judgement:
    return Judgement(len(activations), len(bad), bad)


class _Pairs:
    """The activations of a rule in a history, and the events that they are judged by."""

    def __init__(self, rule: Rule, history: History) -> None:
        self.rule, self.history = rule, history
        self.activations = selected(rule.activations, history)
        self.targets: Sequence[Event] = selected(rule.targets, history) if self.activations else ()
        self.voids: Sequence[Event] = selected(rule.voids, history) if self.activations and rule.voids else ()

    def is_responded(self, activation: Event) -> bool:
        """Whether there is a target, before or after."""
        return any(self.rule.fits(activation, target) for target in self.targets)

    def is_alone(self, activation: Event) -> bool:
        """Whether there is none."""
        return not self.is_responded(activation)

    def is_preceded(self, activation: Event) -> bool:
        """Whether enough targets came before it that nothing has taken back since."""
        until = activation.index
        before = [each for each in self.targets if each.index < until and self.rule.fits(activation, each)]
        standing = [each for each in before if not self._is_void(each, until)]
        return self.rule.enough.reached(standing, self.rule.targets)

    def _is_void(self, target: Event, until: int) -> bool:
        """Whether something took a target back: recorded after it, or done after the time that it tells of.

        People tell times to the second, so what was done in the same second takes nothing back.
        """
        told = happened(target, self.rule.targets)
        return any(
            void.index > target.index or happened(void, self.rule.voids).replace(microsecond=0) > told
            for void in self.voids
            if void.index < until
        )

    def is_preceded_anew(self, activation: Event) -> bool:
        """Whether a target came after the activation before this one."""
        since = max((each.index for each in self.activations if each.index < activation.index), default=-1)
        return self._is_between(since, activation.index, activation)

    def is_answered(self, activation: Event) -> bool:
        """Whether a target comes after it, or may still come, or is no longer owed."""
        end = len(self.history.events)
        owed_until = min((void.index for void in self.voids if void.index > activation.index), default=end)
        answered = self._is_between(activation.index, owed_until, activation)
        return answered or owed_until < end or not self._is_over(activation)

    def _is_over(self, activation: Event) -> bool:
        """Whether an answer can no longer come: its time has passed, or the case is closed."""
        span, history = self.rule.span, self.history
        if span.at_most is None:
            return any(event.index > activation.index for event in history.by_topic.get("case.closed", ()))
        began = happened(activation, self.rule.activations)
        return span.between(began, max(began, history.until)) > span.at_most

    def is_answered_before_the_next(self, activation: Event) -> bool:
        """Whether a target comes before the next activation."""
        later = min((each.index for each in self.activations if each.index > activation.index), default=None)
        if later is None:
            return self.is_answered(activation)
        return self._is_between(activation.index, later, activation)

    def _is_between(self, start: int, end: int, activation: Event) -> bool:
        return any(start < each.index < end and self.rule.fits(activation, each) for each in self.targets)

    def is_right_after(self, activation: Event) -> bool:
        """Whether the event of the case just before it is a target."""
        return self._fits(activation, self.history.neighbour(activation, -1))

    def is_right_before(self, activation: Event) -> bool:
        """Whether the event of the case just after it is a target. While there is none, one may come."""
        after = self.history.neighbour(activation, 1)
        return after is None or self._fits(activation, after)

    def is_not_right_before(self, activation: Event) -> bool:
        """Whether it is none."""
        return not self._fits(activation, self.history.neighbour(activation, 1))

    def _fits(self, activation: Event, other: Event | None) -> bool:
        rule = self.rule
        return other is not None and any(each.selects(other) for each in rule.targets) and rule.fits(activation, other)


def _each(holds: Callable[[_Pairs, Event], bool]) -> Template:
    """A template that judges each activation by itself."""

    def judge(rule: Rule, history: History) -> Judgement:
        pairs = _Pairs(rule, history)
        return _judged(pairs.activations, [each for each in pairs.activations if not holds(pairs, each)])

    return judge


# of one activity


def _existence(rule: Rule, history: History) -> Judgement:
    first, found = [history.first], len(selected(rule.activations, history))
    return _judged(first, first if found < rule.enough.times else ())


def _absence(rule: Rule, history: History) -> Judgement:
    """None at all; with `times: N`, fewer than N."""
    found = selected(rule.activations, history)
    bad = found[rule.enough.times - 1 :]
    return Judgement(max(len(found), 1), len(bad), bad)


def _exactly(rule: Rule, history: History) -> Judgement:
    first, found, times = [history.first], selected(rule.activations, history), rule.enough.times
    return _judged(first, found[times : times + 1] or (first if len(found) < times else ()))


def _init(rule: Rule, history: History) -> Judgement:
    first = history.first
    return _judged([first], [] if any(each.selects(first) for each in rule.activations) else [first])


# of two


def _mutual(forward: Template, backward: Template) -> Template:
    """Both directions: each target is an activation as well."""

    def judge(rule: Rule, history: History) -> Judgement:
        one, other = forward(rule, history), backward(rule.turned, history)
        return Judgement(one.activated + other.activated, one.violated + other.violated, [*one.events, *other.events])

    return judge


def _not_response(rule: Rule, history: History) -> Judgement:
    """No target after an activation, unless something between them took the activation back."""
    pairs = _Pairs(rule, history)
    voids = [void.index for void in pairs.voids]
    broken: set[int] = set()
    found = []
    for target in pairs.targets:
        for activation in reversed(pairs.activations):
            since, until = activation.index, target.index
            if since < until and not any(since < void < until for void in voids) and rule.fits(activation, target):
                broken.add(since)
                found.append(target)
                break
    return Judgement(len(pairs.activations), len(broken), found)


_RESPONSE, _PRECEDENCE = _each(_Pairs.is_answered), _each(_Pairs.is_preceded)
_ALTERNATE_RESPONSE = _each(_Pairs.is_answered_before_the_next)
_ALTERNATE_PRECEDENCE = _each(_Pairs.is_preceded_anew)
_CHAIN_RESPONSE, _CHAIN_PRECEDENCE = _each(_Pairs.is_right_before), _each(_Pairs.is_right_after)
_RESPONDED = _each(_Pairs.is_responded)
TEMPLATES: Mapping[str, Template] = {
    "existence": _existence,
    "absence": _absence,
    "exactly": _exactly,
    "init": _init,
    "responded existence": _RESPONDED,
    "co-existence": _mutual(_RESPONDED, _RESPONDED),
    "response": _RESPONSE,
    "alternate response": _ALTERNATE_RESPONSE,
    "chain response": _CHAIN_RESPONSE,
    "precedence": _PRECEDENCE,
    "alternate precedence": _ALTERNATE_PRECEDENCE,
    "chain precedence": _CHAIN_PRECEDENCE,
    "succession": _mutual(_RESPONSE, _PRECEDENCE),
    "alternate succession": _mutual(_ALTERNATE_RESPONSE, _ALTERNATE_PRECEDENCE),
    "chain succession": _mutual(_CHAIN_RESPONSE, _CHAIN_PRECEDENCE),
    "not response": _not_response,
    "not chain response": _each(_Pairs.is_not_right_before),
    "not co-existence": _each(_Pairs.is_alone),
}
"""By the names of Declare4Py and RuM. In a precedence the later event is the activation."""
UNARY = frozenset({"existence", "absence", "exactly", "init"})
"""Those of one activity. They speak of every history."""
MUTUAL = frozenset({"co-existence", "succession", "alternate succession", "chain succession"})
"""Those whose targets are activations as well."""
