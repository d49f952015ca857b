"""A commune's desk for the tests: documents come in, people act on them, jobs get done."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select

from benchmarks.offices import acting, seat_of
from signing.devca import DevelopmentCA
from signing.pades import sign
from tests.signing import pdfs
from workflow.actor import Actor
from workflow.arrivals import Arrival
from workflow.chains import SYSTEM_CHAIN
from workflow.files import Content
from workflow.jobs import run_all
from workflow.office import Office
from workflow.records import Case, ChainHead, JournalEntry, job
from workflow.records.evidence import Identified
from workflow.registration import receive, register
from workflow.rules import journal

T = TypeVar("T")
Row = TypeVar("Row", bound=Identified)

CLERK, LEADER, DEPUTY = "xa.vanthu", "xa.chutich", "xa.phochutich"
HEAD, SPECIALIST, OTHER_HEAD = "xa.truongphong", "xa.chuyenvien", "xa.kinhte"
COMMUNE, OFFICE = "H56.MAU.02", "H56.MAU.01"


class Desk:
    """Everything a test does to an office, each act in a transaction of its own."""

    def __init__(
        self,
        office: Office,
        acting: Callable[[str], Actor],
        seat: Callable[[str], uuid.UUID],
        folder: Path,
    ) -> None:
        self.office, self.actor, self.seat, self.folder = office, acting, seat, folder
        self.commune = seat(COMMUNE)
        self._serial = itertools.count(1)

    def do(self, username: str, act: Callable[..., T], *args: Any, **named: Any) -> T:
        """One use case by one person."""
        with self.office.transaction(self.actor(username)) as tx:
            return act(tx, *args, **named)

    def see(self, username: str, view: Callable[..., T], *args: Any, **named: Any) -> T:
        """One view by one person."""
        with self.office.reading(self.actor(username)) as reading:
            return view(reading, *args, **named)

    def run_jobs(self) -> int:
        """Do every job; none of them may die."""
        done = run_all(self.office)
        with self.office.reading(None) as reading:
            dead = reading.session.execute(
                select(job.c.name, job.c.error).where(job.c.state == "dead")
            ).all()
        assert not dead
        return done

    def pdf(self, text: str = "CONG VAN") -> Path:
        """A new unsigned PDF."""
        n = next(self._serial)
        return pdfs.plain(self.folder / f"{n}.pdf", text=f"{text} {n}")

    def signed_pdf(self) -> Path:
        """A PDF signed by a person and then by an agency whom this office trusts."""
        sealing, source = self.office.sealing, self.pdf()
        person = sealing.development.person(uuid.uuid4(), "Nguoi Ky", "Co quan khac")
        agency = sealing.development.agency(uuid.uuid4(), "Co quan khac")
        for field, key, locks in (("person1", person, False), ("agency", agency, True)):
            target = source.with_name(f"{source.stem}-{field}.pdf")
            sealing.sign(
                source,
                target,
                key_url=key.key_url,
                certificate_sha256=key.certificate_sha256,
                field=field,
                level="B-LT",
                fill={},
                locks=locks,
                shows=None,
                moment=datetime.now(UTC),
            )
            source = target
        return source

    def altered_pdf(self) -> Path:
        """A signed PDF of which one byte was changed afterwards."""
        path = self.signed_pdf()
        content = bytearray(path.read_bytes())
        content[content.index(b"D:20") + 3] ^= 1
        path.write_bytes(content)
        return path

    def untrusted_pdf(self) -> Path:
        """A PDF signed under an authority that this office does not know."""
        stranger = DevelopmentCA(self.folder / "stranger")
        key = stranger.issue_person("someone", "Nguoi La", "Noi khac")
        source = self.pdf()
        target = source.with_name(f"{source.stem}-strange.pdf")
        sign(source, target, key=key, field="person1", level="B-B", trust=stranger.trust)
        return target

    def keep(self, path: Path, title: str | None = None) -> Content:
        """Store a file's bytes in the commune's archive."""
        ref = self.office.keep(self.commune, path)
        return Content(ref.sha256, ref.size_bytes, title)

    def arrival(self, *paths: Path, **changes: Any) -> Arrival:
        """A document from another agency, made of these files."""
        n = next(self._serial)
        said: dict[str, Any] = {
            "medium": "electronic",
            "sender_kind": "agency",
            "sender_name": "Sở Nội vụ tỉnh Mẫu",
            "subject": f"V/v báo cáo số {n}",
            "sender_code": "H56.07",
            "code": f"{n}/SNV-VP",
            **changes,
        }
        files = [self.keep(path) for path in paths]
        return Arrival(organisation_id=self.commune, files=files, **said)

    def arrive(self, *paths: Path, **changes: Any) -> uuid.UUID:
        """Receive it, and check it."""
        case = self.do(CLERK, receive, self.arrival(*paths, **changes))
        self.run_jobs()
        return case.document_id

    def letter(self, **changes: Any) -> uuid.UUID:
        """An unsigned letter of a citizen, received: quick, and it may be registered."""
        return self.arrive(self.pdf("DON"), **{"sender_kind": "citizen", **changes})

    def registered(self, **changes: Any) -> uuid.UUID:
        """A letter that has its arrival number."""
        document_id = self.letter(**changes)
        self.do(CLERK, register, document_id, self.case(document_id).version)
        return document_id

    def case(self, document_id: uuid.UUID) -> Case:
        """The document's own case as it stands."""
        return self.one(Case, Case.document_id == document_id, Case.parent_id.is_(None))

    def rows(self, kind: type[Row], *conditions: Any) -> list[Row]:
        """Rows as they stand, in the order in which they were written."""
        with self.office.reading(None) as reading:
            return list(reading.session.scalars(select(kind).where(*conditions).order_by(kind.id)))

    def one(self, kind: type[Row], *conditions: Any) -> Row:
        """The one row."""
        (row,) = self.rows(kind, *conditions)
        return row

    def actions(self, document_id: uuid.UUID) -> list[str]:
        """What the journals say was done to a document, in order; its facts follow from it."""
        with self.office.reading(None) as reading:
            rows = reading.session.scalars(
                select(JournalEntry.content)
                .where(JournalEntry.chain != SYSTEM_CHAIN)
                .order_by(JournalEntry.chain, JournalEntry.sequence)
            )
            entries = [journal.parse(content) for content in rows]
        return [
            entry.action
            for entry in entries
            if entry.subject == str(document_id) and entry.action != "register.restated"
        ]

    def check_journals(self) -> None:
        """Every chain holds from its first entry to its head."""
        with self.office.reading(None) as reading:
            for head in reading.session.scalars(select(ChainHead)).all():
                stored = reading.session.scalars(
                    select(JournalEntry)
                    .where(JournalEntry.chain == head.chain)
                    .order_by(JournalEntry.sequence)
                )
                findings = journal.verify(
                    ((entry.sequence, entry.content, entry.digest) for entry in stored),
                    chain=head.chain,
                    head=(head.sequence, head.digest),
                )
                assert findings.intact, findings


def desk_of(office: Office, folder: Path) -> Desk:
    """A desk in an office that is there already."""
    return Desk(office, partial(acting, office), partial(seat_of, office), folder)
