"""Where a stranger's file is opened: in a child without network, files, much memory or much time.

A warm template process is forked once for each file (`signing.template`); the child gets the open
file, does one of the tasks of `signing.tasks`, and answers. One that dies, overruns its limits or
answers nonsense has decided nothing. There is no way around it: without a child, no verdict.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, get_args

from signing.channel import MOST_CERTIFICATE_BYTES, MOST_CERTIFICATES, Message
from signing.children import Children, Exhausted, Use
from signing.confinement import Bounds
from signing.errors import SigningRefused, UnreadablePdf
from signing.extracts import Extract
from signing.fields import Box
from signing.permission import LIMITS
from signing.reading import CHUNK_BYTES, Limits
from signing.report import Integrity, Judgement, SignatureReport, Verdict
from signing.trust import Evidence, Trust, well_formed
from signing.words import finding

_LOG = logging.getLogger("vanthu.signing")

_MOST_SENTENCE = 500  # characters


class Sandbox:
    """The children that open files for this service. Thread-safe; close it when done.

    The template process starts with the first file. `most_children` work at once (default: twice
    the processors); a file that has waited a minute for one of them is put off.
    """

    _PROGRAM = "signing.template"

    def __init__(
        self,
        bounds: Bounds = Bounds(),  # noqa: B008  frozen
        most_children: int | None = None,
        patience_seconds: float = 60,
    ) -> None:
        most = most_children or 2 * (os.cpu_count() or 1)
        self._children = Children(bounds, most, patience_seconds, self._PROGRAM, self._child_ended)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the template process; a later call starts another."""
        self._children.close()

    def judge(
        self,
        source: Path | bytes,
        *,
        trust: Trust,
        at: datetime | None = None,
        expected_fill: Mapping[str, str] | None = None,
        limits: Limits = Limits(),  # noqa: B008  frozen
    ) -> Judgement:
        """As `signing.validation.judge`; without an answer KHONG_XAC_DINH, `resources_exhausted`.

        The child may ask for what `trust.revocation` knows already; nothing is fetched for it.

        Raises OSError when a path cannot be read at all, and SandboxBusy.
        """
        moment = at or datetime.now(UTC)
        asked = Message(
            {
                "anchors": len(trust.anchors),
                "asks": bool(trust.revocation),
                "at": moment.isoformat(),
                "expected_fill": expected_fill and dict(expected_fill),
                "limits": asdict(limits),
            },
            (*trust.anchors, *trust.intermediates),
        )
        with _opened(source) as file:
            try:
                answer = self._children.perform(
                    "judge", file, asked, reply=lambda question: _known(question.blobs, trust)
                )
                return _judgement(answer, _undecided(file, trust, moment))
            except Exhausted as fault:
                report = _undecided(file, trust, moment)
                _LOG.warning("judging %s: %s", report.sha256, fault)
                return Judgement(report)

    def validate(
        self,
        source: Path | bytes,
        *,
        trust: Trust,
        at: datetime | None = None,
        expected_fill: Mapping[str, str] | None = None,
        limits: Limits = Limits(),  # noqa: B008  frozen
    ) -> SignatureReport:
        """The report of `judge`, for whoever keeps no evidence."""
        return self.judge(
            source, trust=trust, at=at, expected_fill=expected_fill, limits=limits
        ).report

    def ask_status(self, source: Path, *, trust: Trust) -> None:
        """Have every source asked about the certificates in a file of ours, before it is judged.

        Without a time-stamp's validation data in it, only what this process has heard can prove
        them. Raises UnreadablePdf, TrustUnavailable and SandboxBusy.
        """
        found = self._done("certificates", source, {"limits": asdict(LIMITS)}).blobs
        for status in trust.revocation:
            status.evidence(_few(found), fetch=True)

    def make_sound(self, source: Path, target: Path) -> bool:
        """Rewrite a file that could not be signed as it is to `target`; False when it can be.

        Raises UnreadablePdf or SigningRefused when it could be signed neither way; SandboxBusy.
        """
        with target.open("w+b") as written:
            rewritten = self._done("make_sound", source, {}, written).values["value"] is True
        if not rewritten:
            target.unlink()
        return rewritten

    def person_box(
        self, source: Path, titles: Sequence[str], name: str, width: float, height: float
    ) -> Box | None:
        """See `signing.placement`. Raises UnreadablePdf and SandboxBusy besides."""
        asked = {"titles": list(titles), "name": name, "width": width, "height": height}
        found = self._done("person_box", source, asked).values["value"]
        return None if found is None else _box(found)

    def top_right(self, source: Path, width: float, height: float) -> Box:
        """See `signing.placement`. Raises UnreadablePdf and SandboxBusy besides."""
        asked = {"width": width, "height": height}
        return _box(self._done("top_right", source, asked).values["value"])

    def check_free(self, source: Path, box: Box, taken: Iterable[Box] = ()) -> None:
        """See `signing.placement`. Raises UnreadablePdf and SandboxBusy besides."""
        asked = {"box": asdict(box), "taken": [asdict(other) for other in taken]}
        self._done("check_free", source, asked)

    def turned(self, source: Path, page: int) -> int:
        """See `signing.placement`. Raises UnreadablePdf and SandboxBusy besides."""
        degrees = self._done("turned", source, {"page": page}).values["value"]
        if not isinstance(degrees, int):
            raise _overrun()
        return degrees

    def extract(self, source: Path, target: BinaryIO, first: int, parent: int) -> Extract:
        """See `signing.extraction`; `target` is an empty file.

        Whatever the child wrote, it is such objects, one after the other.

        Raises UnreadablePdf, SigningRefused and SandboxBusy.
        """
        asked = {"first": first, "parent": parent}
        answer = self._done("extract", source, asked, target)
        try:
            offsets, pages = (array("Q", blob) for blob in answer.blobs)
        except ValueError as fault:
            raise _overrun() from fault
        extract = Extract(offsets, pages, answer.values["value"] is True)
        if not extract.stands_in(target, first):
            raise _overrun()
        return extract

    def _done(
        self, task: str, source: Path, asked: dict[str, Any], target: BinaryIO | None = None
    ) -> Message:
        """The result of a task, or what it refused. Raises UnreadablePdf, SigningRefused."""
        with _opened(source) as file:
            try:
                answer = self._children.perform(task, file, Message(asked), target)
            except Exhausted as fault:
                _LOG.warning("%s: %s", task, fault)
                raise _overrun() from fault
        match answer.values:
            case {"kind": "result", "value": _}:
                return answer
            case {"kind": "unreadable", "sentence": str(sentence)}:
                raise UnreadablePdf(sentence[:_MOST_SENTENCE])
            case {"kind": "refused", "code": str(code), "sentence": str(sentence)}:
                raise SigningRefused(code, sentence[:_MOST_SENTENCE])
        raise _overrun()

    def _child_ended(self, used: Use) -> None:
        """For whoever measures; a child that did its task ends with 0."""


