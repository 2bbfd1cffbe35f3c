"""The API page: Swagger UI, of which fastapi-offline has the files, on the OpenAPI of the service."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from recsys.serving.middleware import CONTENT_SECURITY_POLICY

PAGE = Path(__file__).parent / "static" / "docs.html"
# Swagger UI has its icons in its style sheet.
POLICY = CONTENT_SECURITY_POLICY.replace("img-src 'self'", "img-src 'self' data:")

router = APIRouter()


@router.get("/docs", include_in_schema=False)
def page() -> Response:
    """Return the page."""
    return FileResponse(PAGE, headers={"content-security-policy": POLICY})


def mount(app: FastAPI) -> None:
    """Add the page and the files of Swagger UI to an application."""
    app.include_router(router)
    app.mount("/docs/static", StaticFiles(directory=str(files("fastapi_offline") / "static")))
