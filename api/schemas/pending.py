"""Signatures that wait for a key its holder keeps."""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import Annotated

from pydantic import Base64Bytes, Field

from api.schemas.values import Moment, Payload, Shape
from workflow.pending import Waiting

SHA256_IN_BASE64URL = r"^[A-Za-z0-9_-]{43}$"


class PrepareIn(Payload):
    chain: Annotated[
        tuple[Annotated[Base64Bytes, Field(min_length=1, max_length=20_000)], ...],
        Field(
            max_length=5,
            description="Certificates above your own (DER, in Base64), as your token keeps them.",
        ),
    ] = ()


class WhatIsSigned(Shape):
    """For a person to compare with what they mean to sign."""

    document_id: uuid.UUID
    code: str | None = Field(description="Số, ký hiệu; null before the number.")
    subject: str | None
    file_id: uuid.UUID
    file_title: str | None
    field: str
    texts: dict[str, str] = Field(description="Filled in with this signature: number and date.")


class PendingOut(Shape):
    """What a token is to sign, and everything needed to check it first.

    `digest` is SHA-256 of `attributes`, the signed attributes of CMS: this is what the key signs.
    Their message digest is SHA-256 over the two parts of `byte_range` of the prepared file.
    """

    id: uuid.UUID
    what: WhatIsSigned
    base_sha256: str = Field(description="The file as it was reviewed; the prepared one begins so.")
    base_bytes: int
    byte_range: list[int] = Field(description="Offset and length, twice, as in a PDF's ByteRange.")
    certificate_sha256: str
    algorithm: str = Field(
        description="`rsa`: PKCS #1 v1.5. `ecdsa`: the value is the DER of r and s.",
        examples=["rsa"],
    )
    attributes: str = Field(description="DER, in Base64.")
    digest: str
    expires_at: Moment
    token: str

    @classmethod
    def of(cls, waiting: Waiting) -> PendingOut:
        prepared = waiting.prepared
        return cls(
            id=waiting.intent.id,
            what=WhatIsSigned(
                document_id=waiting.document.id,
                code=waiting.code,
                subject=waiting.document.subject,
                file_id=waiting.file.id,
                file_title=waiting.file.title,
                field=waiting.intent.field,
                texts=dict(waiting.texts),
            ),
            base_sha256=prepared.base_sha256,
            base_bytes=prepared.base_bytes,
            byte_range=list(waiting.byte_range),
            certificate_sha256=waiting.certificate.certificate_sha256,
            algorithm=waiting.algorithm,
            attributes=base64.b64encode(prepared.attributes).decode(),
            digest=hashlib.sha256(prepared.attributes).hexdigest(),
            expires_at=waiting.pending.expires_at,
            token=waiting.token,
        )


class PendingList(Shape):
    """Nothing is in it where nothing waits for the key of whoever asks."""

    items: list[PendingOut]


class ValueIn(Payload):
    token: Annotated[
        str, Field(pattern=SHA256_IN_BASE64URL, description="Of the preparation that was signed.")
    ]
    value: Annotated[Base64Bytes, Field(min_length=1, max_length=2_000)]


class Accepted(Shape):
    """The signature was taken; a job completes it, and the document goes on or says why not."""

    id: uuid.UUID
    document_id: uuid.UUID
    accepted_at: Moment
