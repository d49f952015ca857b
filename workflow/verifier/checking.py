"""All of a bundle, one part after the other, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from signing.trust import load_anchors
from workflow.rules.deadlines import VIETNAM
from workflow.rules.errors import Invalid
from workflow.verifier import chains, fractions, log
from workflow.verifier.absent import Absent
from workflow.verifier.archive import Archive, Members, NotABundle, ZipMembers
from workflow.verifier.books import Books
from workflow.verifier.findings import Found, Note, Rule, Verdict
from workflow.verifier.fractions import Compared, Computed
from workflow.verifier.rows import Report
from workflow.verifier.scope import (
    SYSTEM,
    Ends,
    Scope,
    counted_out,
    expect,
    read_manifest,
    read_scope,
)
from workflow.verifier.shelf import Shelf
from workflow.verifier.slices import Event, Slice

Progress = Callable[[str, int, int], None]
"""Told what is being read ("entries" or "files"), how much is done and how much there is."""


def verify(
    bundle: Path,
    *,
    pdfs: Path | None = None,
    anchors: Path | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Check a bundle; whatever it is, the answer is a verdict.

    `pdfs` is a folder with the files, if the bundle has none; `anchors` a folder (or a file) of the
    certificates that the auditor trusts, in place of the bundle's own; `checkpoint` a checkpoint's
    text that the auditor kept.

    Raises:
        Invalid: `anchors` holds no certificate, or a file there cannot be read.
    """
    trusted = None if anchors is None else _anchors(anchors)
    try:
        with chains.without_collecting(), ZipMembers(bundle) as members:
            return examine(
                members,
                path=bundle,
                pdfs=pdfs,
                anchors=trusted,
                checkpoint=checkpoint,
                progress=progress,
            )
    except NotABundle as fault:
        found = Found()
        found.add(Rule.NOT_A_BUNDLE, bundle.name, detail=str(fault))
        return Verdict(list(found.kept), found.count, [], {}, {}, [], None)


def _anchors(folder: Path) -> Sequence[bytes]:
    try:
        found = load_anchors(folder).anchors
    except (OSError, ValueError) as wrong:
        raise Invalid([("/anchors", f"Không đọc được chứng thư tin cậy: {wrong}.")]) from wrong
    if not found:
        raise Invalid([("/anchors", f"Không có chứng thư tin cậy nào ở {folder}.")])
    return found


