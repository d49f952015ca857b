"""Images of signatures and seals."""

from __future__ import annotations

import base64
import uuid
from typing import Annotated

from pydantic import Base64Bytes, Field

from api.dependencies import version_of
from api.schemas.organisations import Dated
from api.schemas.values import Payload
from workflow.imagery import size_mm
from workflow.records import SignatureImage

Millimetres = Annotated[
    float, Field(ge=5, le=100, description="Of what the image shows, as it is on paper.")
]


class ImageIn(Payload):
    image: Annotated[
        Base64Bytes,
        Field(description="PNG of at most 700 KB on a transparent ground, in Base64."),
    ]
    width_mm: Millimetres
    height_mm: Millimetres


class ImageOut(Dated):
    organisation_id: uuid.UUID
    person_id: uuid.UUID | None = Field(description="Null: the organisation's seal.")
    sha256: str
    size_bytes: int
    width_mm: float
    height_mm: float

    @classmethod
    def of(cls, row: SignatureImage) -> ImageOut:
        return cls.model_validate(_shown(row))


class ImageDetail(ImageOut):
    image: str = Field(description="The PNG, in Base64.")

    @classmethod
    def whole(cls, row: SignatureImage, png: bytes) -> ImageDetail:
        return cls.model_validate({**_shown(row), "image": base64.b64encode(png).decode()})


def _shown(row: SignatureImage) -> dict[str, object]:
    plain = ("id", "organisation_id", "person_id", "sha256", "size_bytes", "valid_from", "valid_to")
    width, height = size_mm(row)
    said = {name: getattr(row, name) for name in plain}
    return {**said, "width_mm": width, "height_mm": height, "version": version_of(row)}
