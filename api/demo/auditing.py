"""What an auditor takes home, and what becomes of a bundle that somebody touched."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import api
from api.demo.stage import COMMUNE, Stage, day_of
from workflow import checkpointing
from workflow.inspecting import inspect
from workflow.verifier.checking import verify
from workflow.verifier.findings import Rule, Verdict

BUNDLE, SPOILED, BOOKS = "evidence.zip", "evidence-bi-sua.zip", "so-dang-ky"
_AUDITOR = "xa.kiemtoan"
_ALL_HOLDS = "không có phát hiện nào"
_WHAT = {
    "entries": "mục nhật ký",
    "rows": "bản ghi",
    "facts": "lần tính chỉ số",
    "documents": "văn bản",
    "pieces": "chứng cứ của chữ ký",
    "files": "tệp thẩm định lại",
}
#: Beside the project's sources; an installed Vanthu has none.
_CHECK = Path(api.__file__).parents[1] / "docs" / "auditing" / "check.py"


def auditor_takes_evidence_home(stage: Stage) -> None:
    """A bundle under a signed checkpoint, checked offline by two programs that share nothing."""
    stage.chapter("22. Kiểm toán viên mang chứng cứ về nhà")
    auditor, seat = stage.counter[_AUDITOR], stage.seats[COMMUNE]
    checkpointing.append(stage.office)  # what the job does every minute
    checkpointing.stamp(stage.office)
    head = auditor.get(f"/organisations/{seat.id}/journal/verification")
    receipt = auditor.get(
        f"/organisations/{seat.id}/journal/receipt", sequence=str(head["entries"])
    )
    stage.tell(
        "Điểm kiểm soát đã ký, có dấu thời gian, phủ đến mục nhật ký cuối",
        "đã phủ",
        "đã phủ" if receipt["state"] == "covered" else receipt["state"],
    )
    year = str(day_of(stage).year)
    bundle = stage.folder / BUNDLE
    bundle.write_bytes(auditor.fetch(f"/organisations/{seat.id}/evidence?period={year}&pdfs=true"))
    verdict = verify(bundle)
    stage.tell("vanthu verify, không cần máy chủ", _ALL_HOLDS, _found(verdict), *_counts(verdict))
    stage.story.evidence = {"file": BUNDLE, "manifest_sha256": verdict.manifest_sha256 or ""}
    told = stage.story.measured[0].indicator["issuers"][0]["outgoing_signed"]
    counted: Any = verdict.indicators[0]["outgoing_signed"]
    stage.tell(
        "Tỷ lệ văn bản đi ký số, tính lại từ chứng cứ",
        f"{told['numerator']}/{told['denominator']}",
        f"{counted['numerator']}/{counted['denominator']}",
    )
    if _CHECK.exists():
        run = subprocess.run(  # noqa: S603  our own program, on our own file
            [sys.executable, _CHECK, bundle], capture_output=True, text=True, encoding="utf-8"
        )
        stage.tell("check.py, Python không cài thêm gì", "ĐẠT", run.stdout.split("\n")[-2])


def tampering_is_found(stage: Stage) -> None:
    """One number changed in a row, and the manifest made to agree."""
    stage.chapter("23. Sửa một số văn bản trong gói chứng cứ, sửa cả bản kê cho khớp")
    spoiled = stage.folder / SPOILED
    _spoil(stage.folder / BUNDLE, spoiled)
    findings = verify(spoiled).findings
    edited = [one.place.split()[0] for one in findings if one.rule is Rule.ROW_EDITED]
    stage.tell(
        "vanthu verify chỉ ra đúng bản ghi bị sửa",
        "register_entry",
        ", ".join(edited) or "không thấy",
        *dict.fromkeys(one.rule.sentence for one in findings),
    )
    wrong = [f"{finding.kind.value} {finding.place}" for finding in inspect(stage.office)]
    stage.tell(
        "vanthu fsck trên văn phòng, không ai sửa", _ALL_HOLDS, "; ".join(wrong) or _ALL_HOLDS
    )


def law_is_accounted_for(stage: Stage) -> None:
    """The registers of Annex IV, and what violates which clause."""
    stage.chapter("24. Sổ đăng ký, và việc chấp hành Nghị định")
    seat, clerk = stage.seats[COMMUNE], stage.counter["xa.vanthu"]
    year = day_of(stage).year
    (stage.folder / BOOKS).mkdir()
    for form, magic in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("xml", b"<?xml")):
        name = f"so-dang-ky-van-ban-di-{year}.{form}"
        content = clerk.fetch(
            f"/organisations/{seat.id}/books/outgoing-register.{form}"
            f"?period={year}&issuer={seat.issuers['UBND']}"
        )
        (stage.folder / BOOKS / name).write_bytes(content)
        stage.tell(name, "đúng định dạng", "đúng định dạng" if content.startswith(magic) else "sai")
    answer = stage.counter[_AUDITOR].get("/conformance", organisation=seat.id)
    stage.tell(
        "Vi phạm theo từng điều của Nghị định 30/2020, đếm trực tiếp",
        "không có",
        "; ".join(f"{one['code']} {one['count']}" for one in answer["violations"] if one["count"])
        or "không có",
    )


def _found(verdict: Verdict) -> str:
    return "; ".join(f"{one.rule.value} {one.place}" for one in verdict.findings) or _ALL_HOLDS


def _counts(verdict: Verdict) -> list[str]:
    return [", ".join(f"{many} {_WHAT[what]}" for what, many in verdict.counts.items())]


def _spoil(bundle: Path, target: Path) -> None:
    """A later number in the first register entry, and the manifest of what is there now."""
    members: list[dict[str, object]] = []
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(target, "w") as spoiled:
        done = False
        for name in source.namelist():
            data = source.read(name)
            if not done and name.startswith("rows/") and b'"number":1,' in data:
                data, done = data.replace(b'"number":1,', b'"number":9,', 1), True
            if name == "manifest.json":
                data = json.dumps(
                    {"members": members, "version": 1},
                    ensure_ascii=False,
                    sort_keys=True,
                    separators=(",", ":"),
                ).encode()
            spoiled.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
            members.append(
                {"bytes": len(data), "name": name, "sha256": hashlib.sha256(data).hexdigest()}
            )
