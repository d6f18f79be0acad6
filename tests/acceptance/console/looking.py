"""Looking at a page as axe-core does, at the sizes and in the schemes that people have."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

_AXE = Axe().axe_script
Scheme = Literal["light", "dark"]
WIDTHS = (1280, 360)
"""Pixels of a screen on a desk, and of a telephone."""
_HEIGHT, _NARROWEST = 900, 320
"""Pixels of a screen's height, and of the width that a page fits without scrolling sideways (WCAG 1.4.10)."""
_RULES = """
const told = (results) => results.violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 160)}`);
const OPTIONS = { resultTypes: ["violations"], preload: false };
const COLOURS = ["color-contrast", "link-in-text-block"];
"""
"""Only what is told crosses to this process: the whole report of a page costs as long as the look itself."""
_LOOK = f"""async ([whole, colours]) => {{
  {_RULES}
  const rules = {{ "target-size": {{ enabled: true }} }};
  if (!colours) for (const each of COLOURS) rules[each] = {{ enabled: false }};
  return told(await axe.run(whole ? document : {{ exclude: [[".bar"]] }}, {{ ...OPTIONS, rules }}));
}}"""
_LOOK_AT_COLOURS = f"""async ([whole, screen]) => {{
  {_RULES}
  const seen = new Set(JSON.parse(sessionStorage.getItem(screen) || "[]"));
  const known = new Map([[document.documentElement, ""]]), found = [];
  for (const each of document.querySelectorAll(whole ? "body *" : "body *:not(.bar, .bar *)")) {{
    const speaks = each.matches("input, select, textarea")
      || [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!speaks || seen.has(kind(each)) || !each.checkVisibility()) continue;
    seen.add(kind(each));
    found.push(each);
  }}
  if (!found.length) return [];
  const faults = told(await axe.run({{ include: found }}, {{ ...OPTIONS, runOnly: {{ type: "rule", values: COLOURS }} }}));
  sessionStorage.setItem(screen, JSON.stringify([...seen]));
  return faults;

  // Elements of a kind have the same names, classes and states, and so have all that they stand in.
  function kind(each) {{
    if (!known.has(each)) known.set(each, `${{kind(each.parentElement)}}>${{each.localName}} ${{states(each)}}`);
    return known.get(each);
  }}
  function states(each) {{
    const told = (one) => /^(class|type|role|aria-c.*)$/.test(one.name) ? `${{one.name}}=${{one.value}}` : one.name;
    return `${{[...each.attributes].map(told).sort()}}${{each.matches(":has(> :checked)") ? "+" : ""}}`;
  }}
}}"""
"""The stylesheet gives all elements of a kind their colours, so the first of each is looked at. Contrast is most of axe's work."""


def bring_axe(page: Page) -> None:
    """Give axe-core to whatever the page opens from now on: it is sent once."""
    page.add_init_script(_AXE)


def faults(page: Page, *, whole: bool = False) -> list[str]:
    """Serious and critical faults of accessibility (WCAG 2.2 AA), as axe-core finds them.

    The bar of places is the same on every page, and has most of the elements of many: only ``whole`` looks at it as well.
    """
    return _found(page, _LOOK, whole=whole, more=True)


def fits(page: Page) -> bool:
    """Whether nothing sticks out of the page at its side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def faults_on_all_screens(page: Page, *, whole: bool = False) -> list[str]:
    """The faults of a page at each width, light and dark, without loading it again.

    The scheme changes nothing but colours. Of each kind of element one is looked at, once for all pages of this tab.
    """
    wide, narrow = WIDTHS
    screens: tuple[tuple[int, Scheme], ...] = ((wide, "light"), (wide, "dark"), (narrow, "dark"), (narrow, "light"))
    found = []
    for width, scheme in screens:
        _show(page, width, scheme)
        screen = f"{scheme}, {width} px"
        told = _found(page, _LOOK_AT_COLOURS, whole=whole, more=screen)
        told += _found(page, _LOOK, whole=whole, more=False) if scheme == "light" else []
        found += [f"{screen}: {each}" for each in told]
        found += [] if fits(page) else [f"{screen}: something sticks out"]
    _show(page, _NARROWEST, "light")
    return found if fits(page) else [*found, f"{_NARROWEST} px: something sticks out"]


def _show(page: Page, width: int, scheme: Scheme) -> None:
    if page.viewport_size != {"width": width, "height": _HEIGHT}:
        page.set_viewport_size({"width": width, "height": _HEIGHT})
    # Without motion: colours would be on their way still.
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


def _found(page: Page, look: str, *, whole: bool, more: bool | str) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    whole = whole or not page.locator(".bar").count()
    return [str(each) for each in page.evaluate(look, [whole, more])]
