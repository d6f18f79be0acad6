"""Problem Cases: investigated, published as a known error, resolved and closed over weeks (5.8.1)."""

from __future__ import annotations

from application.demo.simulation.setting import Setting
from application.demo.simulation.wording import Wording

_A_DAY = 540
"""Minutes of business."""


async def problem(at: Setting, number: str, service: str) -> None:
    """Let a problem go its way. Some are never worked on."""
    chance, wording, problems = at.chance, Wording(at.chance), at.desk.problems
    who = at.people.member(at.people.team_of(service), chance)
    if chance.happens(0.35):
        return
    await at.soon(_A_DAY, 5 * _A_DAY)
    await problems.investigate(number, wording.one("findings"), who)
    if chance.happens(0.3):
        return
    await at.soon(_A_DAY, 10 * _A_DAY)
    await problems.find_root_cause(number, wording.one("causes"), who)
    if chance.happens(0.3):
        title, symptoms, workaround = wording.one("subjects"), wording.one("details"), wording.one("solutions")
        await problems.publish_known_error(number, title, symptoms, workaround, who)
    if chance.happens(0.3):
        return
    await at.soon(_A_DAY, 20 * _A_DAY)
    if at.problems.get(service) == number:
        del at.problems[service]
    await problems.resolve(number, wording.one("solutions"), who)
    await at.soon(_A_DAY, 5 * _A_DAY)
    await problems.close(number, who)
