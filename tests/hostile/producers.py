"""Programs that sign, each in its own way: pyHanko, this product, mutool, PDFBox."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field

from signing import pades
from signing.fields import Box
from signing.keys import LiveKey
from tests.hostile.cases import Desk
from tests.signing import judges, pdfs, plugin
from tests.signing.pki import Profile, loaded, rsa_key

#: Signs a file in place, in a field of this name.
Producer = Callable[[Desk, Path, str], None]

PASSPHRASE = "test"


def bundle(key: LiveKey, path: Path) -> Path:
    """Key and certificates as PKCS #12."""
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"signer",
            key.private_key,
            loaded(key),
            [x509.load_der_x509_certificate(der) for der in key.chain],
            BestAvailableEncryption(PASSPHRASE.encode()),
        )
    )
    return path


def opened(writer: IncrementalPdfFileWriter) -> None:
    """An empty password opens what is encrypted for show."""
    if writer.prev.encrypted:
        writer.encrypt("")


def by_pyhanko(**how: object) -> Producer:
    def sign(desk: Desk, path: Path, name: str) -> None:
        plugin.sign(path, desk.person, field_name=name, change=opened, **how)  # type: ignore[arg-type]

    return sign


def by_pyhanko_visibly(desk: Desk, path: Path, name: str) -> None:
    left = 60 + 110 * (sum(name.encode()) % 4)
    spec = SigFieldSpec(name, box=(left, 120, left + 100, 170))
    plugin.sign(path, desk.person, field_name=name, change=opened, spec=spec)


def by_us(level: str, **how: object) -> Producer:
    def sign(desk: Desk, path: Path, name: str) -> None:
        trust = desk.house.trust
        pades.sign(path, path, key=desk.agency, field=name, level=level, trust=trust, **how)  # type: ignore[arg-type]

    return sign


def by_mutool(desk: Desk, path: Path, name: str) -> None:
    """It signs fields that are there, by their object number."""
    pdfs.revise(
        path,
        lambda writer: append_signature_field(writer, SigFieldSpec(name, box=(60, 60, 160, 100))),
    )
    with path.open("rb") as stream:
        fields = IncrementalPdfFileWriter(stream).root["/AcroForm"]["/Fields"]
        number = next(item.idnum for item in fields if item.get_object()["/T"] == name)
    # It reserves room for a value as long as a first one; those of elliptic curves vary.
    keys = bundle(desk.house.pki.issue(Profile(key=rsa_key())), path.with_suffix(".p12"))
    command = [judges.program("mutool", "mupdf-tools"), "sign", "-s", str(keys), "-P", PASSPHRASE]
    target = path.with_suffix(".signed.pdf")
    subprocess.run(
        [*command, "-o", str(target), str(path), str(number)], check=True, capture_output=True
    )
    target.replace(path)


PRODUCERS: dict[str, Producer] = {
    "pyHanko": by_pyhanko(),
    "pyHanko, of the older kind": by_pyhanko(subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED),
    "pyHanko, visible": by_pyhanko_visibly,
    "pyHanko, certified": by_pyhanko(certify=True, docmdp_permissions=MDPPerm.FILL_FORMS),
    "this product, B-B": by_us("B-B"),
    "this product, B-LTA": by_us("B-LTA"),
    "this product, visible": by_us("B-LT", box=Box(0, 340, 300, 180, 50)),
    "mutool": by_mutool,
}
