"""Rewriting an unsigned PDF whose structure two readers could read differently.

Office suites and scanners write such files every day (hybrid cross-references, sloppy offsets). A
signature may only be put on what everybody reads alike, so an unsigned file is rewritten once by
qpdf, before anybody checks or approves it; a signed file is never touched.
"""

from __future__ import annotations

from typing import BinaryIO

import pikepdf

from signing import reading
from signing.errors import SigningRefused, UnreadablePdf


def is_sound(source: BinaryIO) -> bool:
    """Whether the file reads strictly, so that it can be signed as it is.

    Raises UnreadablePdf.
    """
    return reading.opened(source)[1] != "lenient"


def rewrite(source: BinaryIO, target: BinaryIO) -> None:
    """Write the same pages with one sound structure to `target`, which is empty and can be read.

    Raises SigningRefused for a file that is signed or encrypted, and UnreadablePdf.
    """
    reader, _ = reading.opened(source)
    if reader.encrypted:
        raise SigningRefused("encrypted", "Tệp PDF được đặt mật khẩu nên không thể ký.")
    if any(field.value for field in reading.form_fields(reader) if field.type == "/Sig"):
        raise SigningRefused(
            "not_strict", "Tệp đã ký có cấu trúc không chuẩn nên không thể ký thêm."
        )
    source.seek(0)
    try:
        with pikepdf.open(source) as pdf:
            pdf.save(target)
    except pikepdf.PdfError as fault:
        raise UnreadablePdf("cấu trúc tệp bị hỏng, không sửa được.") from fault
    if not is_sound(target):
        raise UnreadablePdf("cấu trúc tệp không chuẩn, không sửa được.")
