"""Reads a case's bundle from a folder or a zip archive: the files of a bundle, each once, and no others."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from infrastructure.transparency.bundle.attachments import FOLDER
from infrastructure.transparency.bundle.writer import CHECKPOINT, CONSISTENCY, DISCLOSURES, EVENTS, README

_LARGEST = 1 << 30
_KNOWN = {EVENTS, CHECKPOINT, DISCLOSURES, CONSISTENCY, README}


class CannotVerify(Exception):
    """There is no bundle to check, or a proof that the check needs is missing."""


def read_bundle(place: Path) -> dict[str, bytes]:
    """The files of a bundle, from a folder or the same zipped. Raises CannotVerify for an odd or repeated file."""
    try:
        return _of_folder(place) if place.is_dir() else _of_archive(place)
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise CannotVerify(f"{place} cannot be read: {error}") from error


def _of_folder(folder: Path) -> dict[str, bytes]:
    files = folder / FOLDER
    entries = [entry for entry in folder.iterdir() if entry != files or not files.is_dir()]
    entries += files.iterdir() if files.is_dir() else []
    names = {entry.relative_to(folder).as_posix(): entry for entry in entries}
    _require_bundle(folder, list(names), sum(entry.stat().st_size for entry in entries))
    return {name: entry.read_bytes() for name, entry in names.items()}


def _of_archive(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        _require_bundle(file, [entry.filename for entry in entries], sum(entry.file_size for entry in entries))
        return {entry.filename: archive.read(entry) for entry in entries}


def _require_bundle(place: Path, names: Sequence[str], size: int) -> None:
    if EVENTS not in names or CHECKPOINT not in names:
        raise CannotVerify(f"{place} is no bundle: {EVENTS} or {CHECKPOINT} is missing")
    if size > _LARGEST:
        raise CannotVerify(f"{place} is too large for a bundle")
    if len(set(names)) < len(names):
        raise CannotVerify(f"{place} has two files of one name, and nobody can know which is meant")
    files = {name for name in names if name.startswith(FOLDER) and name.count("/") == 1}
    if odd := sorted(set(names) - _KNOWN - files):
        raise CannotVerify(f"{odd[0]!a} does not belong in a bundle")
