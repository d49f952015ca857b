"""People at the counter who keep their key themselves."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from signing.devca import DevelopmentCA
from signing.keys import LiveKey
from tests.api.desk import LEADER, Desk, Document, made


def hold(desk: Desk, username: str = LEADER, *, agency: bool = False) -> LiveKey:
    """A key that is in this person's own token; the administrator registers its certificate."""
    authority = DevelopmentCA(desk.counter.data_dir / "pki")
    owner = {"organisation_id": desk.seat()} if agency else {"person_id": desk.person(username)}
    identity = f"token-{next(iter(owner.values()))}"
    key = (
        authority.issue_agency(identity, "UBND xã Mẫu")
        if agency
        else authority.issue_person(identity, "Người giữ khóa", "UBND xã Mẫu")
    )
    certificate = base64.b64encode(key.certificate).decode()
    body = {"certificate": certificate, "key_url": "client:", **owner}
    made(desk.counter["xa.quantri"].post("/certificates", json=body))
    return key


def prepare(document: Document, username: str = LEADER) -> list[dict[str, Any]]:
    """Everything of a document that waits for this person's key."""
    answer = document.desk.counter[username].post(f"/documents/{document.id}/pending-signatures")
    items: list[dict[str, Any]] = made(answer)["items"]
    return items


def bring(
    document: Document,
    item: dict[str, Any],
    key: LiveKey,
    username: str = LEADER,
    **changes: str,
) -> httpx.Response:
    """Complete it with what the key makes of it."""
    value = key.sign(base64.b64decode(item["attributes"]), "sha256")
    said = {"token": item["token"], "value": base64.b64encode(value).decode(), **changes}
    return document.desk.counter[username].put(
        f"/pending-signatures/{item['id']}/signature", json=said
    )


def waiting(desk: Desk) -> dict[str, Any]:
    """A signature that waits for the chairman's own key."""
    hold(desk)
    (item,) = prepare(desk.draft().checked().reading(LEADER, "sign"))
    return item
