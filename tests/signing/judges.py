"""Judges of a signed file that share no code with who wrote it: pyHanko, poppler, qpdf, OpenSSL."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from asn1crypto import parser, x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from signing.fields import Box


def program(name: str, package: str) -> str:
    """Where a program is; without it the test says what to install."""
    return shutil.which(name) or pytest.skip(f"no {name}: apt-get install {package}")


def signatures(path: Path) -> list[EmbeddedPdfSignature]:
    """The signatures of a file, without time-stamps, as pyHanko's plain reader finds them."""
    return PdfFileReader(io.BytesIO(path.read_bytes())).embedded_regular_signatures


def by_pyhanko(path: Path, field: str, anchor: bytes) -> None:
    """Intact, valid, trusted, over the whole of its revision."""
    context = ValidationContext(trust_roots=[x509.Certificate.load(anchor)], allow_fetching=False)
    (found,) = [item for item in signatures(path) if item.field_name == field]
    status = validate_pdf_signature(found, context, skip_diff=True)
    assert status.intact
    assert status.valid
    assert status.trusted, status.summary()
    assert status.md_algorithm == "sha256"
    assert found.evaluate_signature_coverage() >= SignatureCoverageLevel.ENTIRE_REVISION


def by_pdfsig(path: Path, field: str) -> None:
    """poppler's: valid; whether it knows the issuer is not asked."""
    command = [program("pdfsig", "poppler-utils"), "-nocert", str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    of_field = [part for part in shown.split("Signature #") if f"Name: {field}\n" in part]
    assert len(of_field) == 1, shown
    assert "Signature is Valid." in of_field[0], shown
    assert "Type: ETSI.CAdES.detached" in of_field[0], shown


def complaints_of_qpdf(path: Path) -> list[str]:
    """What qpdf has to say against the structure of a file."""
    command = [program("qpdf", "qpdf"), "--check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    shown = (done.stdout + done.stderr).replace(str(path), "").splitlines()
    return [line for line in shown if line.startswith(("WARNING", "ERROR", "qpdf:"))]


def by_openssl(path: Path, field: str, anchor: bytes, folder: Path) -> None:
    """OpenSSL verifies the CMS over the bytes covered, as CAdES (the certificate bound)."""
    (found,) = [item for item in signatures(path) if item.field_name == field]
    first, one, second, two = found.byte_range
    content = path.read_bytes()
    value = found.pkcs7_content
    files = {
        "covered": content[first : first + one] + content[second : second + two],
        "cms": value[: parser.peek(value)],
        "anchor": load_der_x509_certificate(anchor).public_bytes(Encoding.PEM),
    }
    paths = {name: folder / f"judged-{name}" for name in files}
    for name, part in files.items():
        paths[name].write_bytes(part)
    command = [program("openssl", "openssl"), "cms", "-verify", "-cades", "-binary"]
    command += ["-inform", "DER", "-in", str(paths["cms"]), "-content", str(paths["covered"])]
    command += ["-CAfile", str(paths["anchor"]), "-purpose", "any", "-out", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def text_of(path: Path, *, page: int, box: Box) -> str:
    """What poppler reads inside a box of a page (from 1) that is 842 points high."""
    command = [program("pdftotext", "poppler-utils"), "-f", str(page), "-l", str(page)]
    for name, value in (("x", box.x), ("y", 842 - box.y - box.height)):
        command += [f"-{name}", str(round(value))]
    command += ["-W", str(round(box.width)), "-H", str(round(box.height)), str(path), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
