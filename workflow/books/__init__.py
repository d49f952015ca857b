"""The books the law wants put out (ND 30/2020 Annex VI part I, V), as XLSX, PDF and XML.

A book is written whole before its first byte leaves, a batch of rows in memory at a time: what
cannot be put into its form refuses the book instead of leaving it half sent. Who had it, and the
digest of what they had, is written into the access chain.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from tempfile import TemporaryFile
from typing import BinaryIO

from workflow import printing
from workflow.access import SEES_ALL, access_chain, require_role
from workflow.actor import Actor
from workflow.books import arriving, filed, incoming_report, outgoing_report, sending
from workflow.books.described import describe
from workflow.books.opened import Opened
from workflow.office import Office, Reading
from workflow.printing import spreadsheets
from workflow.rules.books import BOOKS
from workflow.rules.errors import GuardsUnmet, NotFound, Unavailable
from workflow.rules.indicator import Period, parse_period

#: Roles that have the books of their organisation.
READERS = SEES_ALL
_CHUNK_BYTES = 1 << 20


class Form(StrEnum):
    """What a book is written as."""

    XLSX = "xlsx"
    PDF = "pdf"
    XML = "xml"


MEDIA_TYPES = {
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.PDF: "application/pdf",
    Form.XML: "application/xml",
}


@dataclass(frozen=True)
class Written:
    """A book in a file without a name, at its beginning; whoever has it closes it."""

    file: BinaryIO
    name: str
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Asked:
    """A book of an organisation by its name, for a period; a register of numbers by its issuer."""

    organisation_id: uuid.UUID
    book: str
    period: str
    issuer_id: uuid.UUID | None = None


def write_book(office: Office, actor: Actor, asked: Asked, form: Form) -> Written:
    """One of `BOOKS`.

    Raises:
        NotFound, Forbidden: not one's organisation, or none of READERS; no such book or issuer.
        Invalid: no period, no issuer. GuardsUnmet: something does not fit the form, each value
        named with its field and limit. Unavailable.
    """

    def opened(reading: Reading) -> Opened:
        require_role(reading, asked.organisation_id, READERS)
        if asked.book not in BOOKS:
            raise NotFound("Sổ, báo cáo")
        period = parse_period(asked.period)
        if asked.book == "outgoing-register":
            return sending.outgoing_register(
                reading, asked.organisation_id, period, asked.issuer_id
            )
        return _OPENED[asked.book](reading, asked.organisation_id, period)

    return _write(office, actor, opened, form)


_OPENED: dict[str, Callable[[Reading, uuid.UUID, Period], Opened]] = {
    "incoming-register": arriving.incoming_register,
    "incoming-report": incoming_report.incoming_report,
    "outgoing-report": outgoing_report.outgoing_report,
    "handling-register": arriving.handling_register,
    "file-list": filed.file_list,
}


def write_contents(office: Office, actor: Actor, work_file_id: uuid.UUID, form: Form) -> Written:
    """Mục lục văn bản, tài liệu of a work file.

    Raises:
        NotFound: not one of the actor's organisations'. GuardsUnmet, Unavailable: as `write_book`.
    """

    def opened(reading: Reading) -> Opened:
        return filed.file_contents(reading, work_file_id)

    return _write(office, actor, opened, form)


def _write(
    office: Office, actor: Actor, opening: Callable[[Reading], Opened], form: Form
) -> Written:
    with office.reading(actor) as reading:
        opened = opening(reading)
        try:
            file = TemporaryFile(dir=office.settings.data_dir)  # noqa: SIM115  the caller closes it
        except OSError as full:
            raise Unavailable("Ổ đĩa ghi tệp") from full
        refused, size_bytes, sha256 = None, 0, None
        try:
            _WRITERS[form](opened, file)
            size_bytes, sha256 = _digest(file)
        except GuardsUnmet as unmet:
            refused = unmet
        except OSError as full:
            file.close()
            raise Unavailable("Ổ đĩa ghi tệp") from full
        except BaseException:
            file.close()
            raise
    with office.transaction(actor) as tx:
        # Also of a book that is refused, because the refusal names what is in it.
        tx.journal(
            "book.viewed",
            access_chain(opened.organisation_id),
            opened.subject,
            book=opened.book.name,
            form=str(form),
            sha256=sha256,
            about=dict(opened.about),
        )
    if refused is not None:
        file.close()
        raise refused
    assert sha256 is not None
    return Written(file, f"{opened.file_name}.{form}", MEDIA_TYPES[form], size_bytes, sha256)


def _digest(file: BinaryIO) -> tuple[int, str]:
    size_bytes = file.tell()
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return size_bytes, digest.hexdigest()


def _spreadsheet(opened: Opened, out: BinaryIO) -> None:
    spreadsheets.write(opened.sheet, out)


def _print(opened: Opened, out: BinaryIO) -> None:
    printing.book(opened.sheet, out)


_WRITERS: dict[Form, Callable[[Opened, BinaryIO], None]] = {
    Form.XLSX: _spreadsheet,
    Form.PDF: _print,
    Form.XML: describe,
}
