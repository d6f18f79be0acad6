"""The files of other people that the pages load: noted with version, licence and hash, and unchanged since."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from tools.vendor import FOLDER, Vendored, vendored


@pytest.mark.parametrize("noted", vendored(), ids=lambda noted: noted.package)
def test_a_vendored_file_is_the_one_that_was_noted(noted: Vendored) -> None:
    assert sha256((FOLDER / noted.file).read_bytes()).hexdigest() == noted.sha256
    assert noted.integrity.startswith("sha512-")
    assert "Permission" in (FOLDER / f"{noted.file.partition('.')[0]}.LICENSE.txt").read_text("utf-8")


def test_every_vendored_script_is_noted() -> None:
    assert {path.name for path in FOLDER.glob("*.js")} == {each.file for each in vendored()}


def test_no_page_loads_anything_from_another_host() -> None:
    pages = [*Path("api/http/pages").rglob("*"), *Path("api/http/console").rglob("*")]
    texts = {str(path): path.read_text("utf-8") for path in pages if path.suffix in (".j2", ".css") and path.is_file()}
    assert texts
    for path, text in texts.items():
        assert "http://" not in text, path
        assert "https://" not in text, path
        assert "style=" not in text, path
        assert "onclick" not in text, path