def _overrun() -> UnreadablePdf:
    return UnreadablePdf("tệp đòi hỏi quá nhiều thời gian hoặc bộ nhớ.")


@contextmanager
def _opened(source: Path | bytes) -> Iterator[BinaryIO]:
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        with os.fdopen(os.memfd_create("judged", os.MFD_ALLOW_SEALING), "w+b") as file:
            file.write(source)
            file.flush()
            # Like the descriptor of a path it can only be read.
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW)
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
            yield file


def _undecided(file: BinaryIO, trust: Trust, moment: datetime) -> SignatureReport:
    """What can be said of a file without looking into it."""
    digest, size_bytes = hashlib.sha256(), 0
    # The place in the file is the child's; `pread` leaves it alone.
    while chunk := os.pread(file.fileno(), CHUNK_BYTES, size_bytes):
        digest.update(chunk)
        size_bytes += len(chunk)
    return SignatureReport(
        sha256=digest.hexdigest(),
        size_bytes=size_bytes,
        integrity="UNDECIDED",
        verdict="KHONG_XAC_DINH",
        indication=None,
        sub_indication=None,
        reasons=(finding("resources_exhausted"),),
        warnings=(),
        reading=None,
        anchors_sha256=trust.anchors_sha256,
        checked_at=moment,
    )


def _judgement(answer: Message, expected: SignatureReport) -> Judgement:
    """The child's answer, if it is a report over this file with the evidence it names.

    Raises Exhausted for anything else: a child may have been taken over by what it read.
    """
    try:
        content, *pieces = answer.blobs
        report = SignatureReport.from_json(content)
        evidence = {hashlib.sha256(piece).hexdigest(): piece for piece in pieces}
        named = {piece.sha256 for found in report.signatures for piece in found.evidence}
        fits = (
            report.to_json() == content
            and report.integrity in get_args(Integrity)
            and report.verdict in get_args(Verdict)
            and evidence.keys() <= named
            and _about(report) == _about(expected)
        )
    except Exception as fault:  # whatever a parser of its own says of nonsense
        raise Exhausted(f"no report: {type(fault).__name__}") from fault
    if not fits:
        raise Exhausted("no report over this file")
    return Judgement(report, evidence)


def _about(report: SignatureReport) -> tuple[object, ...]:
    return (
        report.sha256,
        report.size_bytes,
        report.policy,
        report.anchors_sha256,
        report.checked_at,
    )


def _known(certificates: Sequence[bytes], trust: Trust) -> Message:
    """What our sources know already of certificates that a child names; asking nobody."""
    try:
        sources = [status.evidence(_few(certificates), fetch=False) for status in trust.revocation]
    except Exception:
        # Missing evidence is no reason to fail, and never a reason to believe.
        _LOG.exception("no revocation evidence for a child")
        sources = []
    known = sum(sources, Evidence())
    return Message({"ocsps": len(known.ocsps)}, (*known.ocsps, *known.crls))


def _few(certificates: Sequence[bytes]) -> list[bytes]:
    small = [der for der in certificates if len(der) <= MOST_CERTIFICATE_BYTES]
    return [der for der in small[:MOST_CERTIFICATES] if well_formed(der)]


def _box(values: Any) -> Box:
    """Raises UnreadablePdf for what is no box."""
    try:
        return Box(int(values["page"]), *(float(values[side]) for side in _SIDES))
    except (TypeError, ValueError, KeyError) as fault:
        raise _overrun() from fault


_SIDES = ("x", "y", "width", "height")
