"""Fields reserved before the first signature: number, date, and the places for signatures.

Reserving first is what lets number and date come *after* a person's signature without breaking it
(ND 30/2020 Art. 15-18; the digests of every signature include the empty fields). What may happen to
them later is one rule: `signing.difference.ReservedFieldRule`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.form_tools import find_existing_empty_field
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import FormFillingError
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    append_signature_field,
    ensure_sig_flags,
)

from signing import reading
from signing.appearance import draw_field
from signing.errors import SigningRefused
from signing.objects import inherited
from signing.typefaces import ITALIC, UPRIGHT

NUMBER = "vanthu.number"
DATE = "vanthu.date"

# ND 30/2020 Annex I, II.3 and II.4: number upright, place and date italic, both 13 to 14 points.
_FACES = {NUMBER: UPRIGHT, DATE: ITALIC}
_POINTS = 13
_ROUNDING = 0.01  # points; a box may have been measured in single precision
_READ_ONLY = 1  # ISO 32000-2 table 227: people never type into these fields, only the office fills


@dataclass(frozen=True)
class Box:
    """A rectangle on a page: page from 0, lower-left corner and size in points."""

    page: int
    x: float
    y: float
    width: float
    height: float

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Lower left x, y and upper right x, y."""
        return self.x, self.y, self.x + self.width, self.y + self.height


@dataclass(frozen=True)
class SignatureField:
    """A place for a signature; without a box it is invisible.

    `locks`: the signature made here locks every field and forbids any further change, so that a
    number altered after the seal breaks the seal.
    """

    name: str
    box: Box | None = None
    locks: bool = False

    def spec(self) -> SigFieldSpec:
        """The field as pyHanko creates it."""
        return SigFieldSpec(
            self.name,
            on_page=self.box.page if self.box else 0,
            box=self.box.corners if self.box else None,  # type: ignore[arg-type]  # takes floats too
            field_mdp_spec=FieldMDPSpec(FieldMDPAction.ALL) if self.locks else None,
            doc_mdp_update_value=MDPPerm.NO_CHANGES if self.locks else None,
        )


def prepare(
    source: Path,
    target: Path,
    *,
    number: Box,
    date: Box,
    signatures: Sequence[SignatureField],
) -> None:
    """Reserve number, date and signature fields in an unsigned PDF and write it to `target`.

    Raises UnreadablePdf when the source cannot be read, and SigningRefused when it is signed
    already, has these fields, or a box lies off its page.
    """
    names = [field.name for field in signatures]
    _apart([NUMBER, DATE, *names])
    with rewritten(source, target) as stream, reading.writing(stream) as writer:
        if any(field.value for field in reading.form_fields(writer.prev) if field.type == "/Sig"):
            raise SigningRefused("already_signed", "Tệp đã có chữ ký số nên không thể thêm ô mới.")
        present = {field.name for field in reading.form_fields(writer.prev)}
        if present & {NUMBER, DATE, "vanthu", *names}:
            raise SigningRefused("fields_exist", "Tệp đã có sẵn ô số, ngày hoặc ô chữ ký.")
        for box in (number, date, *(field.box for field in signatures if field.box)):
            on_page(writer, box)
        for field in signatures:
            append_signature_field(writer, field.spec())
        if signatures:
            # From now on it is appended to, whoever signs: then a signature need not say so.
            ensure_sig_flags(writer)
        _reserve(writer, {NUMBER: number, DATE: date})
        writer.write_in_place()


def read(path: Path) -> dict[str, str]:
    """Text of every filled text field, by full name, as of the file's last revision.

    Raises UnreadablePdf.
    """
    with path.open("rb") as stream:
        reader, _ = reading.opened(stream)
        return texts(reader)


def texts(reader: reading.Reader) -> dict[str, str]:
    """Text of every filled text field of an open file."""
    return {
        field.name: str(field.value)
        for field in reading.form_fields(reader)
        if field.type == "/Tx" and field.value and isinstance(field.value, generic.TextStringObject)
    }


