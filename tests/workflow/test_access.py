from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from workflow.access import find_document, may_know
from workflow.actor import Actor
from workflow.office import Office, Transaction
from workflow.records import Base, Case, Document, Outgoing, Signer, Task
from workflow.rules.errors import NotFound
from workflow.structure import issuers_of, units_of

Acting = Callable[[str], Actor]
Seat = Callable[[str], uuid.UUID]
COMMUNE = "H56.MAU.02"
EVERYBODY = [
    "xa.vanthu",
    "xa.chuyenvien",
    "xa.truongphong",
    "xa.kinhte",
    "xa.thethuc",
    "xa.chutich",
    "xa.phochutich",
    "xa.theodoi",
    "xa.kiemtoan",
    "xa.quantri",
    "vpdp.vanthu",
    "vpdp.chuyenvien",
    "vpdp.chanhvp",
    "tinh.quantri",
]


def _keep(tx: Transaction, row: Base) -> None:
    tx.session.add(row)
    tx.session.flush()


@pytest.fixture
def draft(office: Office, acting: Acting, seat: Seat) -> Document:
    """A draft of the specialist in the commune's office unit; the vice-chair is to sign it."""
    commune = seat(COMMUNE)
    with office.transaction(acting("xa.chuyenvien")) as tx:
        document = Document(
            organisation_id=commune,
            direction="outgoing",
            type_code="quyet_dinh",
            subject="Quyết định",
            created_by=tx.person_id,
            created_at=tx.now,
        )
        _keep(tx, document)
        unit = next(unit for unit in units_of(tx, commune) if unit.symbol == "VP")
        _keep(
            tx,
            Outgoing(
                document_id=document.id,
                issuer_id=issuers_of(tx, commune)[0].id,
                unit_id=unit.id,
                seal_required=True,
                layout="{}",
                archived_by="VP",
            ),
        )
        signer = acting("xa.phochutich").person_id
        _keep(
            tx,
            Signer(
                document_id=document.id,
                ordinal=1,
                person_id=signer,
                part="competent",
                capacity="TM+KT",
            ),
        )
        tx.journal("document.drafted", commune, document.id)
    return document


def _who_knows(office: Office, acting: Acting, document_id: uuid.UUID) -> set[str]:
    known = set()
    for username in EVERYBODY:
        actor = acting(username)
        with office.reading(actor) as reading:
            found = reading.session.scalar(
                select(Document.id).where(Document.id == document_id, may_know(actor))
            )
            try:
                find_document(reading, document_id)
            except NotFound:
                assert found is None
            else:
                assert found == document_id
                known.add(username)
    return known


def test_who_knows_of_a_draft(office: Office, acting: Acting, draft: Document) -> None:
    assert _who_knows(office, acting, draft.id) == {
        "xa.chuyenvien",  # drafted it
        "xa.truongphong",  # heads the drafting unit
        "xa.phochutich",  # is to sign it, and leads
        "xa.thethuc",  # checks the form of what goes out
        "xa.vanthu",
        "xa.chutich",
        "xa.theodoi",
        "xa.kiemtoan",
    }


def test_a_task_makes_a_document_known_to_whoever_has_it(
    office: Office, acting: Acting, seat: Seat, draft: Document
) -> None:
    with office.transaction(acting("xa.chutich")) as tx:
        unit = next(unit for unit in units_of(tx, seat(COMMUNE)) if unit.symbol == "KT")
        case = Case(
            organisation_id=seat(COMMUNE),
            document_id=draft.id,
            definition_name="task",
            definition_digest="0" * 64,
            state="assigned_unit",
            version=1,
            opened_at=tx.now,
            entered_at=tx.now,
        )
        _keep(tx, case)
        assigned_by = tx.actor.person_id
        _keep(tx, Task(case_id=case.id, part="lead", unit_id=unit.id, assigned_by=assigned_by))
        tx.journal("task.assigned", seat(COMMUNE), case.id)
    assert "xa.kinhte" in _who_knows(office, acting, draft.id)


def test_an_incoming_document_is_not_the_format_checkers(
    office: Office, acting: Acting, seat: Seat
) -> None:
    with office.transaction(acting("xa.vanthu")) as tx:
        document = Document(
            organisation_id=seat(COMMUNE),
            direction="incoming",
            subject="Công văn đến",
            created_by=None,
            created_at=tx.now,
        )
        _keep(tx, document)
        tx.journal("document.received", seat(COMMUNE), document.id)
    assert _who_knows(office, acting, document.id) == {
        "xa.vanthu",
        "xa.chutich",
        "xa.phochutich",
        "xa.theodoi",
        "xa.kiemtoan",
    }


def test_without_a_role_left_nothing_is_known(
    office: Office, acting: Acting, draft: Document
) -> None:
    """Whoever drafted it and then left the organisation has nothing to see there any more."""
    gone = replace(acting("xa.chuyenvien"), roles={})
    with office.reading(gone) as reading, pytest.raises(NotFound):
        find_document(reading, draft.id)


def test_the_other_direction_does_not_exist(
    office: Office, acting: Acting, draft: Document
) -> None:
    with office.reading(acting("xa.vanthu")) as reading:
        assert find_document(reading, draft.id, "outgoing").id == draft.id
        with pytest.raises(NotFound):
            find_document(reading, draft.id, "incoming")
        with pytest.raises(NotFound):
            find_document(reading, uuid.uuid4())
