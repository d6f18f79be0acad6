"""Static files of the pages, each at an address that changes with its content. A browser may keep them for good."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

PATH = "/ui/static"
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """A file as it is sent."""

    content: bytes
    packed: bytes
    """The same, compressed with gzip."""
    media_type: str
    digest: str


def _found(folder: Traversable, path: str = "") -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        kind = _TYPES.get(entry.name.rpartition(".")[2])
        if entry.is_dir():
            yield from _found(entry, f"{path}{entry.name}/")
        elif kind is not None:
            content = entry.read_bytes()
            packed = gzip.compress(content, mtime=0)
            yield path + entry.name, Asset(content, packed, f"{kind}; charset=utf-8", sha256(content).hexdigest()[:12])


ASSETS = dict(_found(files("api.http.pages") / "static"))
"""The files by their paths."""


def address_of(path: str) -> str:
    """The address of a file. Raises KeyError for an unknown one."""
    return f"{PATH}/{ASSETS[path].digest}/{path}"
