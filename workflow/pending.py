"""Client-held keys: prepared for a token that its holder keeps.

The holder's step records the intent as ever. Then `prepare` and `keep` say what the token is to
sign, `workflow.acceptance` takes what it signed, once, and the signing job goes on from there
(`workflow.completing`). The office never sees the key, nor what activates it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import delete, select

from signing.cms import key_algorithm
from signing.pending import Prepared
from workflow import binding, intents
from workflow.access import find_document, main_case
from workflow.actor import Actor
from workflow.intents import CLIENT_HELD
from workflow.office import Office, Reading, Transaction
from workflow.records import (
    Case,
    Document,
    File,
    Incoming,
    PendingSignature,
    Revision,
    SigningCertificate,
    SigningIntent,
    new_id,
)
from workflow.registers import entry_of


@dataclass(frozen=True)
class Ready:
    """An intent made ready for its key, not yet kept."""

    intent_id: uuid.UUID
    prepared: Prepared
    given: bytes


@dataclass(frozen=True)
class Waiting:
    """A prepared signature and what its holder may want to check before using the key."""

    pending: PendingSignature
    prepared: Prepared
    intent: SigningIntent
    certificate: SigningCertificate
    document: Document
    code: str | None
    file: File
    token: str

    @property
    def texts(self) -> Mapping[str, str]:
        """What is filled in with this signature, by field."""
        return _texts(self.intent)

    @property
    def byte_range(self) -> tuple[int, int, int, int]:
        """What of the prepared file is signed: offset and length, twice (ISO 32000-1 §12.8.1)."""
        room = self.prepared.room
        return 0, room.start, room.end, room.covered_bytes - room.end

    @property
    def algorithm(self) -> str:
        """Of the key: `rsa` or `ecdsa`."""
        return key_algorithm(self.certificate.certificate)


def _texts(intent: SigningIntent) -> dict[str, str]:
    texts: dict[str, str] = json.loads(intent.fill) if intent.fill else {}
    return texts


def prepare(
    office: Office, actor: Actor, document_id: uuid.UUID, chain: Sequence[bytes] = ()
) -> list[Ready]:
    """Make every signature of a document that waits for the actor's own key ready; slow work.

    `chain` are the certificates (DER) of the authorities above the actor's own, where the holder
    has them: they go into the signature if they lead to an anchor.

    Raises:
        NotFound: also where the actor may not know of it. SigningRefusal: the certificate or the
            file does not allow it. Unavailable: a service that the level needs is away.
    """
    with office.reading(actor) as reading:
        document = find_document(reading, document_id)
        waiting = [
            (intent, certificate, intents.base_of(reading, intent), reading.now)
            for intent, certificate in _waiting(reading, main_case(reading, document.id))
        ]
    return [_made_ready(office, *one, chain) for one in waiting]


def _waiting(reading: Reading, case: Case) -> Iterator[tuple[SigningIntent, SigningCertificate]]:
    for intent in intents.open_intents(reading, case.id):
        certificate = reading.get(SigningCertificate, intent.certificate_id)
        if (
            certificate.key_url == CLIENT_HELD
            and intent.person_id == reading.actor.person_id
            and intent.expires_at > reading.now
            and not intents.in_hand(reading, intent)
        ):
            yield intent, certificate


def _made_ready(
    office: Office,
    intent: SigningIntent,
    certificate: SigningCertificate,
    base: Revision,
    moment: datetime,
    chain: Sequence[bytes],
) -> Ready:
    what: Any = {
        "field": intent.field,
        "fill": _texts(intent),
        "locks": intent.locks,
        "shows": intents.shown(office, intent),
        "moment": moment,
    }
    with (
        office.local_copy(intent.organisation_id, base.sha256, base.size_bytes) as source,
        TemporaryDirectory(prefix="vanthu-") as folder,
    ):
        prepared = intents.at_level(
            intent,
            lambda level: office.sealing.prepare(
                source,
                certificate=certificate.certificate,
                chain=chain,
                level=level,
                **what,
            ),
        )
        given = Path(folder) / "given.pdf"
        office.sealing.hand_out(source, given, **what)
        with given.open("rb") as file:
            file.seek(base.size_bytes)
            return Ready(intent.id, prepared, file.read())


def keep(tx: Transaction, document_id: uuid.UUID, ready: Sequence[Ready]) -> list[Waiting]:
    """Keep what was prepared, each in the place of what was prepared for its intent before.

    An intent that has ended meanwhile is left out.
    """
    document = find_document(tx, document_id)
    case = tx.lock_case(main_case(tx, document.id).id)
    open_now = {intent.id: (intent, held) for intent, held in _waiting(tx, case)}
    return [
        _kept(tx, document, one, *open_now[one.intent_id])
        for one in ready
        if one.intent_id in open_now
    ]


def _kept(
    tx: Transaction,
    document: Document,
    ready: Ready,
    intent: SigningIntent,
    certificate: SigningCertificate,
) -> Waiting:
    tx.session.execute(delete(PendingSignature).where(PendingSignature.intent_id == intent.id))
    until = ready.prepared.evidence_until
    pending = PendingSignature(
        id=new_id(),
        intent_id=intent.id,
        person_id=tx.actor.person_id,
        prepared=ready.prepared.to_bytes(),
        given=ready.given,
        # What was gathered to prove the certificate's status must still do so at completion.
        expires_at=min(intent.expires_at, until) if until else intent.expires_at,
    )
    pending.mac = binding.bound(tx, pending)
    tx.add(pending)
    tx.session.flush()
    return Waiting(
        pending,
        ready.prepared,
        intent,
        certificate,
        document,
        _code(tx, document),
        tx.get(File, intent.file_id),
        binding.token_of(pending),
    )


def _code(reading: Reading, document: Document) -> str | None:
    """Its own number and symbol, or for what came in the sender's."""
    if document.direction == "outgoing":
        entry = entry_of(reading, document.id)
        return entry.code if entry else None
    return reading.session.scalar(select(Incoming.code).where(Incoming.document_id == document.id))
