"""The transparency log over HTTP, as any client of C2SP tiles reads it; and what an auditor takes home."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from infrastructure.transparency.bundle.offline_check import verify_bundle
from infrastructure.transparency.formats.checkpoint import Checkpoint, open_checkpoint
from infrastructure.transparency.formats.merkle import Growing, leaf_hash
from infrastructure.transparency.formats.tiles import ENTRIES, split_entries, split_hashes, tiles_of
from tests.acceptance.conftest import RunningDesk, Serve
from tests.conftest import TestDatabase
from tests.infrastructure.transparency.sealed import SealedDesk


@pytest.fixture
def sealed(shared_database: TestDatabase, keys: Path) -> SealedDesk:
    """The record of the served desk, which is sealed when a test says so."""
    return SealedDesk(shared_database, keys / "sealer")


def test_the_log_is_there_for_everybody_and_its_tiles_lead_to_its_checkpoint(
    running: RunningDesk, sealed: SealedDesk
) -> None:
    running.log()
    sealed.seal()
    anybody = running.anonymous()
    answer = anybody.get("/tlog/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    now = open_checkpoint(answer.text, sealed.folder.verifiers())
    tree = Growing()
    for tile in tiles_of(now.size):
        told = anybody.get(f"/tlog/{tile.path}")
        assert "immutable" in told.headers["cache-control"]
        if tile.level == ENTRIES:
            entries = split_entries(told.content)
            assert len(entries) == tile.width
            hashes = split_hashes(anybody.get(f"/tlog/{tile.path.replace('entries', '0')}").content)
            assert hashes == [leaf_hash(entry) for entry in entries]
            tree.append(hashes)
    assert tree.root() == now.root
    own = anybody.get("/tlog/1/tile/0/000.p/1")
    assert own.content == anybody.get("/tlog/tile/0/000.p/1").content
    assert "immutable" in own.headers["cache-control"]


def test_a_log_that_was_begun_anew_has_addresses_of_its_own(
    serve: Serve, database: TestDatabase, tmp_path: Path
) -> None:
    running, sealed = serve(database, tmp_path), SealedDesk(database, tmp_path / "sealer")
    running.log()
    first = sealed.seal()
    with sealed.sealer() as sealer:
        sealer.restart("restored")
        while sealer.seal():
            pass
    anybody = running.anonymous()
    assert open_checkpoint(anybody.get("/tlog/checkpoint").text, sealed.folder.verifiers()).origin.endswith("/2")
    assert anybody.get("/tlog/2/checkpoint").text == anybody.get("/tlog/checkpoint").text
    assert open_checkpoint(anybody.get("/tlog/1/checkpoint").text, sealed.folder.verifiers()) == first
    tile = "tile/entries/000.p/1"
    assert anybody.get(f"/tlog/{tile}").content == anybody.get(f"/tlog/2/{tile}").content
    assert anybody.get(f"/tlog/1/{tile}").content != anybody.get(f"/tlog/2/{tile}").content
    assert anybody.get(f"/tlog/{tile}").headers["cache-control"] == "no-cache", "another log's was here"
    assert "immutable" in anybody.get(f"/tlog/2/{tile}").headers["cache-control"]
    assert anybody.get(f"/tlog/3/{tile}").status_code == anybody.get("/tlog/3/checkpoint").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["tile/0/999", "tile/0/1", "tile/0/000.p/0", "tile/0/000.p/256", "tile/64/000", "tile/x/000", "../checkpoint"],
)
def test_what_is_no_tile_is_not_found(running: RunningDesk, sealed: SealedDesk, path: str) -> None:
    sealed.seal()
    answer = running.anonymous().get(f"/tlog/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_auditor_takes_a_case_home_and_checks_it_offline(running: RunningDesk, sealed: SealedDesk) -> None:
    case = running.log()
    sealed.seal()
    answer = running.auditor.get(f"/audit/cases/{case['number']}/bundle")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    found = verify_bundle(files, sealed.folder.verifiers(), case=case["number"])
    assert found.findings == []
    assert found.events == case["version"]


def test_a_bundle_waits_for_the_seal_and_says_when_there_is_none(running: RunningDesk) -> None:
    case = running.log()
    answer = running.auditor.get(f"/audit/cases/{case['number']}/bundle")
    assert answer.status_code == 503
    assert "is not sealed yet" in answer.json()["detail"]
    assert answer.headers["retry-after"]


def test_only_auditors_take_cases_home(running: RunningDesk) -> None:
    case = running.log()
    answer = running.technician.get(f"/audit/cases/{case['number']}/bundle")
    assert answer.status_code == 403
    assert "auditor" in answer.json()["detail"]
    assert running.auditor.get("/audit/cases/INC-9999999/bundle").status_code == 404


def test_every_checkpoint_is_listed_newest_first(running: RunningDesk, sealed: SealedDesk) -> None:
    for _ in range(3):
        running.log()
        sealed.seal()
    first = running.auditor.get("/audit/checkpoints", limit=2)
    sizes = [item["size"] for item in first.json()["items"]]
    rest = running.auditor.get("/audit/checkpoints", limit=200, cursor=first.json()["next_cursor"]).json()
    sizes += [item["size"] for item in rest["items"]]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) >= 3
    assert first.links["next"]["url"].startswith("/audit/checkpoints?")
    newest = first.json()["items"][0]
    assert Checkpoint.of_text(newest["note"]).size == newest["size"]
