"""What every changing route goes through: the version it starts from, the key it may repeat under.

A change is committed before its answer is sent. (FastAPI runs the end of a `yield` dependency after
the response: a commit there could fail when the client has already read of its success.)
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from api.auth import ActorHere, OfficeHere
from workflow import idempotency
from workflow.actor import Actor
from workflow.idempotency import Answer, Asked
from workflow.office import Office, Transaction
from workflow.records import Evidence
from workflow.rules.errors import StaleVersion

REPLAYED = "Idempotent-Replayed"


@dataclass(frozen=True)
class Shown:
    """What a route shows: a body and the version of the thing it shows."""

    body: BaseModel | None
    version: int | str | None = None


def etag(version: int | str) -> str:
    """A version as a strong entity tag (RFC 9110 §8.8.3)."""
    return f'"{version}"'


def shown(body: BaseModel, version: int | str | None = None) -> Response:
    """The answer to a reading route."""
    return _response(Answer(200, _json(body), None if version is None else etag(version)))


def version_of(row: Evidence) -> int:
    """The version of a row that counts none: a piece of its salted digest."""
    return int(row.row_digest()[:12], 16)


@contextmanager
def starting_from(
    tx: Transaction, kind: type[Evidence], row_id: uuid.UUID, version: int
) -> Iterator[None]:
    """Around the change of a row that counts no versions.

    It is compared before the change and told after it, so that whoever may not know of the row
    is told only that. Raises StaleVersion.
    """
    row = tx.session.get(kind, row_id, with_for_update=True)
    current = None if row is None else version_of(row)
    yield
    if current is not None and current != version:
        raise StaleVersion(version, current)


@dataclass(frozen=True)
class Changing:
    """A request that changes something: who asks, and the key it may be repeated under, if any."""

    office: Office
    actor: Actor
    asked: Asked | None

    def change(
        self,
        work: Callable[[Transaction], Shown],
        *,
        status: int = 200,
        location: str | None = None,
    ) -> Response:
        """Do `work` in one transaction and answer after its commit; a repeated request gets the
        answer of the first.

        `location` is the address of what was made, e.g. `/uploads/{id}`, filled from the answer.

        Raises:
            Refusal: of `work`; KeyReused; Unavailable.
        """
        asked = self.asked
        if asked is None:
            with self.office.transaction(self.actor) as tx:
                answer = _answer(work(tx), status)
            return _response(answer)
        try:
            with self.office.transaction(self.actor) as tx:
                kept = idempotency.claim(tx, asked)
                if kept is None:
                    answer = _answer(work(tx), status)
                    idempotency.keep(tx, asked, answer)
        except idempotency.BeingAnswered:
            with self.office.reading(self.actor) as reading:
                kept = idempotency.answered(reading, asked)
        response = _response(kept or answer)
        if kept is not None:
            response.headers[REPLAYED] = "true"
        if location is not None:
            response.headers["Location"] = location.format(**json.loads(bytes(response.body)))
        return response


def _answer(result: Shown, status: int) -> Answer:
    content = b"" if result.body is None else _json(result.body)
    return Answer(status, content, None if result.version is None else etag(result.version))


def _json(body: BaseModel) -> bytes:
    return body.model_dump_json(by_alias=True).encode()


def _response(answer: Answer) -> Response:
    response = Response(answer.content, answer.status, media_type="application/json")
    if answer.etag is not None:
        response.headers["ETag"] = answer.etag
    return response


def _version(
    tag: Annotated[
        str,
        Header(
            alias="If-Match",
            pattern=r'^"[0-9]{1,15}"$',
            description="The ETag of what you are looking at: one strong entity tag.",
            examples=['"3"'],
        ),
    ],
) -> int:
    return int(tag.strip('"'))


IdempotencyKeyHeader = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="Fresh for each act, the same when the same request is sent again: 24 hours.",
        examples=["0b9e2f0c-5f3f-4a53-9f34-8a7f1f6f2a11"],
    ),
]


async def body_digest(request: Request) -> str:
    """SHA-256 of the query and the body (which FastAPI has read already)."""
    return digest_of(request, hashlib.sha256(await request.body()).hexdigest())


def digest_of(request: Request, content_sha256: str) -> str:
    """What makes two requests to one address the same: query and content."""
    return hashlib.sha256(f"{request.url.query}\n{content_sha256}".encode()).hexdigest()


def asked(request: Request, actor: Actor, key: str, body_sha256: str) -> Asked:
    """The request as its sender would repeat it."""
    return Asked(actor.account_id, f"{request.method} {request.url.path}", key, body_sha256)


def _posting(
    request: Request,
    office: OfficeHere,
    actor: ActorHere,
    key: IdempotencyKeyHeader,
    digest: Annotated[str, Depends(body_digest)],
) -> Changing:
    return Changing(office, actor, asked(request, actor, key, digest))


def _changing(office: OfficeHere, actor: ActorHere) -> Changing:
    return Changing(office, actor, None)


#: The version a change starts from. A weak tag, `*` and lists are refused: they name no one state.
Version = Annotated[int, Depends(_version)]
#: Every POST: safe to repeat under its key.
Posting = Annotated[Changing, Depends(_posting)]
#: PUT and DELETE, which may be repeated as they are.
Replacing = Annotated[Changing, Depends(_changing)]
