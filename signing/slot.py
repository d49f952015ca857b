"""The field a signature goes into: found or made, what it shows there, and what it forbids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from unicodedata import normalize

from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.form_tools import get_single_field_annot
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PdfSignedData

from signing.appearance import Stamp, room, show
from signing.cms import DIGEST
from signing.errors import SigningRefused
from signing.fields import Box, SignatureField, on_page
from signing.permission import forbids_changes
from signing.reading import FormField, entry
from signing.typefaces import UPRIGHT, typeface

_LARGEST_POINTS = 13


def reserved_slot(present: Iterable[FormField], name: str) -> SignatureField | None:
    """The field of this name, None when it is yet to be made.

    Raises SigningRefused when it is used, no signature field, or asks for what is not understood.
    """
    field = next((item for item in present if item.name == name), None)
    if field is None:
        return None
    if field.type != "/Sig" or field.value is not None:
        raise SigningRefused("field_taken", f"Ô chữ ký “{name}” đã được dùng.")
    lock = _lock(field.dictionary)
    if lock is None or "/SV" in field.dictionary:
        raise SigningRefused("field_constrained", f"Ô chữ ký “{name}” có ràng buộc riêng.")
    return SignatureField(name, locks=lock)


def free_slot(
    present: Iterable[FormField], name: str, *, locks: bool, box: Box | None
) -> SignatureField:
    """The reserved field, or one yet to be made, in `box` or invisible. Raises SigningRefused."""
    slot = reserved_slot(present, name)
    if slot is None:
        return SignatureField(name, box, locks)
    if slot.locks != locks:
        # A lock added now would change what earlier signers signed.
        raise SigningRefused("lock_mismatch", f"Ô chữ ký “{name}” được dành cho mục đích khác.")
    return slot


def occupy(
    writer: IncrementalPdfFileWriter,
    slot: SignatureField,
    value: PdfSignedData,
    stamp: Stamp | None = None,
    otherwise: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Make `value` the slot's. Where the field shows, it shows the stamp, or these lines to fit.

    Raises SigningRefused when the box is off its page, or the stamp cannot be drawn in it.
    """
    if slot.box is not None:
        on_page(writer, slot.box)
    steps = PdfCMSEmbedder(new_field_spec=slot.spec()).write_cms(slot.name, writer)
    widget = get_single_field_annot(next(steps).get_object())
    width, height, _ = room(widget)
    if width and height:
        show(writer, stamp or _fitting(otherwise(), width, height), widget)
        writer.update_container(widget)
    forbids = SigMDPSetup(
        md_algorithm=DIGEST,
        field_lock=FieldMDPSpec(FieldMDPAction.ALL),
        docmdp_perms=MDPPerm.NO_CHANGES,
    )
    steps.send(SigObjSetup(sig_placeholder=value, mdp_setup=forbids if slot.locks else None))


def signer_lines(certificate: bytes, moment: datetime) -> tuple[str, ...]:
    """Who signs, for whom and when (TT 15/2025/TT-BKHCN)."""
    names = x509.Certificate.load(certificate).subject.native
    return (
        f"Người ký: {names.get('common_name', '')}",
        f"Cơ quan: {names.get('organization_name', '')}",
        f"Thời gian ký: {moment.isoformat()}",
    )


def _fitting(lines: Sequence[str], width: float, height: float) -> Stamp:
    known = typeface(UPRIGHT).letters
    printable = tuple(
        "".join(letter if letter in known else "?" for letter in normalize("NFC", line))
        for line in lines
    )
    stamp = Stamp(lines=printable, points=_LARGEST_POINTS)
    wide, high = stamp.text_size
    return replace(stamp, points=_LARGEST_POINTS * min(1, width / wide, height / high))


def _lock(field: generic.DictionaryObject) -> bool | None:
    """Whether the field forbids every later change; None when it restricts them otherwise."""
    if "/Lock" not in field:
        return False
    lock = entry(field, "/Lock")
    if (
        isinstance(lock, generic.DictionaryObject)
        and entry(lock, "/Action") == FieldMDPAction.ALL.value
        and forbids_changes(lock)
    ):
        return True
    return None
