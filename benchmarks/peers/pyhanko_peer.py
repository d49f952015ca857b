"""pyHanko as its documentation shows it; the third part of a line may ask for `B-LT` or `stamp`."""

from __future__ import annotations

import importlib.metadata
import logging
import sys
from pathlib import Path
from typing import Any

from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.font.opentype import GlyphAccumulatorFactory
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.text import TextBoxStyle
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator import ValidationContext

_FACE = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"

keys, passphrase = Path(sys.argv[1]), sys.argv[2]
signer = SimpleSigner.load_pkcs12(str(keys / "person.p12"), passphrase=passphrase.encode())
assert signer is not None
root, issuing = (load_cert_from_pemder(str(keys / f"{name}.pem")) for name in ("root", "issuing"))


def ready(what: str) -> PdfSigner:
    about: dict[str, Any] = {"field_name": "person1", "subfilter": SigSeedSubFilter.PADES}
    if what == "stamp":
        face = GlyphAccumulatorFactory(_FACE)
        style = TextStampStyle(
            stamp_text="Người ký: %(signer)s\nThời gian ký: %(ts)s",
            text_box_style=TextBoxStyle(font=face),
        )
        place = SigFieldSpec("person1", box=(300, 100, 500, 160))
        return PdfSigner(
            PdfSignatureMetadata(**about), signer, stamp_style=style, new_field_spec=place
        )
    if what == "B-LT":
        context = ValidationContext(
            trust_roots=[root],
            other_certs=[issuing],
            allow_fetching=True,
            revocation_mode="require",
        )
        about |= {"embed_validation_info": True, "validation_context": context}
        stamper = HTTPTimeStamper((keys / "tsa-url").read_text())
        return PdfSigner(PdfSignatureMetadata(**about), signer, timestamper=stamper)
    return PdfSigner(PdfSignatureMetadata(**about), signer)


logging.disable()  # fontTools complains of each table that it drops
print(f"pyHanko {importlib.metadata.version('pyhanko')}", flush=True)
for line in sys.stdin:
    source, target, what = line.rstrip("\n").split("\t")
    try:
        with open(source, "rb") as read, open(target, "wb") as written:
            out = ready(what).sign_pdf(IncrementalPdfFileWriter(read))
            written.write(out.getbuffer())
    except Exception as fault:
        print(f"{type(fault).__name__}: {fault}".replace("\n", " ")[:200], flush=True)
        continue
    print("signed", flush=True)
