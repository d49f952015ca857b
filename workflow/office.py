"""The office: wiring, and the one place where a transaction begins and commits.

A use case takes a `Transaction`; a view takes a `Reading`. Slow or outside work (object store,
PDF, keys) happens before or after, never while one is open.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from signing.report import Judgement, SignatureReport
from storage import outbox
from storage.database import Database, connect
from storage.objects import ObjectRef, ObjectStore, open_store
from workflow import bookkeeping
from workflow.actor import Actor
from workflow.chains import Chains, Head
from workflow.faults import unavailable
from workflow.lawbook import Lawbook
from workflow.records import Case, Evidence
from workflow.rules import journal
from workflow.rules.canonical import plain
from workflow.rules.errors import NotFound, StaleVersion
from workflow.sealing import Sealing
from workflow.settings import Settings

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
#: A chain that has grown by so many entries does not wait for the next minute's checkpoint.
CHECKPOINT_ENTRIES = 256
Row = TypeVar("Row")


class Doorbell(Protocol):
    """Wakes whoever does jobs. It may fail or forget: the job's row is the truth."""

    def ring(self, job_id: uuid.UUID) -> None: ...


class NoDoorbell:
    """For processes that only enqueue: a sweep finds the rows."""

    def ring(self, job_id: uuid.UUID) -> None:
        """Wake nobody."""


class Reading:
    """A consistent view of the rows at one moment."""

    def __init__(self, office: Office, session: Session, actor: Actor | None, now: datetime):
        self.office = office
        self.session = session
        self.now = now
        self._actor = actor

    @property
    def actor(self) -> Actor:
        """The person acting. A job acts for nobody and must not ask."""
        if self._actor is None:
            raise RuntimeError("this work belongs to a person, but nobody is acting")
        return self._actor

    @property
    def person_id(self) -> uuid.UUID | None:
        """Who acts, or None for the system."""
        return self._actor.person_id if self._actor else None

    @property
    def today(self) -> date:
        """The local date in Vietnam."""
        return self.now.astimezone(VIETNAM).date()

    def get(self, kind: type[Row], row_id: uuid.UUID, what: str = "Nội dung được yêu cầu") -> Row:
        """The row, or NotFound."""
        row = self.session.get(kind, row_id)
        if row is None:
            raise NotFound(what)
        return row

    def waiting(self, name: str, **args: object) -> int:
        """How many jobs of this name (and with exactly these `args`, if any) are yet to be done."""
        given = {key: plain(value) for key, value in args.items()}
        return outbox.waiting(self.session, name, given or None)


