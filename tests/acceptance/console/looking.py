"""Looking at a page as axe-core does, at the sizes and in the schemes that people have."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

_AXE = Axe().axe_script
Scheme = Literal["light", "dark"]
Screen = tuple[int, Scheme, list[str] | None, str]
WIDTHS = (1280, 360)
"""Pixels of a screen on a desk, and of a telephone."""
_HEIGHT, _NARROWEST = 900, 320
"""Pixels of a screen's height, and of the width that a page fits without scrolling sideways (WCAG 1.4.10)."""
_LOOK = """async ([rules, where]) => {
  const context = where === "all" ? document : where === "page" ? { exclude: [[".bar"]] } : { include: kinds(where) };
  const options = { resultTypes: ["violations"], preload: false, rules: { "target-size": { enabled: true } } };
  if (rules) options.runOnly = { type: "rule", values: rules };
  return (await axe.run(context, options)).violations
    .filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 160)}`);

  // One element with words of each kind. Those of a kind have the same names, classes and states all the way up.
  function kinds(where) {
    const known = new Map([[document.body, "body"]]), found = new Map();
    const kind = (each) => {
      if (!known.has(each)) known.set(each, `${kind(each.parentElement)} ${each.localName} ${states(each)}`);
      return known.get(each);
    };
    for (const each of document.querySelectorAll(where === "kinds" ? "body *" : "body *:not(.bar, .bar *)")) {
      const speaks = each.matches("input, select, textarea")
        || [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
      if (speaks && !found.has(kind(each)) && each.checkVisibility()) found.set(kind(each), each);
    }
    return [...found.values()];
  }
  function states(each) {
    const written = [...each.attributes].map((one) => /^(class|type|role|aria-c.*)$/.test(one.name) ? `${one.name}=${one.value}` : one.name);
    return `${written.sort()} ${each.matches(":has(> :checked)")}`;
  }
}"""
"""Only what is told crosses to this process: the whole report of a page costs as long as the look itself."""
_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that see more than one scheme."""


def bring_axe(page: Page) -> None:
    """Give axe-core to whatever the page opens from now on: it is sent once."""
    page.add_init_script(_AXE)


def faults(page: Page, *, whole: bool = False) -> list[str]:
    """Serious and critical faults of accessibility (WCAG 2.2 AA), as axe-core finds them.

    The bar of places is the same on every page, and has most of the elements of many: only ``whole`` looks at it as well.
    """
    return _faults(page, None, "all" if whole or not page.locator(".bar").count() else "page")


def fits(page: Page) -> bool:
    """Whether nothing sticks out of the page at its side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def faults_on_all_screens(page: Page, *, whole: bool = False) -> list[str]:
    """The faults of a page at each width, light and dark, without loading it again.

    All rules look once at each width. In the other scheme only colours differ, and elements of one kind have the same: one
    of each is looked at.
    """
    wide, narrow = WIDTHS
    found, kinds = list[str](), "kinds" if whole else "kinds of page"
    everything = "all" if whole or not page.locator(".bar").count() else "page"
    screens: tuple[Screen, ...] = (
        (wide, "light", None, everything),
        (wide, "dark", _COLOURS, kinds),
        (narrow, "dark", _COLOURS, kinds),
        (narrow, "light", None, everything),
    )
    for width, scheme, rules, where in screens:
        _show(page, width, scheme)
        found += [f"{scheme}, {width} px: {each}" for each in _faults(page, rules, where)]
        found += [] if rules is None or fits(page) else [f"{width} px: something sticks out"]
    _show(page, _NARROWEST, "light")
    return found if fits(page) else [*found, f"{_NARROWEST} px: something sticks out"]


def _show(page: Page, width: int, scheme: Scheme) -> None:
    if page.viewport_size != {"width": width, "height": _HEIGHT}:
        page.set_viewport_size({"width": width, "height": _HEIGHT})
    # Without motion: colours would be on their way still.
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


def _faults(page: Page, rules: list[str] | None, where: str) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    return [str(each) for each in page.evaluate(_LOOK, [rules, where])]