def fill(writer: IncrementalPdfFileWriter, values: Mapping[str, str]) -> None:
    """Write values and appearances into reserved fields that are still empty.

    Raises SigningRefused when a field is not one of the reserved ones, is missing or filled.
    """
    for name, text in values.items():
        if name not in _FACES:
            raise SigningRefused("field_unknown", f"Không được điền vào ô “{name}”.")
        if not text.strip():
            raise SigningRefused("text_empty", "Số và ngày văn bản không được để trống.")
        try:
            reference = find_existing_empty_field(writer, name, "/Tx")
        except FormFillingError as fault:
            raise SigningRefused(
                "field_filled", "Ô số hoặc ngày chưa được dành sẵn, hoặc đã được điền."
            ) from fault
        field = reference.get_object()
        assert isinstance(field, generic.DictionaryObject)
        left, bottom, right, top = _floats(field["/Rect"])
        # ND 30/2020 Annex I, II.3.c and II.4.c: centred under the agency, and under the motto.
        appearance = draw_field(writer, text, _FACES[name], _POINTS, right - left, top - bottom)
        field[pdf_name("/V")] = generic.TextStringObject(text)
        field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): appearance})
        writer.mark_update(reference)


@contextmanager
def rewritten(source: Path, target: Path) -> Iterator[BinaryIO]:
    """A copy of `source` to change in place; becomes `target` whole and durable, or not at all."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        shutil.copyfile(source, draft)
        with draft.open("r+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _reserve(writer: IncrementalPdfFileWriter, boxes: Mapping[str, Box]) -> None:
    form = _inner(writer, writer.root, "/AcroForm")
    parent_name, _, _ = NUMBER.partition(".")
    parent = generic.DictionaryObject({pdf_name("/T"): generic.pdf_string(parent_name)})
    parent_reference = writer.add_object(parent)
    kids = generic.ArrayObject()
    for name, box in boxes.items():
        page = writer.find_page_for_modification(box.page)[0]
        field = generic.DictionaryObject(
            {
                pdf_name("/T"): generic.pdf_string(name.rpartition(".")[2]),
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/Parent"): parent_reference,
                pdf_name("/Ff"): generic.NumberObject(_READ_ONLY),
                pdf_name("/DA"): generic.pdf_string(f"/Helv {_POINTS} Tf 0 g"),
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/F"): generic.NumberObject(4),
                pdf_name("/P"): page,
                pdf_name("/Rect"): generic.ArrayObject(map(generic.FloatObject, box.corners)),
            }
        )
        reference = writer.add_object(field)
        kids.append(reference)
        writer.register_annotation(page, reference)
    parent[pdf_name("/Kids")] = kids
    listed = form["/Fields"]
    assert isinstance(listed, generic.ArrayObject), "the signature fields are in it"
    listed.append(parent_reference)
    writer.update_container(listed)
    # ISO 32000-2 §12.7.4.3: /DA names a font of /DR, even though the office brings its own.
    fonts = _inner(writer, _inner(writer, form, "/DR"), "/Font")
    helvetica = _inner(writer, fonts, "/Helv")
    for key, value in {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}.items():
        helvetica.setdefault(pdf_name(key), pdf_name(value))


def _inner(
    writer: IncrementalPdfFileWriter, outer: generic.DictionaryObject, key: str
) -> generic.DictionaryObject:
    """The dictionary at a key, made when absent."""
    if key not in outer:
        outer[pdf_name(key)] = generic.DictionaryObject()
        writer.update_container(outer)
    inner = outer[key]
    assert isinstance(inner, generic.DictionaryObject)
    return inner


def on_page(writer: IncrementalPdfFileWriter, box: Box) -> None:
    """Refuse a box on no page, or beyond what a viewer shows of its page.

    Raises SigningRefused.
    """
    if not 0 <= box.page < int(writer.root["/Pages"]["/Count"]):
        raise SigningRefused("page_missing", f"Tệp không có trang {box.page + 1}.")
    page = writer.find_page_for_modification(box.page)[0].get_object()
    # ISO 32000-2 §14.11.2: what shows is what both boxes hold; each may name any two corners.
    x1, y1, x2, y2 = box.corners
    for key in ("/MediaBox", "/CropBox"):
        shown = inherited(page, key)
        if shown is None and key == "/CropBox":
            continue
        sides = _floats(shown)
        left, right = sorted(sides[::2])
        bottom, top = sorted(sides[1::2])
        inside = left - _ROUNDING <= x1 and x2 <= right + _ROUNDING
        inside = inside and bottom - _ROUNDING <= y1 and y2 <= top + _ROUNDING
        if not (inside and x1 < x2 and y1 < y2):
            raise SigningRefused("box_off_page", f"Ô nằm ngoài trang {box.page + 1}.")


def _floats(values: generic.PdfObject | None) -> list[float]:
    assert isinstance(values, generic.ArrayObject)
    return [float(value.get_object()) for value in values]


def _apart(names: Sequence[str]) -> None:
    """No name may begin another: validators have confused such fields when judging locks."""
    for first in names:
        for second in names:
            if first is not second and second.startswith(first):
                raise ValueError(f"field names must not begin each other: {first}, {second}")
