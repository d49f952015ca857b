"""The document security store (ISO 32000-2 §12.8.4.3): validation data kept in the file itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing.reading import entry
from signing.trust import Evidence


@dataclass(frozen=True)
class Stored:
    """What a file brings along to judge its signatures by."""

    certificates: tuple[x509.Certificate, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)


def stored(root: generic.DictionaryObject) -> Stored:
    """The store as far as it can be read: a broken entry is missing evidence, nothing worse."""
    purposes = (
        ("/Certs", DecodePurpose.CERTIFICATE),
        ("/OCSPs", DecodePurpose.OCSP_RESPONSE),
        ("/CRLs", DecodePurpose.CRL),
    )
    found: list[tuple[bytes, ...]] = []
    try:
        kept = entry(root, "/DSS")
        if not isinstance(kept, generic.DictionaryObject):
            return Stored()
        for key, purpose in purposes:
            listed = entry(kept, key)
            if not isinstance(listed, generic.ArrayObject):
                listed = generic.ArrayObject()
            found.append(tuple(item.get_object().read_data(purpose) for item in listed))
        certificates = tuple(x509.Certificate.load(der, strict=True) for der in found[0])
    except Exception:
        return Stored()
    return Stored(certificates, Evidence(found[1], found[2]))


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
