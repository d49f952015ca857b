"""What an export is going to hold, and how far it is: written down between its steps."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from signing.volumes import Progress
from workflow.facts.about import about_of, organisation_on, standing
from workflow.facts.contents import Entry, Stored, contents_of
from workflow.kinds import kind_of
from workflow.office import VIETNAM, Reading
from workflow.printing.appraisals import About
from workflow.printing.covers import CoverSheet, Listed
from workflow.printing.description import DescribedDocument, DescribedDossier, KeptFile
from workflow.records import Dossier, DossierExport, Person

#: DocOrdinal has three digits (Annex VI part II).
MOST_DOCUMENTS = 999
#: Of the files in one volume, as a person can still download it.
MOST_VOLUME_BYTES = 500_000_000
# A file lasts as long as the longest of what is in it, and a decision lasts for ever; whether
# others may use it is for the archive to say.
_MAINTENANCE, _RIGHTS, _LANGUAGE = "Vĩnh viễn", "Hạn chế", "Tiếng Việt"


@dataclass(frozen=True)
class Ref:
    """Stored bytes."""

    organisation_id: uuid.UUID
    sha256: str
    size_bytes: int

    @classmethod
    def from_json(cls, text: str) -> Ref:
        organisation_id, sha256, size_bytes = json.loads(text)
        return cls(uuid.UUID(organisation_id), sha256, size_bytes)

    def to_json(self) -> str:
        return json.dumps([str(self.organisation_id), self.sha256, self.size_bytes])


@dataclass(frozen=True)
class Plan:
    """The dossier as it was when the export began. Each volume ends before the entry `volumes`
    names; `standings` says where each entry stands in the dossier."""

    export: str
    dossier: str
    organisation_id: uuid.UUID
    moment: datetime
    about: About
    code: str
    opened_on: date
    creator: str
    entries: Sequence[Entry]
    standings: Sequence[str]
    volumes: Sequence[int]

    @property
    def starts(self) -> Sequence[int]:
        """Where each volume starts among the entries."""
        return [0, *self.volumes[:-1]]

    @classmethod
    def from_json(cls, content: bytes) -> Plan:
        held: dict[str, Any] = json.loads(content)
        held["organisation_id"] = uuid.UUID(held["organisation_id"])
        held["moment"] = datetime.fromisoformat(held["moment"])
        held["opened_on"] = date.fromisoformat(held["opened_on"])
        held["about"] = About(**held["about"])
        held["entries"] = [_entry(**entry) for entry in held["entries"]]
        return cls(**held)

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), default=str, ensure_ascii=False).encode()


def _entry(
    issued_on: str | None, files: list[dict[str, Any]], signers: list[list[Any]], **others: Any
) -> Entry:
    return Entry(
        issued_on=date.fromisoformat(issued_on) if issued_on else None,
        files=[Stored(**file) for file in files],
        signers=[(position, name) for position, name in signers],
        **others,
    )


@dataclass
class State:
    """How far an export is: the next volume, entry and file, and what is written of the volume.

    `pages` has a count for each file that was taken up, None for one whose pages could not be;
    `reasons` says why, by entry and file. Of those in `mended` something may be missing.
    """

    volume: int = 0
    entry: int = 0
    file: int = 0
    progress: Progress = field(default_factory=Progress)
    pages: list[int | None] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    mended: list[str] = field(default_factory=list)
    pieces: list[Ref] = field(default_factory=list)

    @classmethod
    def from_json(cls, text: str) -> State:
        held = json.loads(text)
        parts = held["progress"].pop("parts")
        held["progress"] = Progress(
            **held["progress"], parts=tuple((tree, pages) for tree, pages in parts)
        )
        held["pieces"] = [Ref.from_json(piece) for piece in held["pieces"]]
        return cls(**held)

    def to_json(self) -> str:
        held = asdict(self)
        held["pieces"] = [piece.to_json() for piece in self.pieces]
        return json.dumps(held, ensure_ascii=False)


def planned(reading: Reading, dossier: Dossier, export: DossierExport) -> Plan:
    """What the export is going to hold."""
    kind = kind_of(reading, dossier)
    entries = contents_of(reading, dossier)
    opened_on = dossier.opened_at.astimezone(VIETNAM).date()
    return Plan(
        export=str(export.id),
        dossier=str(dossier.id),
        organisation_id=dossier.organisation_id,
        moment=export.asked_at.astimezone(VIETNAM),
        about=about_of(reading, dossier, kind),
        code=organisation_on(reading, dossier.organisation_id, opened_on).code,
        opened_on=opened_on,
        creator=reading.get(Person, dossier.opened_by).full_name,
        entries=entries,
        standings=[standing(kind, entry.slots) for entry in entries],
        volumes=_volumes(entries),
    )


def _volumes(entries: Sequence[Entry]) -> list[int]:
    """Before which entry each volume ends."""
    ends, documents, size_bytes = [], 0, 0
    for number, entry in enumerate(entries):
        needed = sum(file.size_bytes for file in entry.files)
        if documents == MOST_DOCUMENTS or (documents and size_bytes + needed > MOST_VOLUME_BYTES):
            ends.append(number)
            documents = size_bytes = 0
        documents, size_bytes = documents + 1, size_bytes + needed
    return [*ends, len(entries)]


def described(plan: Plan, state: State) -> DescribedDossier:
    """The dossier as it is described in XML, as far as its files have been taken up."""
    dates = [entry.issued_on for entry in plan.entries if entry.issued_on]
    missing = len(state.reasons)
    return DescribedDossier(
        identifier=plan.dossier,
        organ_id=plan.code,
        catalog=plan.opened_on.year,
        title=plan.about.title,
        maintenance=_MAINTENANCE,
        rights=_RIGHTS,
        creator=plan.creator,
        language=_LANGUAGE,
        start_on=min([plan.opened_on, *dates]),
        end_on=max([plan.opened_on, *dates]),
        description=f"{missing} tệp không ghép được, không tính số trang." if missing else "",
        documents=list(_documents(plan, state)),
    )


def _documents(plan: Plan, state: State) -> Iterator[DescribedDocument]:
    pages = iter(state.pages)
    bounds = list(pairwise([0, *plan.volumes]))
    for volume, (start, end) in enumerate(bounds, start=1):
        for number in range(start, end):
            entry = plan.entries[number]
            yield DescribedDocument(
                ordinal=number + 1,
                volume=volume,
                volume_ordinal=number - start + 1,
                type_name=entry.type_name,
                number=entry.number,
                notation=entry.notation,
                issued_on=entry.issued_on,
                organ_name=entry.organ_name,
                subject=entry.subject,
                signers=entry.signers,
                description=plan.standings[number],
                slots=entry.slots,
                verdict=entry.verdict,
                unmet=entry.unmet,
                files=[
                    KeptFile(
                        file.title,
                        file.sha256,
                        file.size_bytes,
                        next(pages, None),
                        state.reasons.get(f"{number}/{place}"),
                        f"{number}/{place}" in state.mended,
                    )
                    for place, file in enumerate(entry.files)
                ],
            )


def listed_in(
    plan: Plan, state: State, part_pages: Sequence[int]
) -> tuple[list[str], list[Listed]]:
    """Bookmarks and lines of the present volume; `part_pages` are the pages of each of its files.

    The first bookmark is the cover's.
    """
    bookmarks, lines = ["Bìa và mục lục văn bản"], []
    parts, page = iter(part_pages), 1
    start = plan.starts[state.volume]
    for number in range(start, plan.volumes[state.volume]):
        entry, ordinal = plan.entries[number], number - start + 1
        notes = _notes(state, number, entry)
        if not entry.files:
            notes.append("Không có tệp")
        if entry.unmet:
            notes.append(entry.unmet[0].upper() + entry.unmet[1:])
        lines.append(
            Listed(
                ordinal,
                entry.code,
                entry.issued_on,
                entry.title,
                entry.organ_name or "",
                page,
                "; ".join(notes),
            )
        )
        taken: Sequence[Stored | None] = entry.files or [None]
        for file in taken:
            words = [f"{ordinal}.", entry.code, entry.title]
            if file is not None:
                own = f"({file.title})" if file.title not in ("", entry.subject) else ""
                words += [own, f"– SHA-256 {file.sha256}"]
            bookmarks.append(" ".join(word for word in words if word))
            page += next(parts)
    return bookmarks, lines


def _notes(state: State, number: int, entry: Entry) -> list[str]:
    """What is to be known of an entry's files."""
    notes = []
    for place in range(len(entry.files)):
        file = f"Tệp {place + 1}" if len(entry.files) > 1 else "Tệp"
        if f"{number}/{place}" in state.reasons:
            notes.append(f"{file} không ghép được")
        elif f"{number}/{place}" in state.mended:
            notes.append(f"{file} hỏng, có thể thiếu nội dung")
    return notes


