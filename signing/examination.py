"""Integrity of a signed PDF, judged without any anchor: what was signed, and what changed since.

The judgement is the document's (EN 319 102-1 knows only signatures): every signature intact, and
after the last of them nothing but validation data and document time-stamps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.pdf_utils import generic
from pyhanko.sign.ades.report import AdESIndeterminate
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator.errors import AlgorithmNotSupported

from signing import reading
from signing.difference import LEVELS, Changes, Unexplained
from signing.errors import UnreadablePdf
from signing.history import History
from signing.integrity import (
    MALFORMED,
    Fault,
    Undecided,
    check_gap,
    check_mathematics,
    covered_bytes,
    parsed,
)
from signing.reading import FormField, HistoricalResolver, Limits, Reader, entry
from signing.report import Finding, Integrity, RevisionFinding
from signing.values import key_of
from signing.words import finding

# What was too much to compare says nothing against a signature.
_TOO_MUCH = {"too_complex", "hidden_picture"}


@dataclass(frozen=True)
class Examined:
    """One signature without its trust; `embedded` is None when it could not be parsed."""

    field: str
    kind: Literal["signature", "timestamp"]
    subfilter: str | None
    intact: bool | None
    embedded: EmbeddedPdfSignature | None
    covered_bytes: int | None
    changes: Changes | None
    findings: tuple[Finding, ...]

    @property
    def locks(self) -> bool:
        """Whether it forbids any later change."""
        return self.embedded is not None and self.embedded.docmdp_level == MDPPerm.NO_CHANGES


@dataclass(frozen=True)
class Examination:
    """Integrity of a file and of each signature, in the order of the bytes they cover."""

    integrity: Integrity
    findings: tuple[Finding, ...]
    signatures: tuple[Examined, ...]
    revisions: tuple[RevisionFinding, ...]
    reader: Reader
    how: Literal["strict", "lenient"]

    @property
    def locked(self) -> bool:
        """Whether some signature forbids signing again."""
        return any(signature.locks for signature in self.signatures)


def examine(stream: BinaryIO, limits: Limits = Limits()) -> Examination:  # noqa: B008  frozen
    """Judge the integrity of an open file. Raises UnreadablePdf; all else is reported."""
    reader, how = reading.opened(stream, limits)
    result: Examination | None = None
    if how == "lenient":
        return _examine(reader, how, limits)
    with suppress(Exception):
        result = _examine(reader, how, limits)
    if result is None or any(
        reason.code == MALFORMED for item in result.signatures for reason in item.findings
    ):
        # One in five genuine files stumbles only where its objects are read strictly.
        try:
            return _examine(*reading.opened(stream, limits, ("lenient",)), limits)
        except UnreadablePdf:
            if result is None:
                raise
    return result


def _examine(reader: Reader, mode: reading.Reading, limits: Limits) -> Examination:
    how: Literal["strict", "lenient"] = "lenient" if mode == "lenient" else "strict"
    found = list(_signature_fields(reader))
    if len(found) > limits.max_signatures:
        return Examination("UNDECIDED", (finding("too_many_signatures"),), (), (), reader, how)
    history = History(reader, _first_signed(reader, found))
    examined = [_examined(reader, field, limits, history) for field in found]
    examined.sort(key=lambda item: (item.covered_bytes is None, item.covered_bytes or 0))
    findings = tuple(_after_last(history, examined))
    if found and history.two_faced:
        findings = (*findings, finding("two_faced"))
    return Examination(
        _integrity(examined, findings),
        findings,
        tuple(examined),
        tuple(_revisions(history, examined)),
        reader,
        how,
    )


def _signature_fields(reader: Reader) -> Iterator[FormField]:
    """Filled signature fields; one signature shown in two fields is one signature.

    Those of every revision: what a later one took away was signed all the same.
    """
    seen: set[object] = set()
    earlier = reversed(range(reader.xrefs.total_revisions - 1))
    states = (reader.get_historical_resolver(it) for it in earlier if _has_catalogue(reader, it))
    for state in chain[Reader | HistoricalResolver]([reader], states):
        for field in reading.form_fields(state):
            if field.type != "/Sig" or field.value is None:
                continue
            raw = field.dictionary.raw_get("/V")
            same = key_of(raw) or id(raw)
            if same not in seen:
                seen.add(same)
                yield field


def _has_catalogue(reader: Reader, revision: int) -> bool:
    """Not so in the first half of a file that was written for the web (ISO 32000-2, Annex F)."""
    try:
        root = reader.trailer.raw_get("/Root", revision=revision)
    except KeyError:
        return False
    return reader.xrefs.get_historical_ref(root.reference, revision) is not None


def _first_signed(reader: Reader, found: Iterable[FormField]) -> int:
    """The earliest revision that has a signature's object; after it, changes are looked at."""
    places = []
    for field in found:
        raw = field.dictionary.raw_get("/V")
        if isinstance(raw, generic.IndirectObject):
            with suppress(KeyError):
                places.append(reader.xrefs.get_introducing_revision(raw.reference))
    return min(places, default=0)


