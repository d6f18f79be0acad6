"""Sphinx's configuration. `make docs` builds README.md, docs/ and the reference into build/docs; every warning is an error."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

project = "Caseledger"
version = release = version_of("caseledger")
copyright = ""  # noqa: A001 - Sphinx's own name
html_show_copyright = False

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "tools.site.navigation",
    "tools.site.reference",
    "tools.site.mermaid",
    "tools.site.explorer",
]

# The repository is the source, so that a link between two files is the same here and where the repository is read.
root_doc = "README"
include_patterns = ["*.md", "docs/**"]
exclude_patterns = [".*", "**/.*", "build", "**/__pycache__", "*.egg-info"]

myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
myst_enable_extensions = ["deflist"]

toc_object_entries = False
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": True, "show-inheritance": True}
autodoc_class_signature = "separated"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"Caseledger {release}"
html_copy_source = False
html_show_sourcelink = False
html_additional_pages = {"index": "home.html"}
templates_path = ["templates"]
