"""A signing program at somebody's desk: plain pyHanko, which does as it is told."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.keys import LiveKey


def sign(
    path: Path,
    key: LiveKey,
    *,
    spec: SigFieldSpec | None = None,
    change: Callable[[IncrementalPdfFileWriter], object] = lambda _writer: None,
    strict: bool = True,
    **metadata: object,
) -> None:
    """Sign in place, in the field `first` unless told otherwise.

    `change` is made in the signature's own revision; `metadata` is of PdfSignatureMetadata.
    """
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
    asked: dict[str, object] = {"field_name": "first", "subfilter": SigSeedSubFilter.PADES}
    described = PdfSignatureMetadata(**(asked | metadata))  # type: ignore[arg-type]
    stream = io.BytesIO(path.read_bytes())
    writer = IncrementalPdfFileWriter(stream, strict=strict)
    change(writer)
    PdfSigner(described, signer, new_field_spec=spec).sign_pdf(writer, in_place=True)
    path.write_bytes(stream.getvalue())
