"""A report as a chart, legible in black and white, with its period, zone and position, and with a text alternative.

matplotlib draws it. It is an optional extra, and is loaded with the first chart.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import cycle
from types import ModuleType
from typing import Any, Literal
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from application.reports.definitions import REPORTS
from application.reports.report import Breakdown, Unit
from domain.errors import Invalid

Form = Literal["svg", "png"]
_INCHES, _DOTS = (9.6, 5.4), 150
_MOST = 12
"""Values of a breakdown that are drawn; the largest ones. The text alternative has them all."""
_HATCHES = ("", "///", "...", "xxx", "\\\\\\", "ooo", "---", "+++", "***", "|||", "OOO", "//..")
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "h", "p")
_GREYS = ("0.85", "0.55", "1.0", "0.7", "0.4", "0.95")
_drawing = threading.Lock()
"""matplotlib draws one figure at a time."""


@dataclass(frozen=True)
class Series:
    """Values by label: one line, or the bars of one hatch."""

    name: str
    values: Mapping[str, float | None]


@dataclass(frozen=True)
class Chart:
    """What is drawn."""

    title: str
    caption: str
    unit: str
    over_time: bool
    labels: Sequence[str]
    series: Sequence[Series]
    left_out: int
    """Values of a breakdown that are not drawn."""

    @property
    def description(self) -> str:
        """The text alternative: every value that is drawn."""
        told = (
            f"{each.name}: "
            + ", ".join(f"{label} {_shown(each.values.get(label), self.unit)}" for label in self.labels)
            for each in self.series
        )
        left_out = f" {self.left_out} more are not drawn." if self.left_out else ""
        return f"{self.title}. {self.caption}. In {self.unit}. {'; '.join(told)}.{left_out}"


def report_chart(document: Mapping[str, Any], form: Form) -> bytes:
    """Draw a report. Raises Invalid where matplotlib is not installed, or the report has no chart."""
    return drawn(chart_of(document), form)


def chart_of(document: Mapping[str, Any]) -> Chart:
    """What of a report is drawn: its leading figures by its breakdown; the first of them by two breakdowns."""
    report = REPORTS.get(document["report"])
    if report is None:
        raise Invalid(f"The report {document['report']} has no chart.", "/query/format")
    figures = {each.name: each for each in report.figures}
    by = document["by"].split(",") if document["by"] else []
    by.sort(key=lambda name: name != Breakdown.MONTH)  # time goes along the axis
    drawn_of, rows = report.charted, document["rows"]
    if not by:
        series = [Series("total", {name: document["totals"][name] for name in drawn_of})]
    elif len(by) == 1:
        series = [Series(name, {_label(row[by[0]]): row[name] for row in rows}) for name in drawn_of]
    else:
        kinds = dict.fromkeys(_label(row[by[1]]) for row in rows)
        series = [
            Series(kind, {_label(row[by[0]]): row[drawn_of[0]] for row in rows if _label(row[by[1]]) == kind})
            for kind in kinds
        ]
    over_time = by[:1] == [Breakdown.MONTH]
    labels = list(dict.fromkeys(label for each in series for label in each.values))
    kept = (
        sorted(labels)
        if over_time
        else _largest({label: _sum(each.values.get(label) for each in series) for label in labels})
    )
    shown = (
        _largest({each.name: _sum(each.values.values()) for each in series})
        if len(by) == 2
        else [each.name for each in series]
    )
    unit = figures[drawn_of[0]].unit
    return Chart(
        f"{drawn_of[0] if len(by) > 1 else report.name} by {' and '.join(by)}" if by else report.name,
        _caption(document),
        str(unit),
        over_time,
        kept,
        [each for each in series if each.name in shown],
        len(labels) - len(kept) + len(series) - len(shown),
    )


def _caption(document: Mapping[str, Any]) -> str:
    zone = ZoneInfo(document["time_zone"])
    since, until = (
        document[name] and document[name].astimezone(zone).strftime("%Y-%m-%d %H:%M") for name in ("from", "to")
    )
    period = f"{since or 'the beginning'} to {until or 'now'}"
    told = [f"{document['definitions_version']}, {period}", f"time zone {zone.key}", f"position {document['position']}"]
    told += [
        f"{name} {document[name].astimezone(zone):%Y-%m-%d %H:%M}"
        for name in ("as_of", "effective_at")
        if document.get(name)
    ]
    return ", ".join(told)


def _label(key: Any) -> str:
    return "none" if key is None else str(key)


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "none"
    return f"{value:.1%}" if unit == Unit.SHARE else f"{round(value, 2):g}"


def _sum(values: Iterable[float | None]) -> float:
    return sum(value for value in values if value is not None)


def _largest(sizes: Mapping[str, float]) -> list[str]:
    """The names with the largest values, in their own order."""
    kept = set(sorted(sizes, key=lambda name: -sizes[name])[:_MOST])
    return [name for name in sizes if name in kept]


def drawn(chart: Chart, form: Form) -> bytes:
    """A chart as an image. Raises Invalid where matplotlib is not installed."""
    plots = _matplotlib()
    with _drawing, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name in a script that the font lacks is a box, and no failure
        figure = plots.figure.Figure(figsize=_INCHES, dpi=_DOTS, layout="constrained")
        axes = figure.subplots()
        (_lines if chart.over_time else _bars)(axes, chart)
        axes.set_title(chart.title, loc="left", fontweight="bold")
        axes.set_ylabel(chart.unit)
        axes.set_ylim(bottom=0, top=1.05 if chart.unit == Unit.SHARE else None)
        axes.grid(axis="y", color="0.8", linewidth=0.6)
        axes.set_axisbelow(True)
        if len(chart.series) > 1:
            axes.legend(frameon=False, ncols=min(len(chart.series), 4), loc="upper center", bbox_to_anchor=(0.5, -0.12))
        figure.supxlabel(chart.caption, fontsize=8, x=0.01, ha="left")
        image = BytesIO()
        told: dict[str, Any] = {"Title": chart.title, "Description": chart.description}
        figure.savefig(image, format=form, metadata=told | ({"Date": None} if form == "svg" else {}))
    return _described(image.getvalue(), chart) if form == "svg" else image.getvalue()


def _lines(axes: Any, chart: Chart) -> None:
    for series, line, marker in zip(chart.series, cycle(_LINES), cycle(_MARKERS), strict=False):
        points = [series.values.get(label) for label in chart.labels]
        heights = [float("nan") if point is None else point for point in points]
        axes.plot(
            range(len(heights)), heights, line, marker=marker, color="black", markerfacecolor="white", label=series.name
        )
    axes.set_xticks(range(len(chart.labels)), chart.labels, rotation=45 if len(chart.labels) > 6 else 0)


def _bars(axes: Any, chart: Chart) -> None:
    width = 0.8 / max(1, len(chart.series))
    for place, (series, hatch, grey) in enumerate(zip(chart.series, cycle(_HATCHES), cycle(_GREYS), strict=False)):
        heights = [series.values.get(label) or 0 for label in chart.labels]
        places = [number + width * (place - (len(chart.series) - 1) / 2) for number in range(len(heights))]
        bars = axes.bar(places, heights, width * 0.95, color=grey, edgecolor="black", hatch=hatch, label=series.name)
        if len(chart.series) * len(chart.labels) <= 2 * _MOST:
            axes.bar_label(
                bars, [_shown(series.values.get(label), chart.unit) for label in chart.labels], fontsize=8, padding=2
            )
    axes.set_xticks(range(len(chart.labels)), chart.labels, rotation=30 if len(chart.labels) > 6 else 0)


def _described(svg: bytes, chart: Chart) -> bytes:
    """An SVG with its text alternative after its title, where screen readers look for it (SVG 2, 5.8)."""
    text = svg.decode().replace("<svg ", '<svg role="img" ', 1)
    return text.replace("</title>", f"</title>\n <desc>{escape(chart.description)}</desc>", 1).encode()


@cache
def _matplotlib() -> ModuleType:
    try:
        import matplotlib  # noqa: ICN001, PLC0415 - an optional extra
        import matplotlib.figure  # noqa: PLC0415
    except ImportError:
        raise Invalid("Charts need matplotlib: pip install 'caseledger[charts]'.", "/query/format") from None
    # The same chart is the same file; text stays text; a dollar sign in a name is no formula.
    matplotlib.rcParams.update({"svg.hashsalt": "caseledger", "svg.fonttype": "none", "text.parse_math": False})
    return matplotlib