def _examined(reader: Reader, field: FormField, limits: Limits, history: History) -> Examined:
    value = field.value
    dictionary = (
        value if isinstance(value, generic.DictionaryObject) else generic.DictionaryObject()
    )
    subfilter = _name(dictionary, "/SubFilter")
    stamped = subfilter == "/ETSI.RFC3161" or _name(dictionary, "/Type") == "/DocTimeStamp"
    embedded: EmbeddedPdfSignature | None = None
    intact: bool | None = False
    changes: Changes | None = None
    findings: list[Finding] = []
    try:
        covered = covered_bytes(dictionary)
    except Fault as fault:
        covered = None
        findings.append(fault.finding)
    else:
        try:
            embedded = parsed(reader, field, subfilter, limits)
            embedded.compute_integrity_info(skip_diff=True)
            check_gap(embedded)
            check_mathematics(embedded, stamped)
            intact = True
            changes = _check_changes(embedded, history)
        except Undecided as fault:
            intact = None
            findings.append(fault.finding)
        except Fault as fault:
            intact = False
            findings.append(fault.finding)
        except (UnsupportedAlgorithm, AlgorithmNotSupported, NotImplementedError):
            intact = None
            findings.append(finding("algorithm_unsupported"))
        except SignatureValidationError as fault:
            missing = fault.ades_subindication == AdESIndeterminate.NO_SIGNING_CERTIFICATE_FOUND
            intact = None if missing else False
            findings.append(finding("certificate_missing" if missing else MALFORMED))
        except (RecursionError, MemoryError):
            intact = None
            findings.append(finding("too_complex"))
        except Exception:
            # What cannot be understood says nothing against the document, and nothing for it.
            intact = None
            findings.append(finding(MALFORMED))
    return Examined(
        field=field.name,
        kind="timestamp" if stamped else "signature",
        subfilter=subfilter and subfilter.removeprefix("/"),
        intact=intact,
        embedded=embedded,
        covered_bytes=covered,
        changes=changes,
        findings=tuple(findings),
    )


def _name(dictionary: generic.DictionaryObject, key: str) -> str | None:
    value = entry(dictionary, key)
    return str(value) if isinstance(value, generic.NameObject) else None


def _check_changes(embedded: EmbeddedPdfSignature, history: History) -> Changes:
    """What later revisions changed, allowed by the policy and the signature's own lock."""
    try:
        changes = history.after(embedded.signed_revision)
    except Unexplained as fault:
        raise (Undecided if fault.code in _TOO_MUCH else Fault)(fault.code) from fault
    except (RecursionError, MemoryError):
        raise
    except Exception as fault:
        # Whoever appended what cannot be read did not sign it.
        raise Fault(MALFORMED) from fault
    permitted = embedded.docmdp_level or MDPPerm.FILL_FORMS
    if LEVELS.index(changes.level) > permitted.value:
        raise Fault("changed_after")
    lock = embedded.fieldmdp
    if lock is not None and any(map(lock.is_locked, changes.fields)):
        raise Fault("changed_after")
    return changes


def _after_last(history: History, examined: list[Examined]) -> Iterator[Finding]:
    """After the last signature only validation data and time-stamps: nothing else is signed."""
    signatures = [item for item in examined if item.embedded is not None]
    regular = [item for item in signatures if item.kind == "signature"]
    if not regular or not regular[-1].intact:
        return  # a signature that is broken itself has been found already, and explains nothing
    changes = regular[-1].changes
    if changes is None or changes.level == "FORM_FILLING":
        yield finding("changed_after_last")
    if history.bytes_after(signatures[-1].covered_bytes or 0):
        yield finding("bytes_after_last")


def _revisions(history: History, examined: list[Examined]) -> Iterator[RevisionFinding]:
    """What each revision did, as far as it was compared."""
    for revision, end_bytes in enumerate(history.ends):
        try:
            codes = history.step(revision).codes if revision > history.first else ["original"]
        except Exception:
            codes = ["unexplained"]
        if any(
            item.embedded is not None and item.embedded.signed_revision == revision
            for item in examined
        ) and not {"signed", "timestamped"} & set(codes):
            codes = [*codes, "signed"]
        yield RevisionFinding(end_bytes, tuple(map(finding, codes)))


def _integrity(examined: list[Examined], findings: tuple[Finding, ...]) -> Integrity:
    if not any(item.kind == "signature" for item in examined):
        return "UNSIGNED"
    if findings or any(item.intact is False for item in examined):
        return "ALTERED"
    if any(item.intact is None for item in examined):
        return "UNDECIDED"
    return "INTACT"
