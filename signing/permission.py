"""What the signatures already in a file permit: looked up before signing, without judging them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from typing import BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm

from signing.errors import SigningRefused
from signing.examination import examine
from signing.reading import FormField, Limits, Reader, entry

#: Our own scans may be larger than what strangers may send in.
LIMITS = Limits(max_bytes=500_000_000)


def check_permitted(
    reader: Reader, stream: BinaryIO, fields: Iterable[FormField], touched: Collection[str]
) -> None:
    """Refuse to sign where a signature forbids it, or forbids to touch one of these fields.

    A file in which something follows the last signature is examined wholly; one that ends with a
    signature is as it was when that was judged. Raises SigningRefused, or UnreadablePdf.
    """
    signatures = [field.value for field in fields if field.type == "/Sig" and field.value]
    for transform in _transforms(reader, signatures):
        if forbids_changes(transform) or _locks(transform, touched):
            raise _locked()
    if signatures and max(map(_covered_bytes, signatures)) != stream.seek(0, os.SEEK_END):
        check_intact(stream)


def check_intact(stream: BinaryIO) -> None:
    """Examine the whole file. Raises SigningRefused when it is altered or locked, UnreadablePdf."""
    found = examine(stream, LIMITS)
    if found.integrity not in ("INTACT", "UNSIGNED"):
        raise SigningRefused("not_intact", "Tệp đã bị thay đổi sau khi ký nên không thể ký tiếp.")
    if found.locked:
        raise _locked()


def forbids_changes(restriction: generic.DictionaryObject) -> bool:
    """Whether a lock, or a signature's transform parameters, forbid every later change."""
    permitted = entry(restriction, "/P")
    return isinstance(permitted, generic.NumberObject) and permitted == MDPPerm.NO_CHANGES.value


def _locked() -> SigningRefused:
    return SigningRefused("locked", "Văn bản đã có chữ ký khóa nội dung, không thể ký thêm.")


def _transforms(
    reader: Reader, signatures: Iterable[generic.PdfObject]
) -> Iterator[generic.DictionaryObject]:
    """ISO 32000-2 §12.8.2: what signatures say of later changes; /Perms names a certification."""
    for signature in (_inner(_inner(reader.root, "/Perms"), "/DocMDP"), *signatures):
        references = _inner(signature, "/Reference")
        if isinstance(references, generic.ArrayObject):
            for reference in references:
                transform = _inner(reference.get_object(), "/TransformParams")
                if isinstance(transform, generic.DictionaryObject):
                    yield transform


def _inner(outer: generic.PdfObject | None, key: str) -> generic.PdfObject | None:
    return entry(outer, key) if isinstance(outer, generic.DictionaryObject) else None


def _covered_bytes(signature: generic.PdfObject) -> int:
    """How far it says that it reaches; whether it does is for the full examination."""
    stated = _inner(signature, "/ByteRange")
    numbers = [int(item) for item in stated] if isinstance(stated, generic.ArrayObject) else []
    return sum(numbers[2:4])


def _locks(transform: generic.DictionaryObject, touched: Collection[str]) -> bool:
    if "/Action" not in transform:
        return False
    try:
        spec = FieldMDPSpec.from_pdf_object(transform)
    except (ValueError, KeyError, TypeError):
        return True  # what cannot be understood may forbid it
    return any(map(spec.is_locked, touched))
