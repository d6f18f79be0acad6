"""The reference of the public Python modules: a page for each package of the domain and the application, from its docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from textwrap import indent

from sphinx.application import Sphinx

LAYERS = ("domain", "application")
"""The packages that others build on. What lies outside them is reached through HTTP, the command line and the schema."""
_FOLDER = "docs/reference"
_WORDS = """The domain holds the rules and does no input or output. The application carries out commands with it, through ports that
the infrastructure implements. Dependencies point inward: the domain imports none of the others.
"""
_CODE = re.compile(r"(``.+?``|`[^`]+`)")
_COLUMNS = re.compile(r"\S {2,}\S")
_MARKS = re.compile(r"([*|]|_(?!\w))")
"""What Sphinx would take for markup, and our docstrings mean as it stands."""


def write_pages(app: Sphinx) -> None:
    """Write a page for each package, with its modules in it; remove those of packages that are gone."""
    root = Path(app.srcdir)
    folder = root / _FOLDER
    folder.mkdir(exist_ok=True)
    packages = [
        found.parent.relative_to(root) for layer in LAYERS for found in sorted(root.glob(f"{layer}/**/__init__.py"))
    ]
    pages = {".".join(package.parts): _page(root, package) for package in packages}
    pages["index"] = _index(pages)
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()


def as_markup(_app: Sphinx, _kind: str, _name: str, _it: object, _options: object, lines: list[str]) -> None:
    """Say a docstring in Sphinx's markup, in place: it marks code by single backticks, and columns by spaces."""
    paragraphs = "\n".join(lines).split("\n\n")
    lines[:] = "\n\n".join(_table(each) if _COLUMNS.search(each) else _prose(each) for each in paragraphs).split("\n")


def _table(paragraph: str) -> str:
    return "::\n\n" + indent(paragraph, "    ")


def _prose(paragraph: str) -> str:
    parts = _CODE.split(paragraph)
    return "".join(f"``{each.strip('`')}``" if each.startswith("`") else _MARKS.sub(r"\\\1", each) for each in parts)


def _page(root: Path, package: Path) -> str:
    name = ".".join(package.parts)
    modules = [name, *(f"{name}.{path.stem}" for path in sorted((root / package).glob("[!_]*.py")))]
    return f"{_heading(name, '=')}\n{_module(modules[0])}" + "".join(
        f"\n{_heading(m, '-')}\n{_module(m)}" for m in modules[1:]
    )


def _index(names: Iterable[str]) -> str:
    listed = "".join(f"   {name}\n" for name in names)
    return f"{_heading('The Python modules', '=')}\n{_WORDS}\n.. toctree::\n   :maxdepth: 1\n\n{listed}"


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n"


def _module(name: str) -> str:
    return f".. automodule:: {name}\n"


def skip_generated(_app: Sphinx, _kind: str, _name: str, it: object, _skip: object, _options: object) -> bool | None:
    """Leave out the methods that a dataclass gets: they repeat its fields."""
    code = getattr(it, "__code__", None)
    return True if code is not None and code.co_filename == "<string>" else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", as_markup)
    app.connect("autodoc-skip-member", skip_generated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
