"""kill -9 of the real server under load: what was acknowledged is there, and nothing hangs.

kill -9 ends a process, not the machine: what a power failure does to a disk is not shown here.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.trips.engines import Engines, Running, fresh_key, until
from tests.workflow.intact import tampering
from tests.workflow.outgoing_trip import a_pdf
from workflow.office import Office
from workflow.settings import Settings

CLERK = "xa.vanthu"
PEOPLE = 4
ROUNDS = 3


@dataclass
class History:
    """What the clients asked for, and which of it was acknowledged."""

    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    enough: threading.Event = field(default_factory=threading.Event)


def sign_in(running: Running, username: str = CLERK) -> dict[str, str]:
    password = json.loads((running.data_dir / "accounts.json").read_text())["password"]
    answer = running.http.post("/sessions", json={"username": username, "password": password})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def post(http: httpx.Client, address: str, key: str, **content: Any) -> httpx.Response:
    headers = {**content.pop("headers", {}), "Idempotency-Key": key}
    return http.post(address, headers=headers, **content)


def arrival(organisation: str, upload: str, number: int) -> dict[str, Any]:
    """A citizen's letter, which needs no signature."""
    return {
        "organisation_id": organisation,
        "medium": "electronic",
        "sender_kind": "citizen",
        "sender_name": f"Công dân {number}",
        "subject": f"Đơn số {number}",
        "secrecy": "none",
        "files": [{"upload": upload}],
    }


def send_letters(
    running: Running, signed_in: dict[str, str], organisation: str, history: History, who: int
) -> None:
    """Send letter after letter until the server is gone."""
    base = str(running.http.base_url)
    with httpx.Client(base_url=base, timeout=30, trust_env=False, headers=signed_in) as http:
        for number in range(200):
            key = fresh_key()
            try:
                upload = post(
                    http,
                    f"/uploads?secrecy=none&organisation={organisation}",
                    fresh_key(),
                    content=a_pdf(f"{who} {number}"),
                    headers={"Content-Type": "application/pdf"},
                )
                assert upload.status_code == 201, upload.text
                body = arrival(organisation, upload.json()["id"], number)
                history.asked[key] = body
                answer = post(http, "/incoming-documents", key, json=body)
            except httpx.TransportError:
                return
            assert answer.status_code == 201, answer.text
            history.acknowledged[key] = answer.json()["id"]
            if len(history.acknowledged) % 5 == 0:
                history.enough.set()


def test_a_server_killed_under_load_loses_nothing_acknowledged(engines: Engines) -> None:
    history = History()
    with engines.worker():
        for _ in range(ROUNDS):
            with engines.server() as running:
                signed_in = sign_in(running)
                organisation = running.http.get("/me", headers=signed_in).json()["memberships"][0][
                    "organisation_id"
                ]
                history.enough.clear()
                people = [
                    threading.Thread(
                        target=send_letters,
                        args=(running, signed_in, organisation, history, who),
                    )
                    for who in range(PEOPLE)
                ]
                for person in people:
                    person.start()
                assert history.enough.wait(60)
                running.kill()
                for person in people:
                    person.join()
        with engines.server() as running:
            signed_in = sign_in(running)
            # What was not acknowledged is sent again under its key: once in all, never twice.
            for key, body in history.asked.items():
                answer = post(
                    running.http, "/incoming-documents", key, json=body, headers=signed_in
                )
                assert answer.status_code == 201, answer.text
                known = history.acknowledged.setdefault(key, answer.json()["id"])
                assert answer.json()["id"] == known
            numbers = [
                register(running, signed_in, document_id)
                for document_id in history.acknowledged.values()
            ]
            assert sorted(numbers) == list(range(1, len(history.asked) + 1))
    settings = Settings(
        data_dir=engines.data_dir,
        **{name.removeprefix("VANTHU_").lower(): value for name, value in engines.settings.items()},  # type: ignore[arg-type]
    )
    office = Office.open(settings)
    with office.reading(None) as reading:
        assert tampering(reading) == []
    office.close()


def register(running: Running, signed_in: dict[str, str], document_id: str) -> int:
    """Wait until the file has its verdict, then give it its arrival number."""

    def verified() -> httpx.Response | None:
        answer = running.http.get(f"/incoming-documents/{document_id}", headers=signed_in)
        assert answer.status_code == 200, answer.text
        return answer if answer.json()["state"] == "verified" else None

    seen: httpx.Response = until(verified)
    answer = post(
        running.http,
        f"/incoming-documents/{document_id}/transitions",
        fresh_key(),
        json={"trigger": "register"},
        headers={**signed_in, "If-Match": seen.headers["ETag"]},
    )
    assert answer.status_code == 200, answer.text
    number: int = answer.json()["number"]
    return number
