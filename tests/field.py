"""The inputs of `data/field`: each stands for a kind of fault that people reported of other systems."""

from __future__ import annotations

import pytest

from tests.conftest import DATA


def field_input(name: str) -> bytes:
    """An input's bytes. Skips the test where the data are not beside this checkout."""
    file = DATA / "field" / name
    if not file.exists():
        pytest.skip(f"{name} of data/field is not beside this checkout")
    return file.read_bytes()
