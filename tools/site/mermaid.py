"""Mermaid diagrams as SVG, drawn when the site is built: pages load nothing, and a diagram that does not parse is a warning."""

from __future__ import annotations

from hashlib import sha256
from typing import ClassVar

import mermaidx
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class Mermaid(SphinxDirective):
    """A fence of Mermaid's language, as a picture."""

    has_content: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        """Draw the diagram."""
        source = "\n".join(self.content)
        try:
            svg = mermaidx.render(source).svg()
        except RuntimeError as error:
            logger.warning("%s", error, location=self.get_location())
            return []
        name = f"diagram-{sha256(source.encode()).hexdigest()[:12]}"  # each picture's styles hold for its own id alone
        picture = svg.replace("my-svg", name)
        return [nodes.raw("", f'<figure style="background: #fff">{picture}</figure>', format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("mermaid", Mermaid)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
