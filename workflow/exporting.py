"""A dossier put together as PDF volumes and XML (ND 30/2020 Annex VI part I, III.4.g).

It may hold thousands of files, so a job works for a few seconds, keeps what it made as a piece and
leaves the rest to the next: other work is not held up, no lease runs out, and memory holds the list
alone. What is there when it begins is written down first: later changes are another export.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sqlalchemy import select

from signing.volumes import Progress, Volume
from storage.errors import ObjectCorrupt, ObjectMissing
from workflow.access import SEES_DOSSIERS, access_chain, find_dossier
from workflow.arrivals import Record
from workflow.exports import Plan, Ref, State, cover_of, described, listed_in, planned
from workflow.facts.contents import Entry
from workflow.office import Office, Reading, Transaction
from workflow.parties import parties_of
from workflow.printing import dossier_cover, missing_file
from workflow.printing.covers import NoticeSheet
from workflow.printing.description import describe
from workflow.records import Dossier, DossierExport, DossierExportFile
from workflow.refusals import unreadable
from workflow.rules.errors import Forbidden, NotFound, UnreadableDocument
from workflow.rules.roles import AUDITOR

XML_NAME, XML, PDF = "ho-so.xml", "application/xml", "application/pdf"
#: One job works so long, or until its piece is so large: well within a job's lease.
STEP_SECONDS = 5.0
_PIECE_BYTES = 64 << 20
_NOT_STORED = "Kho dữ liệu không còn tệp này, hoặc tệp đã hỏng."


def ask_export(tx: Transaction, dossier_id: uuid.UUID) -> DossierExport:
    """Have a dossier put together; one that the actor asked for and that is not done goes on.

    Raises:
        NotFound. Forbidden: the actor appraises or votes on it, and takes none of it along.
    """
    dossier = find_dossier(tx, dossier_id)
    parties = parties_of(tx, dossier)
    exporting = SEES_DOSSIERS - {AUDITOR}
    if not any(tx.actor.roles_in(one) & exporting for one in parties.values()):
        raise Forbidden(sorted(exporting))
    unfinished = tx.session.scalar(
        select(DossierExport).where(
            DossierExport.dossier_id == dossier.id,
            DossierExport.person_id == tx.actor.person_id,
            DossierExport.finished_at.is_(None),
        )
    )
    if unfinished is not None:
        return unfinished
    export = tx.add(
        DossierExport(dossier_id=dossier.id, person_id=tx.actor.person_id, asked_at=tx.now)
    )
    tx.session.flush()
    tx.journal(
        "dossier.exported", access_chain(dossier.organisation_id), dossier.id, export=export.id
    )
    tx.enqueue("export_dossier", export=export.id)
    return export


def find_export(
    reading: Reading, dossier_id: uuid.UUID, export_id: uuid.UUID
) -> tuple[DossierExport, Sequence[DossierExportFile]]:
    """An export and its files, for whoever asked for it and may still know of the dossier.

    Raises:
        NotFound
    """
    find_dossier(reading, dossier_id)
    export = reading.session.get(DossierExport, export_id)
    if (
        export is None
        or export.dossier_id != dossier_id
        or export.person_id != reading.actor.person_id
    ):
        raise NotFound("Bản kết xuất")
    files = reading.session.scalars(
        select(DossierExportFile)
        .where(DossierExportFile.export_id == export.id)
        .order_by(DossierExportFile.id)
    ).all()
    return export, files


def file_of(
    reading: Reading, dossier_id: uuid.UUID, export_id: uuid.UUID, name: str
) -> DossierExportFile:
    """One file of an export by its name.

    Raises:
        NotFound
    """
    _, files = find_export(reading, dossier_id, export_id)
    for file in files:
        if file.name == name:
            return file
    raise NotFound("Tệp kết xuất")


def export_dossier(
    office: Office, export: str, plan: str | None = None, state: str | None = None
) -> Record:
    """Job: write down what there is, then put it together a piece at a time.

    It plans its own next step.
    """
    export_id = uuid.UUID(export)
    if plan is None or state is None:
        return _begin(office, export_id)
    ref = Ref.from_json(plan)
    with office.stream(ref.organisation_id, ref.sha256, ref.size_bytes) as stored:
        held = Plan.from_json(stored.read())
    with TemporaryDirectory(prefix="vanthu-") as folder:
        step = _Step(office, export_id, ref, held, State.from_json(state), Path(folder))
        try:
            return step.work()
        except UnreadableDocument as fault:
            # Of a page of ours: no refusal, which would leave the export unfinished for good.
            raise RuntimeError("a page of our own cannot be read") from fault


def give_up(
    tx: Transaction, export: str, plan: str | None = None, state: str | None = None
) -> None:
    """Say that it failed at every try, and remove what was made of it."""
    row = tx.get(DossierExport, uuid.UUID(export))
    row.failure = "Không kết xuất được hồ sơ. Hãy thử lại; nếu vẫn lỗi, báo quản trị hệ thống."
    row.finished_at = tx.now
    if plan is not None and state is not None:
        _discard(tx, [Ref.from_json(plan), *State.from_json(state).pieces])


def discard_pieces(office: Office, pieces: list[str]) -> Record:
    """Job: what an export kept between its steps goes."""
    for piece in map(Ref.from_json, pieces):
        office.destroy(piece.organisation_id, piece.sha256, piece.size_bytes)
    return lambda _: None


def _discard(tx: Transaction, pieces: Sequence[Ref]) -> None:
    tx.enqueue("discard_pieces", pieces=[piece.to_json() for piece in pieces])


def _keep(
    office: Office, organisation_id: uuid.UUID, source: BinaryIO | Path, size_bytes: int
) -> Ref:
    ref = office.keep(organisation_id, source, max_bytes=size_bytes)
    return Ref(organisation_id, ref.sha256, ref.size_bytes)


def _begin(office: Office, export_id: uuid.UUID) -> Record:
    with office.reading(None) as reading:
        row = reading.get(DossierExport, export_id)
        plan = planned(reading, reading.get(Dossier, row.dossier_id), row)
    content = plan.to_json()
    kept = _keep(office, plan.organisation_id, BytesIO(content), len(content))

    def record(tx: Transaction) -> None:
        tx.get(DossierExport, export_id).total = len(plan.entries)
        tx.enqueue(
            "export_dossier",
            export=export_id,
            plan=kept.to_json(),
            state=State().to_json(),
        )

    return record


class _Step:
    """What one job does: go on where `state` is, and say where the next one does."""

    def __init__(
        self,
        office: Office,
        export_id: uuid.UUID,
        ref: Ref,
        plan: Plan,
        state: State,
        folder: Path,
    ) -> None:
        self._office, self._export_id, self._ref = office, export_id, ref
        self._plan, self._state, self._folder = plan, state, folder

    def work(self) -> Record:
        state, plan = self._state, self._plan
        end = plan.volumes[state.volume]
        ends_at = time.monotonic() + STEP_SECONDS
        with (self._folder / "piece").open("w+b") as piece:
            volume = Volume(self._office.sealing.sandbox, piece, state.progress)
            while (
                state.entry < end
                and time.monotonic() < ends_at
                and volume.size_bytes < _PIECE_BYTES
            ):
                self._append(volume, plan.entries[state.entry])
            if state.entry < end:
                state.progress = volume.pause()
                # A digest of its own, so that removing it removes nothing else.
                piece.write(self._export_id.bytes)
                size_bytes = piece.tell()
                piece.seek(0)
                ref = _keep(self._office, plan.organisation_id, piece, size_bytes)
                state.pieces.append(ref)
                return self._go_on([], [])
            self._finish(volume)
        return self._volume_done()

    def _append(self, volume: Volume, entry: Entry) -> None:
        """The next file of an entry, or a page that says why it is not here."""
        state = self._state
        files = entry.files
        ordinal = state.entry - self._plan.starts[state.volume] + 1
        title = f"{ordinal}. {entry.title}"
        if not files:
            why = f"Không có tệp để ghép: {entry.unmet or 'văn bản không có tệp'}."
            self._notice(volume, NoticeSheet(title, why, "", 0))
            state.entry += 1
            return
        file = files[state.file]
        try:
            with (
                self._office.local_copy(
                    uuid.UUID(file.organisation_id), file.sha256, file.size_bytes
                ) as source,
                unreadable(),
            ):
                added = volume.add(source)
        except (UnreadableDocument, ObjectMissing, ObjectCorrupt) as fault:
            why = str(fault) if isinstance(fault, UnreadableDocument) else _NOT_STORED
            self._notice(volume, NoticeSheet(title, why, file.sha256, file.size_bytes))
            state.reasons[f"{state.entry}/{state.file}"] = why
            state.pages.append(None)
        else:
            state.pages.append(added.pages)
            if added.mended:
                state.mended.append(f"{state.entry}/{state.file}")
        state.file += 1
        if state.file == len(files):
            state.entry, state.file = state.entry + 1, 0

    def _notice(self, volume: Volume, sheet: NoticeSheet) -> None:
        self._append_own(volume, missing_file(sheet, self._plan.moment))

    def _append_own(self, volume: Volume, pdf: bytes) -> None:
        path = self._folder / "own.pdf"
        path.write_bytes(pdf)
        with unreadable():
            volume.add(path)

    def _finish(self, volume: Volume) -> None:
        plan, state = self._plan, self._state
        pages = volume.pages
        bookmarks, lines = listed_in(plan, state, pages)
        problems = describe(described(plan, state))[1]
        sheet = cover_of(plan, state, lines, problems, sum(pages))
        self._append_own(volume, dossier_cover(sheet))
        volume.finish(f"{plan.about.title}, tập {state.volume + 1}", bookmarks)

    def _volume_done(self) -> Record:
        """Join the pieces, keep the volume; after the last one also the description."""
        plan, state = self._plan, self._state
        whole = self._folder / "volume.pdf"
        with whole.open("wb") as joined:
            for piece in state.pieces:
                with self._office.stream(
                    piece.organisation_id, piece.sha256, piece.size_bytes
                ) as stored:
                    shutil.copyfileobj(stored, joined, 1 << 20)
                joined.truncate(joined.tell() - len(self._export_id.bytes))
                joined.seek(0, 2)
            with (self._folder / "piece").open("rb") as last:
                shutil.copyfileobj(last, joined, 1 << 20)
        ref = _keep(self._office, plan.organisation_id, whole, whole.stat().st_size)
        files = [(f"tap-{state.volume + 1}.pdf", PDF, ref)]
        pieces = state.pieces
        state.volume += 1
        state.pieces, state.progress = [], Progress()
        if state.volume == len(plan.volumes):
            xml = describe(described(plan, state))[0]
            kept = _keep(self._office, plan.organisation_id, BytesIO(xml), len(xml))
            files.append((XML_NAME, XML, kept))
            pieces = [*pieces, self._ref]
        return self._go_on(files, pieces)

    def _go_on(self, files: Sequence[tuple[str, str, Ref]], pieces: Sequence[Ref]) -> Record:
        plan, state = self._plan, self._state

        def record(tx: Transaction) -> None:
            row = tx.get(DossierExport, self._export_id)
            row.done = state.entry
            for name, media_type, ref in files:
                tx.add(
                    DossierExportFile(
                        export_id=row.id,
                        organisation_id=ref.organisation_id,
                        name=name,
                        media_type=media_type,
                        sha256=ref.sha256,
                        size_bytes=ref.size_bytes,
                    )
                )
            if pieces:
                _discard(tx, pieces)
            if state.volume == len(plan.volumes):
                row.finished_at = tx.now
                return
            tx.enqueue(
                "export_dossier",
                export=self._export_id,
                plan=self._ref.to_json(),
                state=state.to_json(),
            )

        return record
