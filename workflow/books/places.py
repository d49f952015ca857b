"""How documents are named, and where in the work files they stand."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from workflow.office import Reading
from workflow.records import WorkFile, WorkFileItem
from workflow.rules.fields import Values


@dataclass(frozen=True)
class Place:
    """A document's place in a work file."""

    year: int
    notation: str
    ordinal: int


def places_of(reading: Reading, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Place]:
    """The place of each document that has one: the first, where it stands in several files."""
    rows = reading.session.execute(
        select(WorkFileItem.document_id, WorkFile.year, WorkFile.notation, WorkFileItem.ordinal)
        .join(WorkFile, WorkFile.id == WorkFileItem.work_file_id)
        .where(WorkFileItem.document_id.in_(ids))
        .order_by(WorkFileItem.id.desc())
    )
    return {
        document_id: Place(year, notation, ordinal) for document_id, year, notation, ordinal in rows
    }


def code_and_date(code: str | None, on: date) -> str:
    """How a document of our own is named in a note."""
    return f"văn bản {code} ngày {on:%d/%m/%Y}"


def code_values(code: str | None) -> Values:
    """Number and symbol in a form; what has them not apart is a symbol of its own."""
    number, _, notation = (code or "").partition("/")
    return {"CodeNumber": number if notation else None, "CodeNotation": notation or number or None}


def place_values(organ_id: str, year: int, place: Place | None) -> Values:
    """A document's place in a form; what is in no work file yet has but its own year."""
    return {
        "FileCode": {
            "OrganId": organ_id,
            "FileCatalog": place.year if place else year,
            "FileNotation": place.notation if place else None,
        },
        "DocOrdinal": place.ordinal if place else None,
    }
