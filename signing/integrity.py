"""Integrity of one signature: its place in the file, its parts, its mathematics."""

from __future__ import annotations

from collections import Counter

from asn1crypto import cms, parser, x509
from pyhanko.pdf_utils import generic
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing.algorithms import is_known
from signing.history import reaches_beyond, read_strictly
from signing.reading import FormField, Limits, Reader, entry
from signing.timestamps import token_time
from signing.trust import well_formed
from signing.values import key_of
from signing.words import finding

#: The finding on a signature whose bytes are broken.
MALFORMED = "malformed_signature"

_SUBFILTERS = {"/ETSI.CAdES.detached", "/adbe.pkcs7.detached", "/ETSI.RFC3161"}
_TO_SPACES = bytes.maketrans(b"\0", b" ")


class Fault(Exception):  # noqa: N818  about the file, not about this program
    """A signature is not what it should be; carries the finding."""

    def __init__(self, code: str) -> None:
        self.finding = finding(code)
        super().__init__(code)


class Undecided(Fault):
    """A signature could not be understood, which says nothing against it, and nothing for it."""


def covered_bytes(dictionary: generic.DictionaryObject) -> int:
    """How far from the start the signature reaches; its byte range is exactly two pieces."""
    byte_range = entry(dictionary, "/ByteRange")
    if not isinstance(byte_range, generic.ArrayObject) or len(byte_range) != 4:
        raise Fault("byte_range")
    numbers = [value for value in byte_range if isinstance(value, int)]
    if len(numbers) != 4 or numbers[0] != 0 or min(numbers) < 0 or numbers[1] > numbers[2]:
        raise Fault("byte_range")
    return int(numbers[2] + numbers[3])


def parsed(
    reader: Reader, field: FormField, subfilter: str | None, limits: Limits
) -> EmbeddedPdfSignature:
    """The signature of a field. Raises Fault, Undecided, or what its parsers raise."""
    if subfilter not in _SUBFILTERS:
        raise Undecided("subfilter_unsupported")
    own = key_of(field.dictionary.raw_get("/V"))
    if own is None:
        raise Undecided("not_indirect")  # ISO 32000-2 table 235 wants an object of its own
    embedded = EmbeddedPdfSignature(reader, field.dictionary, field.name)
    read_strictly(reader, *own, embedded.signed_revision)
    value = embedded.pkcs7_content
    if value[parser.peek(value) :].strip(b"\0"):
        # The reserved room is signed by nobody: it holds the signature, and nothing but zeros.
        raise Fault(MALFORMED)
    carried = certificates(embedded.signed_data)
    subjects = Counter(certificate.subject.dump() for certificate in carried)
    if len(carried) > limits.max_certificates or (
        subjects and max(subjects.values()) > limits.max_certificates_per_subject
    ):
        # Building paths through a crowd of cross-certified CAs takes for ever.
        raise Undecided("too_many_certificates")
    if not is_known(embedded.signer_info):
        # Whether it holds, nobody here can say.
        raise Undecided("algorithm_unsupported")
    return embedded


def check_gap(embedded: EmbeddedPdfSignature) -> None:
    """What the byte range leaves out is one hexadecimal string: the signature's own value.

    That cannot stand anywhere else: the digest over it would be a part of it.
    """
    _, start, end, _ = map(int, embedded.byte_range)
    stream = embedded.reader.stream
    stream.seek(start)
    left_out = stream.read(end - start)
    try:
        bytes.fromhex(left_out[1:-1].translate(_TO_SPACES).decode("ascii"))
    except ValueError as fault:
        raise Fault("byte_range") from fault
    if left_out[:1] + left_out[-1:] != b"<>":
        raise Fault("byte_range")


def check_mathematics(embedded: EmbeddedPdfSignature, stamped: bool) -> None:
    """Digest and signature value (EN 319 102-1 §5.2.7), byte range included."""
    if embedded.coverage < SignatureCoverageLevel.ENTIRE_REVISION or (
        embedded.coverage == SignatureCoverageLevel.ENTIRE_REVISION
        and reaches_beyond(
            embedded.reader, embedded.signed_revision, sum(list(embedded.byte_range)[2:])
        )
    ):
        raise Fault("coverage")
    if stamped:
        if token_time(embedded.signed_data, embedded.compute_digest) is None:
            raise Fault("digest_mismatch")
        return
    if embedded.signed_data["encap_content_info"]["content"].native is not None:
        raise Fault(MALFORMED)
    _check_der(embedded.signer_info)
    _check_named(embedded)
    if not well_formed(embedded.signer_cert.dump()):
        raise Undecided("certificate_malformed")
    intact, valid = validate_sig_integrity(
        embedded.signer_info,
        embedded.signer_cert,
        expected_content_type="data",
        actual_digest=embedded.compute_digest(),
    )
    if not intact:
        raise Fault("digest_mismatch")
    if not valid:
        raise Fault("signature_mismatch")


def _check_named(embedded: EmbeddedPdfSignature) -> None:
    """PAdES names the certificate (EN 319 142-1 §6.3), or another for the key could replace it."""
    if embedded.sig_object.get("/SubFilter") != "/ETSI.CAdES.detached":
        return
    names = {attribute["type"].native for attribute in embedded.signer_info["signed_attrs"]}
    if not names & {"signing_certificate", "signing_certificate_v2"}:
        raise Undecided("certificate_unnamed")


def _check_der(signer_info: cms.SignerInfo) -> None:
    """RFC 5652 §5.4: what is signed is the DER of the attributes, a set in ascending order."""
    attributes = signer_info["signed_attrs"]
    encoded = [attribute.dump() for attribute in attributes]
    if encoded != sorted(encoded):
        # Some judge what was signed, some what should have been: they do not agree.
        raise Undecided("attributes_unordered")


def certificates(signed_data: cms.SignedData) -> list[x509.Certificate]:
    """The certificates that a CMS carries."""
    return [item.chosen for item in signed_data["certificates"] if item.name == "certificate"]
