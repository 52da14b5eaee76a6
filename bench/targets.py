"""What the serving benchmark puts behind a server: the product over a crawled folder, and the barest view of Flask."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from app.processes.web import application
from app.services import build
from app.settings import load

FOLDER, BODY = "ROADWORTHY_BENCH_FOLDER", "ROADWORTHY_BENCH_BODY"
ENTITY = "/api/v1/entities/by-name/component/default/{}/results"


def ours() -> Any:
    """The whole application, as `serve` builds it."""
    settings = load(Path(os.environ[FOLDER]) / "roadworthy.yaml", os.environ)
    return application(settings, build(settings))


def bare() -> Any:
    """The same bytes from memory, and a 304 for whoever has them: nothing else."""
    app, body = Flask(__name__), Path(os.environ[BODY]).read_bytes()

    @app.get(ENTITY.format("<name>"))
    def view(name: str) -> Response:
        if request.headers.get("If-None-Match") == '"it"':
            return Response(status=304, headers={"ETag": '"it"'})
        return Response(body, mimetype="application/json", headers={"ETag": '"it"'})

    return app
