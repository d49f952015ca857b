"""`vanthu validate`, `workflows`, `kinds`, `openapi`: is all as it should be?"""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.commands import OK, REFUSED, Misused, say
from workflow.rules.errors import Refusal

if TYPE_CHECKING:
    from workflow.validating import Sandbox, Trust

VERDICTS = {
    "HOP_LE": "hợp lệ",
    "KHONG_XAC_DINH": "không xác định",
    "KHONG_HOP_LE": "KHÔNG hợp lệ",
    "KHONG_CO_CHU_KY": "không có chữ ký số",
    "KHONG_DOC_DUOC": "không đọc được",
}

# What programs may rely on in an answer of `validate --json`, in this order.
_CONTRACT = (
    "file",
    "sha256",
    "integrity",
    "verdict",
    "indication",
    "sub_indication",
    "reasons",
    "warnings",
    "seconds",
    "signatures",
)
_UNOPENED: dict[type[OSError], str] = {
    FileNotFoundError: "Không có tệp này.",
    PermissionError: "Không có quyền đọc tệp này.",
    IsADirectoryError: "Đây là thư mục hoặc thiết bị, không phải tệp.",
}


def validate(chosen: argparse.Namespace) -> int:
    """One answer per file, in the order given; OK when every file could be opened.

    The verdict is in the answer, not in the exit code: a script asks for both, and a file that is
    not valid has been judged as well as one that is.
    """
    from workflow.validating import Sandbox, trust_in

    try:
        trust = trust_in(chosen.anchors, chosen.pki)
    except Refusal as unusable:
        raise Misused(f"--anchors: {unusable}") from unusable
    # Lines on a terminal are progress enough.
    counting = len(chosen.files) > 1 and sys.stderr.isatty() and not sys.stdout.isatty()
    opened = 0
    with Sandbox() as sandbox:
        judging = ThreadPoolExecutor(os.cpu_count())
        try:
            answers = judging.map(partial(_answer, sandbox, trust, chosen), chosen.files)
            for done, answer in enumerate(answers, 1):
                opened += answer["sha256"] is not None
                if chosen.json:
                    say(json.dumps(answer, ensure_ascii=False))
                else:
                    _tell(answer)
                if counting:
                    sys.stderr.write(f"\r{done}/{len(chosen.files)}")
                    sys.stderr.flush()
        finally:  # nobody may want the rest
            judging.shutdown(cancel_futures=True)
    if counting:
        sys.stderr.write("\n")
    return OK if opened == len(chosen.files) else REFUSED


def _answer(
    sandbox: Sandbox, trust: Trust, chosen: argparse.Namespace, path: Path
) -> dict[str, Any]:
    """The contract's keys first, then whatever else the report holds."""
    from workflow.validating import judge

    started = time.perf_counter()
    try:
        # A pipe may never end, and a device has no last byte.
        if not stat.S_ISREG(path.stat().st_mode):
            raise IsADirectoryError
        found = judge(sandbox, path, trust, at=chosen.at, max_bytes=chosen.max_bytes)
        report = json.loads(found.to_json())
    except OSError as fault:
        sentence = _UNOPENED.get(type(fault), f"Không mở được tệp: {fault.strerror}.")
        report = {
            "sha256": None,
            "integrity": "UNREADABLE",
            "verdict": "KHONG_DOC_DUOC",
            "indication": None,
            "sub_indication": None,
            "reasons": [{"code": "unopened", "sentence": sentence}],
            "warnings": [],
            "signatures": [],
            "development": False,
        }
    seconds = round(time.perf_counter() - started, 3)
    values = {"file": str(path), **report, "seconds": seconds}
    return {name: values[name] for name in (*_CONTRACT, *sorted(values.keys() - set(_CONTRACT)))}


def _tell(answer: dict[str, Any]) -> None:
    """The answer for people."""
    marked = " (chữ ký phát triển, không có giá trị pháp lý)" if answer["development"] else ""
    say(f"{answer['file']}: {VERDICTS[answer['verdict']]}{marked}")
    for signature in answer["signatures"]:
        say(f"  {signature['field']}: {signature['indication']}  {signature['signer'] or ''}")
    for finding in (*answer["reasons"], *answer["warnings"]):
        say(f"  {finding['code']}: {finding['sentence']}")


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


def check_kinds(chosen: argparse.Namespace) -> int:
    """Every kind of dossier there is, with the periods it serves and how sure its entries are.

    Raises InvalidDefinition with the place of the first mistake.
    """
    from workflow.lawbook import Lawbook
    from workflow.rules.kinds import Confidence

    for kind in Lawbook.read(chosen.folder).kinds:
        sure = [source.confidence for source in kind.sources]
        counted = ", ".join(
            f"{sure.count(one)} {one.label}" for one in Confidence if sure.count(one)
        )
        say(f"{kind.code} {kind.version}: {kind.title} ({kind.served}) {kind.digest[:12]}")
        say(f"  {len(kind.leaves)} tiêu chí thẩm định; {counted}")
        if kind.caveat:
            say(f"  Lưu ý: {kind.caveat}")
    return OK


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
