"""deploy/kubernetes: valid by the schemas of Kubernetes, and true to the code it starts.

No cluster runs where these tests run: the files are checked, not applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import psycopg
import pytest
import yaml
from typer.testing import CliRunner

from api.cli.main import app
from infrastructure.settings import Settings
from tests.conftest import TestDatabase

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
OLDEST = "1.31"
"""The release of Kubernetes whose schemas the files keep to."""
Document = dict[str, Any]


def documents() -> list[Document]:
    """Every object of every file that the kustomization names."""
    named = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    return [each for name in named for each in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))]


OBJECTS = documents()
(DATABASE,) = [each for each in OBJECTS if each["kind"] == "Cluster"]
ROLES = {role["name"]: role["passwordSecret"]["name"] for role in DATABASE["spec"]["managed"]["roles"]}


def containers() -> Iterator[tuple[str, Document, Document]]:
    """Name, pod and container of each part."""
    for each in OBJECTS:
        if "template" in each.get("spec", {}):
            pod = each["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            yield each["metadata"]["name"], pod, container


PARTS = list(containers())


def test_every_file_is_named_by_the_kustomization() -> None:
    named = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    assert sorted([*named, "kustomization.yaml"]) == sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("document", OBJECTS, ids=lambda each: f"{each['kind']} {each['metadata']['name']}")
def test_it_is_valid_by_the_schema_of_its_kind(document: Document) -> None:
    if document is not DATABASE:  # a resource of CloudNativePG's own
        kubernetes_validate.validate(document, OLDEST, strict=True)


@pytest.mark.parametrize(("name", "pod", "container"), PARTS, ids=lambda given: given if isinstance(given, str) else "")
def test_each_part_starts_what_exists_with_settings_that_exist_in_a_role_of_its_own(
    name: str, pod: Document, container: Document
) -> None:
    helped = CliRunner().invoke(app, [container["args"][0], "--help"], env={"COLUMNS": "200"}).output
    assert all(each in helped for each in container["args"] if each.startswith("--") or each == name)
    shared = next(each for each in OBJECTS if each["kind"] == "ConfigMap")["data"]
    given = {each["name"] for each in container["env"]} | set(shared)
    assert given - {"PGPASSWORD"} <= {f"CASELEDGER_{setting.upper()}" for setting in Settings.model_fields}
    (password,) = [e["valueFrom"]["secretKeyRef"]["name"] for e in container["env"] if e["name"] == "PGPASSWORD"]
    (url,) = [each["value"] for each in container["env"] if each["name"] == "CASELEDGER_DATABASE_URL"]
    assert (f"{password.replace('-', '_')}@" in url and password in ROLES.values()) or name == "migrate"


@pytest.mark.parametrize(("name", "pod", "container"), PARTS, ids=lambda given: given if isinstance(given, str) else "")
def test_no_part_may_do_more_than_the_restricted_standard_allows(name: str, pod: Document, container: Document) -> None:
    """Pod Security Standards, restricted: the namespace enforces it."""
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["name"] for mount in container["volumeMounts"]} <= {
        *(volume["name"] for volume in pod["volumes"]),
        *(["sealer"] if name == "sealer" else []),
    }


def test_the_sealers_folder_is_mounted_by_nobody_else() -> None:
    mounting = [name for name, _, container in PARTS if any(m["name"] == "sealer" for m in container["volumeMounts"])]
    assert mounting == ["sealer"]


def test_the_roles_it_creates_are_those_of_the_migrations(database: TestDatabase) -> None:
    with psycopg.connect(database.superuser) as superuser:
        rows = superuser.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'desk_%' AND rolcanlogin").fetchall()
    assert sorted(ROLES) == sorted(name for (name,) in rows)
