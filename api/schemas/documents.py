"""What incoming and outgoing documents and tasks show alike: steps, files, signatures, moves."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.values import Moment, Name, Payload, Shape
from workflow.records import Case, File, Move, Relation, Revision
from workflow.rules.machine import Option
from workflow.validating import SignatureReport

Secrecy = Annotated[
    str,
    Field(
        max_length=40, description="Only `none`: secret documents are refused.", examples=["none"]
    ),
]
Urgency = Literal["normal", "urgent", "very_urgent", "flash"]


class FileIn(Payload):
    """Bytes that were uploaded before."""

    upload: uuid.UUID
    title: Name | None = None


class OptionOut(Shape):
    """A step that people take from here, and why you may not take it, if so."""

    trigger: str
    label: str
    target: str
    allowed: bool
    reasons: list[str]
    deadline: str | None


class Standing(Shape):
    """Where a case stands. `version` is also the ETag."""

    case_id: uuid.UUID
    state: str
    state_label: str
    version: int
    workflow: str
    entered_at: Moment
    due_at: Moment | None
    closed_at: Moment | None

    @classmethod
    def of(cls, case: Case, label: str) -> Standing:
        return cls(
            case_id=case.id,
            state=case.state,
            state_label=label,
            version=case.version,
            workflow=case.definition_name,
            entered_at=case.entered_at,
            due_at=case.due_at,
            closed_at=case.closed_at,
        )


class MoveOut(Shape):
    """A step that was taken. `person` is null where the system took it."""

    trigger: str
    source: str
    target: str
    person_id: uuid.UUID | None
    person: str | None
    opinion: str | None
    at: Moment


class RelationOut(Shape):
    """One document bears on another: `document_id` answers, replaces … `other_id`."""

    kind: str
    document_id: uuid.UUID
    other_id: uuid.UUID


class FindingOut(Shape):
    code: str
    sentence: str


class SignatureOut(Shape):
    """A signature as the latest report over the bytes found it; nothing here can be set."""

    field: str
    kind: str
    level: str | None
    indication: str
    sub_indication: str | None
    signer: str | None
    issuer: str | None
    certificate_sha256: str | None
    development: bool
    signed_at: Moment | None
    proven_at: Moment | None
    reasons: list[FindingOut]


class FileOut(Shape):
    """A file as it is now, with the verdict on its bytes; null before they were judged."""

    id: uuid.UUID
    ordinal: int
    title: str | None
    sha256: str
    size_bytes: int
    made_as: str
    made_at: Moment
    verdict: str | None
    checked_at: Moment | None
    signatures: list[SignatureOut]

    @classmethod
    def of(cls, file: File, revision: Revision, report: SignatureReport | None) -> FileOut:
        return cls(
            id=file.id,
            ordinal=file.ordinal,
            title=file.title,
            sha256=revision.sha256,
            size_bytes=revision.size_bytes,
            made_as=revision.made_as,
            made_at=revision.made_at,
            verdict=report.verdict if report else None,
            checked_at=report.checked_at if report else None,
            signatures=signatures_of(report),
        )


def signatures_of(report: SignatureReport | None) -> list[SignatureOut]:
    """The signatures a report found, in the order in which they were put into the bytes."""
    return [SignatureOut.model_validate(found) for found in (report.signatures if report else ())]


def options_of(options: Iterable[Option]) -> list[OptionOut]:
    """The buttons, grey ones included."""
    return [OptionOut.model_validate(option) for option in options]


def moves_of(moves: Sequence[Move], names: Mapping[uuid.UUID, str]) -> list[MoveOut]:
    """The steps in order, with the names of who took them."""
    return [
        MoveOut(
            trigger=move.trigger,
            source=move.source,
            target=move.target,
            person_id=move.person_id,
            person=names.get(move.person_id) if move.person_id else None,
            opinion=move.opinion,
            at=move.at,
        )
        for move in moves
    ]


def relations_of(relations: Sequence[Relation]) -> list[RelationOut]:
    """How the document bears on others, and others on it."""
    return [RelationOut.model_validate(relation) for relation in relations]


class EvidenceOut(Shape):
    """A piece of what a signature was judged by, named by its bytes."""

    kind: str
    sha256: str
    size_bytes: int


class RevisionOut(Shape):
    """What one revision of the file did; it ends `end_bytes` into the file."""

    end_bytes: int
    changes: list[FindingOut]


class ReportedSignature(SignatureOut):
    """A signature with everything the validation found."""

    subfilter: str | None
    intact: bool | None
    coverage: str | None
    changes: str | None
    locks: bool
    trusted: bool
    trusted_now: bool
    serial: str | None
    not_before: Moment | None
    not_after: Moment | None
    algorithm: str | None
    key_bits: int | None
    revision_sha256: str | None
    revision_bytes: int | None
    evidence: list[EvidenceOut]


class ReportOut(Shape):
    """A signature report (EN 319 102-1 words, Vietnamese sentences), as it was on the day.

    The words of `integrity` and `verdict`, the codes, and what is judged: docs/validation.md.
    """

    sha256: str
    integrity: str
    verdict: str
    indication: str | None
    sub_indication: str | None
    reasons: list[FindingOut]
    warnings: list[FindingOut]
    signatures: list[ReportedSignature]
    revisions: list[RevisionOut]
    size_bytes: int
    development: bool
    reading: str | None
    policy: str
    policy_sha256: str
    anchors_sha256: str
    checked_at: Moment
    filled: dict[str, str]


class ValidationOut(ReportOut):
    """A report made just now: what `vanthu validate --json` prints, without the name of a file."""

    seconds: float
