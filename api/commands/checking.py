"""`vanthu validate`, `workflows`, `openapi` and `journal`: is everything as it should be?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from api.commands import OK, REFUSED, Misused, say

VERDICTS = {
    "HOP_LE": "hợp lệ",
    "KHONG_XAC_DINH": "không xác định",
    "KHONG_HOP_LE": "KHÔNG hợp lệ",
    "KHONG_CO_CHU_KY": "không có chữ ký số",
    "KHONG_DOC_DUOC": "không đọc được",
}


def validate(chosen: argparse.Namespace) -> int:
    """One verdict per file; OK when every one of them is HOP_LE."""
    from workflow.validating import judge, trust_in

    trust = trust_in(chosen.anchors, chosen.pki)
    good = True
    for path in chosen.files:
        try:
            report = judge(path, trust)
        except OSError as unreadable:
            raise Misused(f"{path}: {unreadable.strerror}") from unreadable
        good = good and report.verdict == "HOP_LE"
        if chosen.json:
            values = {"file": str(path), **json.loads(report.to_json())}
            say(json.dumps(values, ensure_ascii=False))
            continue
        marked = " (chữ ký phát triển, không có giá trị pháp lý)" if report.development else ""
        say(f"{path}: {VERDICTS[report.verdict]}{marked}")
        for signature in report.signatures:
            say(f"  {signature.field}: {signature.indication}  {signature.signer or ''}")
        for finding in (*report.reasons, *report.warnings):
            say(f"  {finding.code}: {finding.sentence}")
    return OK if good else REFUSED


def check_workflows(_chosen: argparse.Namespace) -> int:
    """Every problem of every definition that ships, with its counter-example."""
    from workflow.lawbook import definition_texts, parsed
    from workflow.rules.catalogues import CATALOGUES
    from workflow.rules.machine_checks import check

    workflows = {name: parsed(text) for name, text in definition_texts().items()}
    problems = [
        problem
        for workflow in workflows.values()
        for problem in check(workflow, CATALOGUES, workflows)
    ]
    for problem in problems:
        say(str(problem))
    for name, workflow in workflows.items():
        say(f"{name} {workflow.version}: {len(workflow.states)} trạng thái {workflow.digest[:12]}")
    return REFUSED if problems else OK


def draw_workflows(chosen: argparse.Namespace) -> int:
    """A Mermaid diagram of every definition, as Markdown files in a folder."""
    from workflow.lawbook import definition_texts, parsed
    from workflow.rules.machine_checks import diagram

    pages = {}
    for name, text in definition_texts().items():
        workflow = parsed(text)
        pages[chosen.out / f"{name}.md"] = (
            f"# {workflow.title} (`{name}`, {workflow.version})\n\n"
            f"```mermaid\n{diagram(workflow).rstrip()}\n```\n"
        )
    return _write(pages, check=chosen.check, again="vanthu workflows diagram")


def openapi(chosen: argparse.Namespace) -> int:
    """The OpenAPI description as a file."""
    from api.app import describe

    text = json.dumps(describe().openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return _write({chosen.out: text}, check=chosen.check, again="vanthu openapi")


def verify_journal(_chosen: argparse.Namespace) -> int:
    """Every chain to its head, and every evidence row against its last digest."""
    from api.commands.opening import opened
    from workflow.auditing import verify_all

    with opened() as office, office.reading(None) as reading:
        found = verify_all(reading)
    for tampering in found:
        say(f"{tampering.what}: {tampering.where}")
    say("Nhật ký toàn vẹn." if not found else f"Phát hiện {len(found)} chỗ bị thay đổi.")
    return REFUSED if found else OK


def _write(pages: dict[Path, str], *, check: bool, again: str) -> int:
    """Write the files, or only say which of them are not what would be written."""
    if not check:
        for path, text in pages.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return OK
    stale = [
        path
        for path, text in pages.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        say(f"{path}: không còn khớp, hãy chạy lại {again}.")
    return REFUSED if stale else OK