class Transaction(Reading):
    """One use case: everything it writes is journalled and committed together, or not at all."""

    def __init__(self, office: Office, session: Session, actor: Actor | None, now: datetime):
        super().__init__(office, session, actor, now)
        self.enqueued: list[uuid.UUID] = []
        self._unjournalled: dict[Evidence, None] = {}
        self._written: dict[Evidence, None] = {}
        self.chains = Chains(session)
        event.listen(session, "before_flush", self._note_evidence)

    def _note_evidence(self, session: Session, *_: object) -> None:
        if any(isinstance(row, Evidence) for row in session.deleted):
            raise RuntimeError("evidence is never deleted")
        changed = (row for row in session.dirty if session.is_modified(row))
        for row in (*session.new, *changed):
            if isinstance(row, Evidence):
                self._unjournalled[row] = self._written[row] = None

    def add(self, row: Row) -> Row:
        """Add a row and give it back."""
        self.session.add(row)
        return row

    def lock_case(self, case_id: uuid.UUID, version: int | None = None) -> Case:
        """The case, locked until the end; StaleVersion unless it is at `version` when given."""
        case = self.session.scalar(
            select(Case)
            .where(Case.id == case_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if case is None:
            raise NotFound("Hồ sơ xử lý")
        if version is not None and case.version != version:
            raise StaleVersion(version, case.version)
        return case

    def journal(
        self,
        action: str,
        chain: uuid.UUID | str,
        subject: uuid.UUID | str,
        *,
        rows: Collection[Evidence] | None = None,
        **facts: object,
    ) -> None:
        """Append one entry that digests the evidence rows written since the last one.

        All of them, or those in `rows` where some belong in another chain. `facts` are
        identifiers, states and digests, never descriptive text (Annex VI III.8).
        """
        self.session.flush()
        digested = [row for row in self._unjournalled if rows is None or row in rows]
        for row in digested:
            del self._unjournalled[row]
        head = self.lock_chain(str(chain))
        entry = journal.Entry(
            chain=str(chain),
            sequence=head.sequence + 1,
            at=self.now,
            actor=str(self._actor.person_id) if self._actor else "system",
            action=action,
            subject=str(subject),
            rows=tuple(
                journal.RowDigest(row.__tablename__, str(row.id), row.row_digest())
                for row in digested
            ),
            facts=facts,
            previous=head.digest,
        )
        self.chains.append(entry)
        # One waits for its minute; a second does not.
        if entry.sequence % CHECKPOINT_ENTRIES == 0 and self.waiting("append_checkpoint") < 2:
            self.enqueue("append_checkpoint")

    def lock_chain(self, chain: str) -> Head:
        """The end of a chain with what is journalled so far, locked until the transaction ends."""
        return self.chains.lock(chain)

    def enqueue(self, name: str, *, not_before: datetime | None = None, **args: object) -> None:
        """Write a job that runs after this transaction commits, exactly as durable as it."""
        given = {key: plain(value) for key, value in args.items()}
        self.enqueued.append(outbox.enqueue(self.session, name, given, self.now, not_before))

    def close(self) -> None:
        """Flush, bring the books up to date, and refuse to commit evidence no entry digests."""
        self.session.flush()
        for fact in bookkeeping.restated(self.session, list(self._written)):
            fact.sequence = self.lock_chain(str(fact.organisation_id)).sequence + 1
            self.add(fact)
            self.journal(
                "register.restated",
                fact.organisation_id,
                fact.document_id,
                rows=[fact],
                ordinal=fact.ordinal,
            )
            bookkeeping.count(self.session, fact)
        self.chains.write()
        if self._unjournalled:
            tables = sorted({type(row).__name__ for row in self._unjournalled})
            raise RuntimeError(f"written but not journalled: {', '.join(tables)}")


class Office:
    """Settings, law, rows, bytes and keys of one running Vanthu."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        objects: ObjectStore,
        log_objects: ObjectStore | None = None,
        sealing: Sealing,
        doorbell: Doorbell | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self.database = database
        self.objects = objects
        self.log_objects = log_objects or objects
        self.sealing = sealing
        self.doorbell: Doorbell = doorbell or NoDoorbell()
        self.clock = clock
        self.law = Lawbook.read(settings.kinds)

    @classmethod
    def open(
        cls, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> Office:
        """Open what the settings name.

        Raises:
            InvalidDefinition: a file of the law, or of the operator's kinds, is wrong.
            Unavailable: the database or the object store does not answer.
        """
        settings.make_data_dir()
        with unavailable():
            return cls(
                settings,
                database=connect(settings.database),
                objects=open_store(settings.objects),
                log_objects=open_store(settings.log_objects),
                sealing=Sealing.open(settings),
                clock=clock,
            )

    @contextmanager
    def transaction(self, actor: Actor | None) -> Iterator[Transaction]:
        """Write: committed when the block ends, rolled back when it raises."""
        with unavailable(), self.database.write() as session:
            tx = Transaction(self, session, actor, self.clock())
            yield tx
            tx.close()
            session.commit()
        for job_id in tx.enqueued:
            self.doorbell.ring(job_id)

    @contextmanager
    def reading(self, actor: Actor | None) -> Iterator[Reading]:
        """Read only."""
        with unavailable(), self.database.read() as session:
            yield Reading(self, session, actor, self.clock())

    def keep(
        self, organisation_id: uuid.UUID, source: BinaryIO | Path, max_bytes: int | None = None
    ) -> ObjectRef:
        """Store bytes, durable when this returns; call it before the row that names them.

        Raises:
            TooLarge: more than `max_bytes` (default: the upload limit). Unavailable.
        """
        limit = self.settings.upload_max_bytes if max_bytes is None else max_bytes
        with unavailable():
            return self.objects.put(organisation_id, source, max_bytes=limit)

    def retain(self, organisation_id: uuid.UUID, content: bytes, until: datetime) -> None:
        """Store bytes under retention where the log's are kept: nobody removes them before then.

        Raises:
            Unavailable: also where the place cannot promise that; the log says which it is.
        """
        with unavailable():
            self.log_objects.put(
                organisation_id, BytesIO(content), max_bytes=len(content), retain_until=until
            )

    def retains(self, organisation_id: uuid.UUID, content: bytes) -> bool:
        """Whether these bytes are stored where the log's are kept. Raises Unavailable."""
        sha256 = hashlib.sha256(content).hexdigest()
        with unavailable():
            return self.log_objects.exists(ObjectRef(organisation_id, sha256, len(content)))

    def keep_evidence(self, organisation_id: uuid.UUID, judgement: Judgement) -> SignatureReport:
        """Store what a report was judged by, and give the report: its row may name it now.

        Raises:
            Unavailable.
        """
        with unavailable():
            for sha256, der in judgement.evidence.items():
                ref = ObjectRef(organisation_id, sha256, len(der))
                if not self.objects.exists(ref):  # most certificates and lists are there already
                    self.objects.put(
                        organisation_id, BytesIO(der), max_bytes=len(der), expected_sha256=sha256
                    )
        return judgement.report

    @contextmanager
    def stream(
        self, organisation_id: uuid.UUID, sha256: str, size_bytes: int
    ) -> Iterator[BinaryIO]:
        """Read stored bytes; reading fails before the end when they are not what was stored."""
        with (
            unavailable(),
            self.objects.open(ObjectRef(organisation_id, sha256, size_bytes)) as stored,
        ):
            yield stored

    def destroy(self, organisation_id: uuid.UUID, sha256: str, size_bytes: int) -> None:
        """Remove stored bytes for good; bytes that are gone already are no error."""
        with unavailable():
            self.objects.delete(ObjectRef(organisation_id, sha256, size_bytes))

    @contextmanager
    def local_copy(
        self, organisation_id: uuid.UUID, sha256: str, size_bytes: int
    ) -> Iterator[Path]:
        """The stored bytes as a file of our own, removed afterwards."""
        with TemporaryDirectory(prefix="vanthu-") as folder:
            path = Path(folder) / f"{sha256}.pdf"
            with self.stream(organisation_id, sha256, size_bytes) as stored, path.open("wb") as out:
                shutil.copyfileobj(stored, out, 1 << 20)
            yield path

    def close(self) -> None:
        """Give connections back, and end the processes that open files."""
        self.sealing.close()
        self.database.close()
