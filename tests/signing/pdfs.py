"""PDFs for the tests, and the hands of an attacker who owns no key."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
from fpdf import FPDF
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.fields import Box
from signing.keys import LiveKey

NUMBER_BOX = Box(0, 85, 716, 175, 18)
DATE_BOX = Box(0, 275, 716, 265, 18)
PERSON_BOX = Box(0, 340, 120, 180, 50)

FILL = {"vanthu.number": "Số: 15/QĐ-UBND", "vanthu.date": "Tân Hòa, ngày 22 tháng 11 năm 2026"}


def plain(path: Path, pages: int = 1, text: str = "QUYET DINH", padding_bytes: int = 0) -> Path:
    """An unsigned PDF; `padding_bytes` of incompressible content make it a scan in size."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=13)
    for page in range(pages):
        pdf.add_page()
        pdf.text(50, 50, f"{text} {page + 1}")
    path.write_bytes(bytes(pdf.output()))
    if padding_bytes:
        revise(path, lambda writer: _pad(writer, padding_bytes))
    return path


def hybrid(path: Path) -> Path:
    """A PDF with classic and hidden cross-references (ISO 32000-2 §7.5.8.4), as Word writes it."""
    body = bytearray(plain(path).read_bytes())
    start = int(body.rsplit(b"startxref", 1)[1].split()[0])
    size = int(body.rsplit(b"/Size", 1)[1].split()[0])
    hidden = len(body)
    rows = b"\x00" * 7
    body += (
        b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 2] /Index [0 1] /Length %d >>\nstream\n"
        % (size, size + 1, len(rows))
        + rows
        + b"\nendstream\nendobj\n"
    )
    root = body.split(b"/Root", 1)[1].split(b"R", 1)[0] + b"R"
    table = len(body)
    body += (
        b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size %d /Root%s /Prev %d /XRefStm %d >>\n"
        % (size, hidden, size + 1, root, start, hidden)
    )
    body += b"startxref\n%d\n%%%%EOF\n" % table
    path.write_bytes(body)
    return path


def revise(path: Path, change: Callable[[IncrementalPdfFileWriter], object]) -> Path:
    """Append a revision to the file."""
    stream = io.BytesIO(path.read_bytes())
    writer = IncrementalPdfFileWriter(stream)
    change(writer)
    writer.write_in_place()
    path.write_bytes(stream.getvalue())
    return path


def field(writer: IncrementalPdfFileWriter, *names: str) -> generic.DictionaryObject:
    """A form field by the parts of its name."""
    level = writer.root["/AcroForm"]["/Fields"]
    for name in names:
        found = next(item.get_object() for item in level if item.get_object()["/T"] == name)
        level = found["/Kids"] if "/Kids" in found else ()  # noqa: SIM401  `get` follows nothing
    return found


def set_text(writer: IncrementalPdfFileWriter, text: str, *names: str) -> None:
    """Write another value, and a picture of it, into a text field: the shadow attack."""
    target = field(writer, *names)
    target[pdf_name("/V")] = generic.TextStringObject(text)
    shown = picture(writer, b"BT /F1 12 Tf 2 5 Td (%b) Tj ET" % text.encode("ascii", "replace"))
    target[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): shown})
    writer.update_container(target)


def picture(
    writer: IncrementalPdfFileWriter, drawn: bytes = b"1 g 0 0 200 20 re f"
) -> generic.IndirectObject:
    """An appearance, a white rectangle unless told otherwise; /F1 is Helvetica."""
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    named = {pdf_name(key): pdf_name(value) for key, value in font.items()}
    fonts = generic.DictionaryObject({pdf_name("/F1"): generic.DictionaryObject(named)})
    stream = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 200, 20))),
            pdf_name("/Resources"): generic.DictionaryObject({pdf_name("/Font"): fonts}),
        },
        stream_data=drawn,
    )
    return writer.add_object(stream)


def text_field(writer: IncrementalPdfFileWriter, name: str, text: str) -> None:
    """Add an ordinary, filled text field to page one and to the form."""
    page = writer.find_page_for_modification(0)[0]
    if "/AcroForm" not in writer.root:
        form = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject()})
        writer.root[pdf_name("/AcroForm")] = writer.add_object(form)
        writer.update_root()
    reference = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/T"): generic.pdf_string(name),
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/V"): generic.TextStringObject(text),
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/P"): page,
                pdf_name("/Rect"): generic.ArrayObject(
                    map(generic.NumberObject, (85, 600, 285, 620))
                ),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): picture(writer)}),
            }
        )
    )
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(reference)
    writer.update_container(fields)
    writer.register_annotation(page, reference)


def paint_over(writer: IncrementalPdfFileWriter) -> None:
    """Add an annotation that covers part of page one."""
    page = writer.find_page_for_modification(0)[0]
    reference = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Stamp"),
                pdf_name("/Rect"): generic.ArrayObject(
                    map(generic.NumberObject, (85, 600, 285, 620))
                ),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): picture(writer)}),
            }
        )
    )
    writer.register_annotation(page, reference)


def append_page(writer: IncrementalPdfFileWriter) -> None:
    """Add a copy of page one at the end."""
    page = writer.root["/Pages"]["/Kids"][0]
    copied = generic.DictionaryObject(dict(page))
    writer.root["/Pages"]["/Kids"].append(writer.add_object(copied))
    pages = writer.root["/Pages"]
    pages[pdf_name("/Count")] = generic.NumberObject(int(pages["/Count"]) + 1)
    writer.update_container(pages)
    writer.update_container(pages["/Kids"])


def change_page(writer: IncrementalPdfFileWriter) -> None:
    """Replace the content of page one."""
    page = writer.root["/Pages"]["/Kids"][0]
    stream = generic.StreamObject(stream_data=b"BT ET")
    page[pdf_name("/Contents")] = writer.add_object(stream)
    writer.update_container(page)


def signed_elsewhere(path: Path, key: LiveKey, name: str, digest: str = "sha256") -> None:
    """Sign in place with plain pyHanko, which looks at nothing that came before."""
    secret = key.private_key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    store = SimpleCertificateStore()
    store.register_multiple(map(x509.Certificate.load, key.chain))
    signer = SimpleSigner(
        signing_cert=x509.Certificate.load(key.certificate),
        signing_key=keys.PrivateKeyInfo.load(secret),
        cert_registry=store,
    )
    metadata = PdfSignatureMetadata(
        field_name=name, subfilter=SigSeedSubFilter.PADES, md_algorithm=digest
    )
    stream = io.BytesIO(path.read_bytes())
    PdfSigner(metadata, signer).sign_pdf(IncrementalPdfFileWriter(stream), in_place=True)
    path.write_bytes(stream.getvalue())


def _pad(writer: IncrementalPdfFileWriter, size_bytes: int) -> None:
    content = generic.StreamObject(stream_data=bytes(range(256)) * (size_bytes // 256))
    writer.root[pdf_name("/PieceInfo")] = writer.add_object(content)
    writer.update_root()
