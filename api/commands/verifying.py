"""`vanthu verify`: is everything in an evidence bundle as it claims? Offline, without an office."""

from __future__ import annotations

import argparse
import json
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
    """The verdict on a bundle; OK only when everything holds."""
    from workflow.verifier.checking import verify as verified

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
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if chosen.json:
        say(json.dumps(_answer(verdict), ensure_ascii=False))
    else:
        _tell(verdict)
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


def _tell(verdict: Verdict) -> None:
    """The verdict for people."""
    scope = verdict.scope
    names: dict[str, str] = {}
    if scope:
        say(
            f"Kỳ {scope['period']}, điểm kiểm soát {scope['checkpoint']} của {scope['log']}"
            f" lúc {scope['as_of']}"
        )
        names = {one["id"]: one["name"] for one in scope["organisations"]}
    if verdict.manifest_sha256:
        say(f"SHA-256 của manifest.json: {verdict.manifest_sha256}")
    for found in verdict.indicators:
        say(f"{found['name']} ({found['issuer']}), tính lại từ chứng cứ:")
        for name, label in _FRACTIONS.items():
            one = found[name]
            say(
                f"  {label}: {one['numerator']}/{one['denominator']} ({one['share']}),"
                f" không tính {one['excluded']}"
            )
    if verdict.counts:
        counted = (f"{many} {_COUNTED[name]}" for name, many in verdict.counts.items())
        say(f"Đã kiểm tra: {', '.join(counted)}.")
    for note in verdict.notes:
        say(f"Lưu ý ({note.code}): {note.sentence}")
    for one in verdict.findings:
        whose = names.get(one.organisation, one.organisation)
        detail = f" [{one.detail}]" if one.detail else ""
        say(f"{one.rule}: {whose + ': ' if whose else ''}{one.place}: {one.rule.sentence}{detail}")
    more = sum(verdict.found.values()) - len(verdict.findings)
    if more:
        say(f"… và {more} chỗ nữa.")
    total = sum(verdict.found.values())
    say("ĐẠT: mọi điều đã kiểm tra đều đúng." if verdict.holds else f"KHÔNG ĐẠT: {total} chỗ sai.")
