"""A disk that takes no more: a clear answer, nothing half-written, and on again when it does.

The kernel's limit on the size of a file stands in for the full disk: writes fail in the same
places, with the same errors, in the real process.
"""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.trips.engines import Engines, Running, fresh_key
from tests.trips.test_kill import arrival, post, sign_in
from tests.workflow.intact import tampering
from tests.workflow.outgoing_trip import a_pdf
from workflow.office import Office
from workflow.settings import Settings

LARGE_BYTES = 4_000_000


def limit_files(running: Running, size_bytes: int) -> None:
    """No file of the server's may grow beyond this from now on."""
    _, hard = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size_bytes, hard))


@pytest.fixture
def embedded(tmp_path: Path) -> Engines:
    return Engines(tmp_path / "office")


def test_a_full_disk_is_said_and_loses_nothing(embedded: Engines) -> None:
    with embedded.server() as running:
        signed_in = sign_in(running)
        memberships = running.http.get("/me", headers=signed_in).json()["memberships"]
        organisation = memberships[0]["organisation_id"]
        pdf = {**signed_in, "Content-Type": "application/pdf"}
        address = f"/uploads?secrecy=none&organisation={organisation}"
        kept = post(running.http, address, fresh_key(), content=a_pdf(), headers=pdf)
        assert kept.status_code == 201
        letter = arrival(organisation, kept.json()["id"], 1)

        limit_files(running, LARGE_BYTES // 2)
        key, large = fresh_key(), a_pdf() + b"\n" * LARGE_BYTES
        refused = post(running.http, address, key, content=large, headers=pdf)
        assert refused.status_code == 503, refused.text
        assert refused.json()["type"] == "/problems/unavailable"
        assert int(refused.headers["Retry-After"]) > 0

        limit_files(running, 4096)  # now the database cannot write either
        first = fresh_key()
        refused = post(running.http, "/incoming-documents", first, json=letter, headers=signed_in)
        assert refused.status_code == 503, refused.text
        # Reading goes on, but showing a document logs the reading, and that must not be skipped.
        assert running.http.get("/incoming-documents", headers=signed_in).json()["items"] == []

        limit_files(running, resource.RLIM_INFINITY)
        again = post(running.http, "/incoming-documents", first, json=letter, headers=signed_in)
        assert again.status_code == 201, again.text
        stored = post(running.http, address, key, content=large, headers=pdf)
        assert stored.status_code == 201, stored.text
    assert not [
        path for path in (embedded.data_dir / "objects" / "incoming").glob("*") if path.is_file()
    ]
    office = Office.open(Settings(data_dir=embedded.data_dir))
    with office.reading(None) as reading:
        assert tampering(reading) == []
    office.close()