def examine(
    members: Members,
    *,
    path: Path | None = None,
    pdfs: Path | None = None,
    anchors: Sequence[bytes] | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Check a bundle by its members, wherever they are. With the `path` of the ZIP that they are
    in, every processor reads. Otherwise as `verify`."""
    found = Found()
    manifest = read_manifest(members, found)
    if manifest is None:
        return Verdict(list(found.kept), found.count, [], {}, {}, [], None)
    archive = Archive(members, manifest[0], found)
    scope = read_scope(archive.content("scope.json"), found)
    if scope is None or not counted_out(scope, manifest[0], found):
        return Verdict(list(found.kept), found.count, [], {}, {}, [], manifest[1])
    checking = _Checking(archive, scope, found, path, pdfs, progress or (lambda *_: None))
    checking.all(anchors, checkpoint)
    return Verdict(
        findings=list(found.kept),
        found=found.count,
        notes=checking.notes,
        scope={
            "log": scope.log,
            "checkpoint": scope.checkpoint,
            "as_of": scope.as_of.isoformat(),
            "period": scope.period.label,
            "production": scope.production,
            "organisations": [
                {"id": one.id, "code": one.code, "name": one.name} for one in scope.organisations
            ],
        },
        counts=dict(checking.counts),
        indicators=fractions.told(checking.computed),
        manifest_sha256=manifest[1],
    )


@dataclass
class _Checking:
    archive: Archive
    scope: Scope
    found: Found
    path: Path | None
    pdfs: Path | None
    progress: Progress
    notes: list[Note] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    computed: list[Computed] = field(default_factory=list)
    _pieces: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._absent = Absent(self.archive, self.scope, self.found, self.notes)

    def all(self, anchors: Sequence[bytes] | None, checkpoint: Path | None) -> None:
        """Every part, in order."""
        expect(self.scope, self.archive.listed, self.found)
        trust = self._trust(anchors)
        ends = log.Log(self.archive, self.scope, trust, self.found, self.notes).check(checkpoint)
        definition = fractions.definition_of(self.archive, self.scope, self.found)
        compared = None if definition is None else Compared(self.scope, definition)
        claim = self.archive.content("indicator.json")
        with closing(Shelf[bytes](10_000)) as files:
            self._read_chains(ends, compared, files)
            if compared is not None:
                compared.compare(claim, self.computed, self.found)
            self._objects()
            self._absent.tell_missing()
            self._files(files, trust)
        for name in sorted(self.archive.listed.keys() - self.archive.read):
            for _ in self.archive.chunks(name):  # nobody needs it: at least it is what is listed
                pass
        if not self.scope.production:
            self.notes.append(
                Note("development", "Gói của hệ thống phát triển: không có giá trị pháp lý.")
            )

    def _trust(self, anchors: Sequence[bytes] | None) -> Sequence[bytes]:
        own = log.trusted(self.archive, self.found)
        if anchors is not None:
            return anchors
        digests = ", ".join(sorted(sha256(one).hexdigest() for one in own))
        self.notes.append(
            Note(
                "trust_of_the_bundle",
                "Chứng thư tin cậy là của chính gói này (không có --anchors). Hãy so SHA-256 với"
                f" nguồn công bố chính thức: {digests or 'không có'}.",
            )
        )
        return own

    def _read_chains(self, ends: Ends, compared: Compared | None, files: Shelf[bytes]) -> None:
        asked = chains.slices_of(self.scope, whole=self._judges)
        total = sum(one.count for one in asked)
        answers = chains.read_all(self.archive, asked, self.path)
        linked = chains.check_links(self.archive, self.scope, ends, self.found, answers)
        owners: dict[str, set[str]] = {}
        issuers: dict[str, set[str]] = {}
        books: Books | None = None
        coming = {one.id: one for one in self.scope.organisations}
        for one, answer in linked:
            self.counts["entries"] += answer.count
            self.counts["rows"] += answer.rows
            self.progress("entries", self.counts["entries"], total)
            self._rows_begin(one, answer.latest)
            if one.chain == SYSTEM:
                for event in answer.events:
                    self._learn(event, owners, issuers)
                continue
            if books is None or books.organisation.id != one.chain:
                self._close(books, compared, files)
                books = Books(coming.pop(one.chain), self.scope, owners, self.found)
            for event in answer.events:
                books.take(event)
        self._close(books, compared, files)
        for organisation in coming.values():  # the checkpoint knows nothing of it
            books = Books(organisation, self.scope, owners, self.found)
            self._close(books, compared, files)
        order = {one.id: place for place, one in enumerate(self.scope.organisations)}
        self.computed.sort(key=lambda one: order[one[0].id])
        for organisation in self.scope.organisations:
            if sorted(issuers.get(organisation.id, ())) != list(organisation.issuers):
                self.found.add(
                    Rule.MEMBER_UNREADABLE, "scope.json", organisation.id, "other issuers"
                )

    def _learn(
        self, event: Event, owners: dict[str, set[str]], issuers: dict[str, set[str]]
    ) -> None:
        """Whose the certificates are, and who issues from where, by the system's own chain."""
        if event.action == "certificate.added":
            certificate, owner = event.facts.get("certificate"), event.facts.get("owner")
            owners.setdefault(str(certificate), set()).add(str(owner))
        elif event.action == "issuer.added":
            issuers.setdefault(str(event.facts.get("organisation")), set()).add(event.subject)
        for row in event.rows:  # no document is the system's
            self.found.add(Rule.ENTRY_WRONG, row.place, detail=f"{SYSTEM}#{event.sequence}")

    def _rows_begin(self, one: Slice, latest: datetime | None) -> None:
        """Rows are left out of nothing that the period, or the year before it, could rest on."""
        start = datetime(self.scope.period.first_on.year - 1, 1, 1, tzinfo=VIETNAM)
        if one.rows is None and (latest is None or latest >= start):
            self.found.add(
                Rule.MEMBER_MISSING,
                f"rows/{one.chain}/{one.first:09d}.jsonl",
                one.organisation,
                "rows are left out that count",
            )

    def _close(self, books: Books | None, compared: Compared | None, files: Shelf[bytes]) -> None:
        if books is None:
            return

        def needed(digest: str, report: Report | None) -> None:
            if report is not None:
                self._pieces.update(report.evidence)
            if self._judges:
                files.put(digest, (report.packed if report else None) or b"")

        self._absent.bury(books)
        books.close(needed)
        self.counts["facts"] += books.facts
        self.counts["documents"] += sum(books.counted.values())
        if books.unproven:
            self.notes.append(
                Note(
                    "before_the_rows",
                    f"{books.unproven} lần tính của văn bản ngoài kỳ dựa vào chứng cứ cũ hơn phần"
                    " bản ghi có trong gói.",
                )
            )
        if compared is not None:
            self.computed.append(
                (books.organisation, compared.compute(books.organisation, books.counted))
            )

    @property
    def _judges(self) -> bool:
        return self.scope.pdfs or self.pdfs is not None

    def _objects(self) -> None:
        """The evidence that the reports name: there, itself, and nothing else."""
        there = {name.removeprefix("objects/") for name in self.archive.under("objects/")}
        for digest in sorted(self._pieces - there):
            self.found.add(Rule.EVIDENCE_MISSING, f"objects/{digest}")
        for digest in sorted(there - self._pieces):
            self.found.add(Rule.MEMBER_EXTRA, f"objects/{digest}", detail="no report names it")
        for digest in sorted(there):
            name = f"objects/{digest}"
            if self.archive.listed[name].sha256 != digest:
                self.found.add(Rule.MEMBER_ALTERED, name, detail="not the piece it is named after")
            for _ in self.archive.chunks(name):
                self.counts["pieces"] += 1

    def _files(self, wanted: Shelf[bytes], trust: Sequence[bytes]) -> None:
        if not self._judges:
            self.notes.append(
                Note(
                    "no_pdfs",
                    "Không có tệp văn bản: chữ ký được lấy theo báo cáo đã lưu, chưa thẩm định lại"
                    " (--pdfs).",
                )
            )
            return
        from workflow.verifier.pdfs import Files  # a sandbox: not where files are not asked about

        total = sum(1 for _ in wanted.items())
        judging = Files(self.archive, self.pdfs, trust, self.found)
        judging.check(
            wanted, self._absent.destroyed, lambda done: self.progress("files", done, total)
        )
        self.counts["files"] = judging.judged
        for name in self.archive.under("pdfs/"):
            if name not in self.archive.read:
                self.found.add(Rule.MEMBER_EXTRA, name, detail="no document of the period")