def cover_of(
    plan: Plan, state: State, lines: Sequence[Listed], problems: Sequence[str], pages: int
) -> CoverSheet:
    """The cover of the present volume, with all that Annex VI asks of a dossier."""
    dossier = described(plan, state)
    return CoverSheet(
        issuer=plan.about.applicant,
        about=plan.about,
        volume=state.volume + 1,
        volumes=len(plan.volumes),
        data=(
            ("Mã định danh của cơ quan lập hồ sơ", dossier.organ_id),
            ("Năm hình thành hồ sơ", str(dossier.catalog)),
            ("Tiêu đề hồ sơ", dossier.title),
            ("Thời hạn bảo quản", dossier.maintenance),
            ("Chế độ sử dụng", dossier.rights),
            ("Người lập hồ sơ", dossier.creator),
            ("Ngôn ngữ", dossier.language),
            ("Thời gian bắt đầu", f"{dossier.start_on:%d/%m/%Y}"),
            ("Thời gian kết thúc", f"{dossier.end_on:%d/%m/%Y}"),
            ("Tổng số văn bản trong hồ sơ", str(len(plan.entries))),
            ("Số văn bản trong tập này", str(len(lines))),
            ("Số trang trong tập này, không kể bìa và mục lục", str(pages)),
        ),
        listed=lines,
        problems=problems,
        made_at=plan.moment,
    )
