"""`vanthu verify`: is everything in an evidence bundle as it claims? Offline, without an office."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

from api.commands import OK, REFUSED, Misused, say
from workflow.rules.errors import Refusal

if TYPE_CHECKING:
    from workflow.verifier.checking import Progress
    from workflow.verifier.findings import Verdict

_FRACTIONS = {
    "outgoing_processed": "Văn bản đi xử lý trên môi trường mạng",
    "outgoing_signed": "Văn bản đi ký số",
    "incoming_processed": "Văn bản đến xử lý trên môi trường mạng",
    "incoming_signed": "Văn bản đến do nơi gửi ký số (tham khảo)",
}
_COUNTED = {
    "entries": "mục nhật ký",
    "rows": "bản ghi",
    "facts": "lần tính",
    "documents": "văn bản trong kỳ",
    "pieces": "chứng cứ chữ ký",
    "files": "tệp văn bản",
}
_READING = {"entries": "mục nhật ký", "files": "tệp văn bản"}


def verify(chosen: argparse.Namespace) -> int:
    """The verdict on a bundle; OK only when everything holds, whoever hears it out.

    Raises Misused: an option cannot be meant, or there is no room to work or to tell.
    """
    from workflow.verifier.checking import verify as verified

    if chosen.pdfs is not None and not chosen.pdfs.is_dir():
        raise Misused(f"--pdfs: không có thư mục {chosen.pdfs}.")
    try:
        verdict = verified(
            chosen.bundle,
            pdfs=chosen.pdfs,
            anchors=chosen.anchors,
            checkpoint=chosen.checkpoint,
            progress=_progress() if sys.stderr.isatty() else None,
        )
    except Refusal as unusable:
        raise Misused(f"--anchors: {unusable}") from unusable
    except OSError as fault:
        raise Misused(f"Không đọc được hoặc không có chỗ ghi tạm: {fault}") from fault
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    try:
        if chosen.json:
            say(json.dumps(_answer(verdict), ensure_ascii=False))
        else:
            _tell(verdict)
    except BrokenPipeError:  # whoever read has seen enough; the verdict is what it is
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as fault:
        raise Misused(f"Không ghi được kết quả: {fault}") from fault
    return OK if verdict.holds else REFUSED


def _progress() -> Progress:
    shown = ""

    def show(what: str, done: int, total: int) -> None:
        nonlocal shown
        share = done * 100 // total if total else 100
        line = f"\r[{'#' * (share // 4):25}] {share:3} % {_READING[what]} {done}/{total}"
        if line != shown:
            sys.stderr.write(line)
            sys.stderr.flush()
            shown = line

    return show


def _answer(verdict: Verdict) -> dict[str, object]:
    return {
        "holds": verdict.holds,
        "manifest_sha256": verdict.manifest_sha256,
        "findings": [
            {
                "rule": one.rule.value,
                "sentence": one.rule.sentence,
                "organisation": one.organisation,
                "place": one.place,
                "detail": one.detail,
            }
            for one in verdict.findings
        ],
        "found": {rule.value: many for rule, many in verdict.found.items()},
        "notes": [{"code": one.code, "sentence": one.sentence} for one in verdict.notes],
        "scope": verdict.scope,
        "counts": verdict.counts,
        "indicators": verdict.indicators,
    }


def _line(text: str) -> None:
    """One line, whatever a stranger named things: what steers a terminal is shown, not obeyed."""
    say("".join(one if one.isprintable() else ascii(one)[1:-1] for one in text))


def _tell(verdict: Verdict) -> None:
    """The verdict for people."""
    scope = verdict.scope
    names: dict[str, str] = {}
    if scope:
        _line(
            f"Kỳ {scope['period']}, điểm kiểm soát {scope['checkpoint']} của {scope['log']}"
            f" lúc {scope['as_of']}"
        )
        names = {one["id"]: one["name"] for one in scope["organisations"]}
    if verdict.manifest_sha256:
        _line(f"SHA-256 của manifest.json: {verdict.manifest_sha256}")
    for found in verdict.indicators:
        _line(f"{found['name']} ({found['issuer']}), tính lại từ chứng cứ:")
        for name, label in _FRACTIONS.items():
            one = found[name]
            _line(
                f"  {label}: {one['numerator']}/{one['denominator']} ({one['share']}),"
                f" không tính {one['excluded']}"
            )
    if verdict.counts:
        counted = (f"{many} {_COUNTED[name]}" for name, many in verdict.counts.items())
        _line(f"Đã kiểm tra: {', '.join(counted)}.")
    for note in verdict.notes:
        _line(f"Lưu ý ({note.code}): {note.sentence}")
    for one in verdict.findings:
        whose = names.get(one.organisation, one.organisation)
        detail = f" [{one.detail}]" if one.detail else ""
        _line(
            f"{one.rule}: {whose + ': ' if whose else ''}{one.place}: {one.rule.sentence}{detail}"
        )
    more = sum(verdict.found.values()) - len(verdict.findings)
    if more:
        _line(f"… và {more} chỗ nữa.")
    total = sum(verdict.found.values())
    _line(
        "ĐẠT: mọi điều đã kiểm tra đều đúng." if verdict.holds else f"KHÔNG ĐẠT: {total} chỗ sai."
    )
