"""The document security store (ISO 32000-2 §12.8.4.3): validation data kept in the file itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing.reading import entry
from signing.trust import Evidence

# Twenty signatures of different authorities need a quarter of this; what is beyond is not read.
_MOST_ENTRIES = 512
_MOST_BYTES = 32_000_000


@dataclass(frozen=True)
class Stored:
    """What a file brings along to judge its signatures by."""

    certificates: tuple[x509.Certificate, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)


def stored(root: generic.DictionaryObject) -> Stored:
    """The store as far as it can be read: a broken entry is missing evidence, nothing worse."""
    kept: generic.PdfObject | None = None
    with suppress(Exception):
        kept = entry(root, "/DSS")
    if not isinstance(kept, generic.DictionaryObject):
        return Stored()
    certificates = []
    for der in _entries(kept, "/Certs", DecodePurpose.CERTIFICATE):
        with suppress(ValueError):
            certificates.append(x509.Certificate.load(der, strict=True))
    return Stored(
        tuple(certificates),
        Evidence(
            tuple(_entries(kept, "/OCSPs", DecodePurpose.OCSP_RESPONSE)),
            tuple(_entries(kept, "/CRLs", DecodePurpose.CRL)),
        ),
    )


def _entries(kept: generic.DictionaryObject, key: str, purpose: DecodePurpose) -> Iterator[bytes]:
    """The streams under a key that can be read, each once, within bounds."""
    listed: generic.PdfObject | None = None
    with suppress(Exception):
        listed = entry(kept, key)
    if not isinstance(listed, generic.ArrayObject):
        return
    seen: set[bytes] = set()
    left = _MOST_BYTES
    for item in islice(listed, _MOST_ENTRIES):
        with suppress(Exception):  # a stranger's stream, in whatever shape
            der = item.get_object().read_data(purpose)
            left -= len(der)
            if left < 0:
                return
            if der not in seen:
                seen.add(der)
                yield der


def store(
    writer: IncrementalPdfFileWriter, certificates: Iterable[bytes], evidence: Evidence
) -> None:
    """Put certificates and evidence (DER) into the store, each once.

    Without VRI: it would cite the bytes of a signature that is yet to be made, and no validator
    needs it.
    """
    present = entry(writer.root, "/DSS")
    if not isinstance(present, generic.DictionaryObject):
        present = generic.DictionaryObject({pdf_name("/Type"): pdf_name("/DSS")})
        writer.root[pdf_name("/DSS")] = writer.add_object(present)
        writer.update_root()
    _add(writer, present, "/Certs", certificates, DecodePurpose.CERTIFICATE)
    _add(writer, present, "/OCSPs", evidence.ocsps, DecodePurpose.OCSP_RESPONSE)
    _add(writer, present, "/CRLs", evidence.crls, DecodePurpose.CRL)


def _add(
    writer: IncrementalPdfFileWriter,
    present: generic.DictionaryObject,
    key: str,
    ders: Iterable[bytes],
    purpose: DecodePurpose,
) -> None:
    listed = entry(present, key)
    if not isinstance(listed, generic.ArrayObject):
        listed = generic.ArrayObject()
    kept = {item.get_object().read_data(purpose) for item in listed}
    fresh = [der for der in dict.fromkeys(ders) if der not in kept]
    if fresh:
        listed.extend(writer.add_object(generic.StreamObject(stream_data=der)) for der in fresh)
        present[pdf_name(key)] = listed
        writer.update_container(listed)
        writer.update_container(present)
