"""The members of a bundle in their order (docs/auditing/bundle-format.md).

Everything is bounded by the checkpoint, so that the same request gives the same bytes whatever was
done since. Readings are short: nobody waits for an auditor with a slow line.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select

from storage.errors import ObjectCorrupt, ObjectMissing
from workflow.chains import SYSTEM_CHAIN
from workflow.evidence.archive import Member, chunks
from workflow.evidence.chains import entries, first_since, sliced, tombstones
from workflow.evidence.claims import claimed, cutoff, rested_on
from workflow.evidence.names import Names, Tombstone
from workflow.evidence.plans import Plan
from workflow.evidence.testimony import testimony
from workflow.office import Office, Reading
from workflow.records import ChainHead, Issuer, OrganisationName, Revision
from workflow.rules.canonical import canonical

VERSION = 1
Progress = Callable[[int, int], None]
_WHY = {ObjectMissing: "missing", ObjectCorrupt: "altered"}


@dataclass(frozen=True)
class _Seat:
    """An organisation as the system chain knows it under the checkpoint."""

    id: uuid.UUID
    code: str
    name: str
    issuers: Sequence[Issuer]


def members(
    office: Office, plan: Plan, names: Names, progress: Progress | None = None
) -> Iterator[Member]:
    """Every member but the manifest. `progress` is told how much of how much is given out, counted
    in entries of the journal, pieces of evidence and files."""
    seats = _seats(office, plan)
    begins = {SYSTEM_CHAIN: 1}
    for seat in seats:
        oldest = cutoff(plan, rested_on(office, plan, seat.id, names))
        begins[str(seat.id)] = first_since(office, str(seat.id), plan.head(seat.id), oldest)
    yield _json("scope.json", _scope(office, plan, seats, begins))
    yield _json("indicator.json", _claims(office, plan, seats))
    yield from testimony(office, plan)
    yield from _by_digest("trust", "der", office.sealing.trust.anchors)
    yield from _by_digest("definitions", "toml", [office.law.indicator_text.encode()])

    pieces, files_wanted = names.counted()
    entries_wanted = sum(map(plan.head, plan.chains))
    total, done = entries_wanted + pieces + files_wanted * plan.request.pdfs, 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, total)

    for chain in plan.chains:
        for slice_, many in sliced(office, chain, plan.head(chain), begins[chain], names):
            yield slice_
            told(many)
    for piece in _pieces(office, names):
        yield piece
        told(1)
    if plan.request.pdfs:
        for file in _files(office, names):
            yield file
            told(1)
        _bury_later(office, plan, names)
    yield Member("destroyed.jsonl", map(_tombstone, names.tombstones()))
    yield Member("missing.jsonl", map(_missing, names.missing()))


def _seats(office: Office, plan: Plan) -> Sequence[_Seat]:
    named: dict[uuid.UUID, list[uuid.UUID]] = {one: [] for one in plan.request.organisation_ids}
    issuing: dict[uuid.UUID, list[uuid.UUID]] = {one: [] for one in named}
    told = {"organisation.described": named, "issuer.added": issuing}
    marks = [f'"action":"{action}"'.encode() for action in told]
    system = entries(
        office,
        SYSTEM_CHAIN,
        plan.head(SYSTEM_CHAIN),
        lambda content: any(mark in content for mark in marks),
    )
    for entry in system:
        with suppress(KeyError, TypeError, ValueError):  # altered: the verifier finds it
            of_seat = told[entry["action"]][uuid.UUID(entry["facts"]["organisation"])]
            of_seat.append(uuid.UUID(entry["subject"]))
    with office.reading(None) as reading:
        return [_seat(reading, plan, one, named[one], issuing[one]) for one in named]


def _seat(
    reading: Reading,
    plan: Plan,
    organisation_id: uuid.UUID,
    named: Sequence[uuid.UUID],
    issuing: Sequence[uuid.UUID],
) -> _Seat:
    name = reading.session.scalar(
        select(OrganisationName)
        .where(OrganisationName.id.in_(named), OrganisationName.valid_from <= plan.day)
        .order_by(OrganisationName.valid_from.desc(), OrganisationName.id.desc())
        .limit(1)
    )
    issuers = reading.session.scalars(
        select(Issuer).where(Issuer.id.in_(issuing)).order_by(Issuer.id)
    ).all()
    return _Seat(organisation_id, name.code if name else "", name.name if name else "", issuers)


def _scope(
    office: Office, plan: Plan, seats: Sequence[_Seat], begins: Mapping[str, int]
) -> dict[str, object]:
    return {
        "version": VERSION,
        "log": plan.tree.origin,
        "checkpoint": plan.checkpoint.size,
        "since": plan.request.since,
        "as_of": plan.as_of,
        "period": plan.period.label,
        "production": not office.settings.development,
        "pdfs": plan.request.pdfs,
        "system": plan.head(SYSTEM_CHAIN),
        "organisations": [
            {
                "id": seat.id,
                "code": seat.code,
                "name": seat.name,
                "chain": plan.head(seat.id),
                "issuers": [{"id": one.id, "name": one.name} for one in seat.issuers],
                "rows_from": begins[str(seat.id)],
            }
            for seat in seats
        ],
    }


def _claims(office: Office, plan: Plan, seats: Sequence[_Seat]) -> dict[str, object]:
    return {
        "definition_version": plan.definition.version,
        "as_of": plan.as_of,
        "organisations": [
            {
                "id": seat.id,
                "issuers": claimed(office, plan, seat.id, [str(one.id) for one in seat.issuers]),
            }
            for seat in seats
        ],
    }


def _pieces(office: Office, names: Names) -> Iterator[Member]:
    for piece in names.pieces():
        try:
            with office.stream(piece.organisation_id, piece.sha256, piece.size_bytes) as stored:
                content = stored.read()
        except (ObjectMissing, ObjectCorrupt) as lost:
            names.miss("object", piece.sha256, _WHY[type(lost)])
            continue
        yield Member(f"objects/{piece.sha256}", [content])


def _files(office: Office, names: Names) -> Iterator[Member]:
    for organisation_id, digest in names.files():
        with office.reading(None) as reading:
            size_bytes = reading.session.scalars(
                select(Revision.size_bytes).where(Revision.sha256 == digest).limit(1)
            ).one()
        try:
            # Checked as a whole before its first byte goes out: nothing half stands in a bundle.
            with (
                office.local_copy(organisation_id, digest, size_bytes) as path,
                path.open("rb") as file,
            ):
                yield Member(f"pdfs/{digest}.pdf", chunks(file))
        except (ObjectMissing, ObjectCorrupt) as lost:
            names.miss("pdf", digest, _WHY[type(lost)])


def _bury_later(office: Office, plan: Plan, names: Names) -> None:
    """What was recalled since the checkpoint is destroyed all the same: say by which entry."""
    for organisation_id in names.missing_in():
        chain = str(organisation_id)
        with office.reading(None) as reading:
            head = reading.session.get_one(ChainHead, chain).sequence
        after = entries(
            office, chain, head, lambda content: b'"destroyed":' in content, plan.head(chain) + 1
        )
        for entry in after:
            for tombstone in tombstones(chain, entry):
                names.bury(tombstone)


def _tombstone(one: Tombstone) -> bytes:
    line = {
        "chain": one.organisation_id,
        "document": one.document,
        "sequence": one.sequence,
        "sha256": one.sha256,
    }
    return canonical(line) + b"\n"


def _missing(one: tuple[str, str, str]) -> bytes:
    kind, digest, why = one
    return canonical({"kind": kind, "sha256": digest, "why": why}) + b"\n"


def _json(name: str, value: object) -> Member:
    return Member(name, [canonical(value)])


def _by_digest(folder: str, ending: str, contents: Iterable[bytes]) -> Iterator[Member]:
    found = {sha256(content).hexdigest(): content for content in contents}
    for digest in sorted(found):
        yield Member(f"{folder}/{digest}.{ending}", [found[digest]])
