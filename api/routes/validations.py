"""Judging a PDF that belongs to no document."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import APIRouter, Response

from api.dependencies import Shown
from api.problems import MediaTypeRefused, documented
from api.schemas.documents import ReportOut, ValidationOut
from api.streaming import BODY_SCHEMA, Delivered
from api.validation import HeaderInvalid
from workflow.office import Transaction
from workflow.rules.errors import (
    KeyReused,
    NotAuthenticated,
    NotFound,
    SecretRefused,
    TooLarge,
    Unavailable,
    UnreadableDocument,
)

router = APIRouter(tags=["signature validations"])


@router.post(
    "/signature-validations",
    response_model=ValidationOut,
    openapi_extra=BODY_SCHEMA,
    responses=documented(
        NotAuthenticated,
        NotFound,
        SecretRefused,
        TooLarge,
        MediaTypeRefused,
        UnreadableDocument,
        KeyReused,
        HeaderInvalid,
        Unavailable,
    ),
)
def validate(delivery: Delivered) -> Response:
    """Judge the signatures of a PDF sent as the raw body. A bad verdict is an answer too: 200.

    The file is not kept; only one that cannot be read as a PDF is refused.
    """
    office = delivery.changing.office
    with TemporaryDirectory(prefix="vanthu-") as folder:
        path = Path(folder) / "received.pdf"
        with path.open("wb") as copy:
            shutil.copyfileobj(delivery.file, copy)
        started = time.perf_counter()
        report = office.sealing.judge(path, office.clock()).report
        seconds = round(time.perf_counter() - started, 3)
    if report.verdict == "KHONG_DOC_DUOC":
        raise UnreadableDocument(" ".join(reason.sentence for reason in report.reasons))

    def work(_tx: Transaction) -> Shown:
        shown = ReportOut.model_validate(report)
        return Shown(ValidationOut(**shown.model_dump(), seconds=seconds))

    return delivery.changing.change(work)
