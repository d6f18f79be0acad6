"""Looking at a page as axe-core does, at the sizes and in the schemes that people have."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

_AXE = Axe().axe_script
_FAULTS = """async (context) => (await axe.run(context || document, { resultTypes: ["violations"], preload: false })).violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 160)}`)"""
"""Only what is told crosses to this process: the whole report of a page costs as long as the look itself."""
SCREENS = ((1280, "light"), (320, "dark"))
"""A screen on a desk, and the smallest that a page fits without scrolling sideways (WCAG 1.4.10)."""


def faults(page: Page, *, whole: bool = False) -> list[str]:
    """Serious and critical faults of accessibility (WCAG 2.2 AA), as axe-core finds them.

    The bar of places is the same on every page, and has most of the elements of many: only ``whole`` looks at it as well.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    context = None if whole or not page.locator(".bar").count() else {"exclude": [[".bar"]]}
    return [str(each) for each in page.evaluate(_FAULTS, context)]


def fits(page: Page) -> bool:
    """Whether nothing sticks out of the page at its side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def faults_on_all_screens(page: Page, *, whole: bool = False) -> list[str]:
    """The faults of a page wide and light, then narrow and dark, without loading it again."""
    found = []
    for width, scheme in SCREENS:
        page.set_viewport_size({"width": width, "height": 900})
        # Without motion: colours would be on their way still.
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        found += [f"{scheme}, {width} px: {each}" for each in faults(page, whole=whole)]
        found += [] if fits(page) else [f"{width} px: something sticks out"]
    return found
