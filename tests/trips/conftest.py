"""The engines that the trips run on: embedded, and PostgreSQL with S3 and Celery on Valkey."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import servers
from tests.trips.engines import Engines


@pytest.fixture(params=["embedded", "real"])
def engines(request: pytest.FixtureRequest, tmp_path: Path) -> Engines:
    """An empty office on each kind of engines."""
    if request.param == "embedded":
        return Engines(tmp_path / "office")
    return Engines(
        tmp_path / "office",
        {
            "VANTHU_DATABASE_URL": request.getfixturevalue("postgres_url"),
            "VANTHU_OBJECTS_URL": request.getfixturevalue("s3_url"),
            "VANTHU_LOG_OBJECTS_URL": servers.locked_bucket(request.getfixturevalue("s3_server")),
            "VANTHU_BROKER_URL": request.getfixturevalue("redis_url"),
        },
    )
