"""The alerts and the dashboard in deploy/ ask for metrics that the desk has, and each alert has its runbook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from api.http.metrics import Metrics

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
ALERTS = [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "caseledger.json").read_text(encoding="utf-8"))
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
METRIC = re.compile(r"\b(?:caseledger|process)_[a-z_]+\b")
OF_A_SERIES = re.compile(r"_(total|bucket|sum|count)$")


def known() -> set[str]:
    """The metrics of an API process, as they are called without the endings of their series."""
    metrics = Metrics()
    metrics.watch(dict)
    return {family.name for family in metrics.registry.collect()}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_each_alert_asks_for_metrics_that_exist_and_names_its_runbook(alert: dict[str, dict[str, str]]) -> None:
    asked = {OF_A_SERIES.sub("", name) for name in METRIC.findall(str(alert["expr"]))}
    assert asked <= known()
    assert asked or "up{" in str(alert["expr"])
    file, _, heading = alert["annotations"]["runbook"].partition("#")
    assert (file, heading) == ("docs/runbooks.md", str(alert["alert"]).lower())
    assert f"\n## {alert['alert']}\n" in RUNBOOKS
    assert alert["labels"]["severity"] in ("warning", "critical")


def test_every_runbook_has_its_alert() -> None:
    assert re.findall(r"^## (\w+)$", RUNBOOKS, re.MULTILINE) == [alert["alert"] for alert in ALERTS]


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    assert {OF_A_SERIES.sub("", name) for each in asked for name in METRIC.findall(each)} <= known()
    assert all(METRIC.search(each) for each in asked)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
@pytest.mark.parametrize("command", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")])
def test_prometheus_itself_takes_the_rules_and_each_raises_its_alert(command: tuple[str, ...]) -> None:
    told = subprocess.run(("promtool", *command), cwd=RULES.parent, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
