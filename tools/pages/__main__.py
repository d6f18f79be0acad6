"""Write every generated page anew."""

from __future__ import annotations

from pathlib import Path

from tools.pages import PAGES

for path, page in PAGES.items():
    Path(__file__).resolve().parents[2].joinpath(path).write_text(page(), encoding="utf-8")
