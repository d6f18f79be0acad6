"""`import mapping`: a first mapping for a file."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import could_not_run, out
from api.cli.imports.history import reading
from application.imports.suggestion import LOOKED_AT, suggest
from infrastructure.history_files.opening import open_history


def mapping(
    file: Annotated[Path, typer.Argument(help="The log as CSV, JSON Lines or XES, also gzipped.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the mapping into this file.")] = None,
    encoding: Annotated[str, typer.Option(help="The encoding of a text file without a byte order mark.")] = "utf-8",
) -> None:
    """Write a first mapping from a file's columns and first rows, for a person to check. Needs no desk."""
    with reading(file):
        try:
            history = open_history(file, (), encoding=encoding)
        except LookupError as error:
            could_not_run(error)
        text = suggest(islice(history.lines(), LOOKED_AT), file.name.split(".")[0], history.format, history.delimiter)
    if output is None:
        out.print(text, markup=False, end="")
        return
    try:
        with output.open("x", encoding="utf-8") as written:
            written.write(text)
    except OSError as error:
        could_not_run(f"{output} cannot be written: {error}")
