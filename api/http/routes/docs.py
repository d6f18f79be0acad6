"""`/docs`: the commands and questions to try, from files of our own. Nothing is fetched from elsewhere (closed networks)."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

_FILES = "/docs/files"
router = APIRouter()


@router.get("/docs", include_in_schema=False)
async def explore() -> HTMLResponse:
    """Swagger UI on our OpenAPI document."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Caseledger: commands and questions",
        swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{_FILES}/swagger-ui.css",
        swagger_favicon_url=f"{_FILES}/favicon.png",
    )


def mount_files(app: FastAPI) -> None:
    """Serve Swagger UI's own files, as their package brings them."""
    app.mount(_FILES, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="explorer")
