"""Integrity of a signed PDF, judged without any anchor: what was signed, and what changed since.

The judgement is the document's (EN 319 102-1 knows only signatures): every signature intact, and
after the last of them nothing but validation data and document time-stamps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, Literal

from asn1crypto import cms, parser, x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.pdf_utils import generic
from pyhanko.sign.ades.report import AdESIndeterminate
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.errors import AlgorithmNotSupported

from signing import reading
from signing.difference import LEVELS, Changes, Unexplained, key_of
from signing.errors import UnreadablePdf
from signing.history import History, reaches_beyond, read_strictly
from signing.reading import FormField, HistoricalResolver, Limits, Reader, entry
from signing.report import Finding, Integrity, RevisionFinding
from signing.timestamps import token_time
from signing.trust import well_formed
from signing.words import finding

_SUBFILTERS = {"/ETSI.CAdES.detached", "/adbe.pkcs7.detached", "/ETSI.RFC3161"}
_MALFORMED = "malformed_signature"
_TO_SPACES = bytes.maketrans(b"\0", b" ")
# What was too much to compare says nothing against a signature.
_UNDECIDED = {"too_complex", "hidden_picture"}


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
    how: reading.Reading

    @property
    def locked(self) -> bool:
        """Whether some signature forbids signing again."""
        return any(signature.locks for signature in self.signatures)


class _Fault(Exception):  # noqa: N818  about the file, not about this program
    """A signature is not what it should be; carries the finding."""

    def __init__(self, code: str) -> None:
        self.finding = finding(code)
        super().__init__(code)


class _Undecided(_Fault):
    """A signature could not be understood, which says nothing against it, and nothing for it."""


def examine(stream: BinaryIO, limits: Limits = Limits()) -> Examination:  # noqa: B008  frozen
    """Judge the integrity of an open file. Raises UnreadablePdf; all else is reported."""
    reader, how = reading.opened(stream, limits)
    result = None
    if how == "lenient":
        return _examine(reader, how, limits)
    with suppress(Exception):
        result = _examine(reader, how, limits)
    if result is None or any(
        reason.code == _MALFORMED for item in result.signatures for reason in item.findings
    ):
        # One in five genuine files stumbles only where its objects are read strictly.
        try:
            return _examine(*reading.opened(stream, limits, ("lenient",)), limits)
        except UnreadablePdf:
            if result is None:
                raise
    return result


def _examine(reader: Reader, how: reading.Reading, limits: Limits) -> Examination:
    found = list(_signature_fields(reader))
    if len(found) > limits.max_signatures:
        return Examination("UNDECIDED", (finding("too_many_signatures"),), (), (), reader, how)
    history = History(reader, _first_signed(reader, found))
    examined = [_examined(reader, field, limits, history) for field in found]
    examined.sort(key=lambda item: (item.covered_bytes is None, item.covered_bytes or 0))
    findings = tuple(_after_last(history, examined))
    return Examination(
        _integrity(examined, findings),
        findings,
        tuple(examined),
        tuple(_revisions(history, examined)),
        reader,
        how,
    )


def certificates(signed_data: cms.SignedData) -> list[x509.Certificate]:
    """The certificates that a CMS carries."""
    return [item.chosen for item in signed_data["certificates"] if item.name == "certificate"]


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
    places = [0]
    for field in found:
        with suppress(KeyError):
            raw = field.dictionary.raw_get("/V")
            places.append(reader.xrefs.get_introducing_revision(raw.reference))
    return min(places[1:], default=0)


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
        covered = _covered_bytes(dictionary)
    except _Fault as fault:
        covered = None
        findings.append(fault.finding)
    else:
        try:
            embedded = _parsed(reader, field, subfilter, limits)
            embedded.compute_integrity_info(skip_diff=True)
            _check_gap(embedded)
            _check_mathematics(embedded, stamped)
            intact = True
            changes = _check_changes(embedded, history)
        except _Undecided as fault:
            intact = None
            findings.append(fault.finding)
        except _Fault as fault:
            intact = False
            findings.append(fault.finding)
        except (UnsupportedAlgorithm, AlgorithmNotSupported, NotImplementedError):
            intact = None
            findings.append(finding("algorithm_unsupported"))
        except SignatureValidationError as fault:
            missing = fault.ades_subindication == AdESIndeterminate.NO_SIGNING_CERTIFICATE_FOUND
            intact = None if missing else False
            findings.append(finding("certificate_missing" if missing else _MALFORMED))
        except (RecursionError, MemoryError):
            intact = None
            findings.append(finding("too_complex"))
        except Exception:
            intact = False
            findings.append(finding(_MALFORMED))
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


def _covered_bytes(dictionary: generic.DictionaryObject) -> int:
    """How far from the start the signature reaches; its byte range is exactly two pieces."""
    byte_range = entry(dictionary, "/ByteRange")
    if not isinstance(byte_range, generic.ArrayObject) or len(byte_range) != 4:
        raise _Fault("byte_range")
    numbers = [value for value in byte_range if isinstance(value, int)]
    if len(numbers) != 4 or numbers[0] != 0 or min(numbers) < 0 or numbers[1] > numbers[2]:
        raise _Fault("byte_range")
    return int(numbers[2] + numbers[3])


def _parsed(
    reader: Reader, field: FormField, subfilter: str | None, limits: Limits
) -> EmbeddedPdfSignature:
    if subfilter not in _SUBFILTERS:
        raise _Undecided("subfilter_unsupported")
    embedded = EmbeddedPdfSignature(reader, field.dictionary, field.name)
    own = field.dictionary.raw_get("/V").reference
    read_strictly(reader, own.idnum, own.generation, embedded.signed_revision)
    value = embedded.pkcs7_content
    if value[parser.peek(value) :].strip(b"\0"):
        # The reserved room is signed by nobody: it holds the signature, and nothing but zeros.
        raise _Fault(_MALFORMED)
    carried = certificates(embedded.signed_data)
    subjects = Counter(certificate.subject.dump() for certificate in carried)
    if len(carried) > limits.max_certificates or (
        subjects and max(subjects.values()) > limits.max_certificates_per_subject
    ):
        # Building paths through a crowd of cross-certified CAs takes for ever.
        raise _Undecided("too_many_certificates")
    return embedded


def _check_mathematics(embedded: EmbeddedPdfSignature, stamped: bool) -> None:
    """Digest and signature value (EN 319 102-1 §5.2.7), byte range included."""
    if embedded.coverage < SignatureCoverageLevel.ENTIRE_REVISION or (
        embedded.coverage == SignatureCoverageLevel.ENTIRE_REVISION
        and reaches_beyond(
            embedded.reader, embedded.signed_revision, sum(list(embedded.byte_range)[2:])
        )
    ):
        raise _Fault("coverage")
    if stamped:
        if token_time(embedded.signed_data, embedded.compute_digest) is None:
            raise _Fault("digest_mismatch")
        return
    if embedded.signed_data["encap_content_info"]["content"].native is not None:
        raise _Fault(_MALFORMED)
    _check_der(embedded.signer_info)
    if not well_formed(embedded.signer_cert.dump()):
        raise _Undecided("certificate_malformed")
    intact, valid = validate_sig_integrity(
        embedded.signer_info,
        embedded.signer_cert,
        expected_content_type="data",
        actual_digest=embedded.compute_digest(),
    )
    if not intact:
        raise _Fault("digest_mismatch")
    if not valid:
        raise _Fault("signature_mismatch")


def _check_der(signer_info: cms.SignerInfo) -> None:
    """RFC 5652 §5.4: what is signed is the DER of the attributes, a set in ascending order."""
    attributes = signer_info["signed_attrs"]
    encoded = [attribute.dump() for attribute in attributes]
    if encoded != sorted(encoded):
        raise _Fault("attributes_unordered")


def _check_gap(embedded: EmbeddedPdfSignature) -> None:
    """What the byte range leaves out is the signature's own value, and nothing else."""
    _, start, end, _ = map(int, embedded.byte_range)
    stream = embedded.reader.stream
    stream.seek(start)
    left_out = stream.read(end - start)
    try:
        value = bytes.fromhex(left_out[1:-1].translate(_TO_SPACES).decode("ascii"))
    except ValueError as fault:
        raise _Fault("byte_range") from fault
    if left_out[:1] + left_out[-1:] != b"<>" or value != embedded.pkcs7_content:
        raise _Fault("byte_range")


def _check_changes(embedded: EmbeddedPdfSignature, history: History) -> Changes:
    """What later revisions changed, allowed by the policy and the signature's own lock."""
    try:
        changes = history.after(embedded.signed_revision)
    except Unexplained as fault:
        raise (_Undecided if fault.code in _UNDECIDED else _Fault)(fault.code) from fault
    permitted = embedded.docmdp_level or MDPPerm.FILL_FORMS
    if LEVELS.index(changes.level) > permitted.value:
        raise _Fault("changed_after")
    lock = embedded.fieldmdp
    if lock is not None and any(map(lock.is_locked, changes.fields)):
        raise _Fault("changed_after")
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
