"""The static files of pages: kept by browsers for good, since their address names their content."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from api.http.console.route import area
from api.http.pages.assets import ASSETS
from domain.errors import NotFound

router = area("/static")
_FOREVER = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}


@router.get("/{digest}/{path:path}")
async def read_asset(request: Request, digest: str, path: str) -> Response:
    """Send a file. An address of an older release is answered 404: its page is gone as well."""
    asset = ASSETS.get(path)
    if asset is None or asset.digest != digest:
        raise NotFound("There is no such file.")
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, 200, {**_FOREVER, "Content-Encoding": "gzip"}, asset.media_type)
    return Response(asset.content, 200, _FOREVER, asset.media_type)
