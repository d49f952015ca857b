"""The demo keeps its word: every step comes out, and where one does not, it says so."""

from __future__ import annotations

import io
import json
import re
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli import main
from api.commands import INTERRUPTED, OK, REFUSED, USAGE, Misused
from api.demo import play
from api.demo.independent import VALID
from api.demo.papers import DECISION
from api.demo.place import claimed
from api.demo.screen import Screen
from api.demo.stage import COMMUNE, Stage
from api.demo.story import Chapter, Measured, SignedFile, Step, Story
from signing import fields
from tests.api.test_cli import COMMAND, ROOT
from workflow.printing import typeset
from workflow.validating import Sandbox, judge, trust_in
from workflow.verifier.checking import verify

LETTER, TAMPERED = "1-cong-van-01-VPDP-NV.pdf", "2-cong-van-bi-sua-mot-byte.pdf"
PAPER, DECIDED = "3-bao-cao-giay-da-so-hoa.pdf", "4-quyet-dinh-01-QD-UBND.pdf"
RECOGNISED, MATRIX = "5-quyet-dinh-cong-nhan-01-QD-CTUBND.pdf", "6-bieu-tham-dinh.pdf"
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


def listens(printed: str) -> bool:
    """Whether anybody still answers at the address the demo printed."""
    found = ADDRESS.search(printed)
    assert found, printed
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(found[1]))) == 0


def test_the_whole_story(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    subtests: pytest.Subtests,
) -> None:
    out, elsewhere = tmp_path / "demo", tmp_path / "somebody's office"
    monkeypatch.setenv("VANTHU_DATA_DIR", str(elsewhere))
    monkeypatch.setenv("VANTHU_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    threads = threading.active_count()

    code = main(["demo", "--out", str(out)])

    printed = capsys.readouterr().out
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    signed = {one["file"]: one for one in summary["files"]}
    with subtests.test("every step is in order"):
        assert code == OK, printed
        assert len(summary["steps"]) > 120
        for step in summary["steps"]:
            assert list(step) == ["name", "expected", "got", "ok"]
            assert step["ok"] is True
            assert step["got"] == step["expected"]
            assert step["name"] in printed
        assert f"{len(summary['steps'])}/{len(summary['steps'])} bước đúng" in printed
    with subtests.test("the summary says no more and no less"):
        assert list(summary) == ["steps", "indicator", "files", "evidence", "seconds"]
        assert 0 < summary["seconds"] < 600
        assert list(signed) == [LETTER, TAMPERED, PAPER, DECIDED, RECOGNISED, MATRIX]
        assert sorted(path.name for path in (out / "files").iterdir()) == list(signed)
    with subtests.test("refusals come from the server"):
        got = [step["got"] for step in summary["steps"]]
        for kind in ("409 transition-not-allowed", "409 guards-unmet", "403 secret-refused"):
            assert got.count(kind) >= 1, kind
        assert "Chữ ký số không hợp lệ: phải trả lại nơi gửi." in printed
    with subtests.test("four dossiers end as they should"):
        ended = [step["got"] for step in summary["steps"]]
        for state in ("Đã công bố", "Không được công nhận", "Không thu hồi", "Chờ bổ sung hồ sơ"):
            assert state in ended
        assert "82,66 điểm, 4 sao" in ended
        missing = re.findall(r"Thiếu thành phần “(.+?)”", " ".join(printed.split()))
        assert len(missing) == 2
    with subtests.test("the verdicts are those of the validator, without the server"):
        trust = trust_in(None, out / "office" / "pki")
        for name, one in signed.items():
            assert judge(sandbox, out / "files" / name, trust).verdict == one["verdict"]
        verdicts = {name: one["verdict"] for name, one in signed.items()}
        assert verdicts.pop(TAMPERED) == "KHONG_HOP_LE"
        assert verdicts.pop(MATRIX) == "KHONG_CO_CHU_KY"
        assert set(verdicts.values()) == {"HOP_LE"}
    with subtests.test("another validator agrees, where there is one"):
        if shutil.which("pdfsig") is None:
            assert [one["pdfsig"] for one in signed.values()] == [None] * 6
            assert "không có trên máy này" in printed
        else:
            assert signed[LETTER]["pdfsig"] == [VALID, VALID]
            assert signed[TAMPERED]["pdfsig"][0] == VALID  # the person signed before the number
            assert signed[TAMPERED]["pdfsig"][1] != VALID
            assert signed[PAPER]["pdfsig"] == [VALID]
            assert signed[DECIDED]["pdfsig"] == [VALID, VALID]
            assert signed[RECOGNISED]["pdfsig"] == [VALID, VALID]
            assert signed[MATRIX]["pdfsig"] == []
    with subtests.test("number and date are in the bytes"):
        filled = fields.read(out / "files" / DECIDED)
        assert filled["vanthu.number"] == "Số: 01/QĐ-UBND"
        assert re.fullmatch(r"Mẫu, ngày \d\d tháng \d+ năm \d{4}", filled["vanthu.date"])
    with subtests.test("one byte was tampered with"):
        original, altered = ((out / "files" / name).read_bytes() for name in (LETTER, TAMPERED))
        assert len(original) == len(altered)
        assert sum(a != b for a, b in zip(original, altered, strict=True)) == 1
    with subtests.test("the scan is a colour picture of at least 200 dpi, true to size"):
        scan = (out / "files" / PAPER).read_bytes()
        (width,), (height,) = (
            re.findall(side + rb" (\d+)", scan) for side in (b"/Width", b"/Height")
        )
        assert int(width) >= 1653  # A4 is 8.27 x 11.69 inches
        assert int(height) >= 2338
        assert b"/DeviceRGB" in scan
    with subtests.test("the indicator has a reason for every row"):
        assert len(summary["indicator"]) == 2
        for told in summary["indicator"].values():
            rows = 0
            for issuer in told["issuers"]:
                for name in ("outgoing_signed", "incoming_signed"):
                    assert sum(issuer[name]["reasons"].values()) == issuer[name]["rows"]
                    rows += issuer[name]["rows"]
            assert rows == len(told["reasons"]) > 0
    with subtests.test("the auditor's bundle holds, without the office"):
        verdict = verify(out / summary["evidence"]["file"])
        assert verdict.holds
        assert verdict.manifest_sha256 == summary["evidence"]["manifest_sha256"]
        assert verdict.counts["files"] > 3
        assert not verify(out / "evidence-bi-sua.zip").holds
    with subtests.test("nothing is left behind, and nobody else's office was touched"):
        assert not listens(printed)
        assert threading.active_count() == threads
        assert not elsewhere.exists()


def takes_a_secret(stage: Stage) -> None:
    """A step that goes wrong: this arrival is not secret at all."""
    stage.chapter("Nhầm")
    body = {
        "organisation_id": stage.seats[COMMUNE].id,
        "medium": "paper",
        "sender_kind": "agency",
        "sender_name": "Trạm Y tế xã Mẫu",
        "subject": "Báo cáo",
        "secrecy": "none",
    }
    post = stage.counter["xa.vanthu"].post
    stage.refused("Khai độ mật", "403 secret-refused", lambda: post("/incoming-documents", body))


def keeps_a_draft(stage: Stage) -> None:
    stage.keep("nhap.pdf", typeset(DECISION), "KHONG_CO_CHU_KY", "pdfsig: 0 đúng, 0 sai")


def stumbles(stage: Stage) -> None:
    stage.chapter("Vấp")
    stage.counter["xa.vanthu"].get("/nowhere")


def never_comes(stage: Stage) -> None:
    stage.chapter("Không tới")


def test_a_step_that_goes_wrong_is_told_and_ends_in_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no pdfsig there
    screen = io.StringIO()
    chapters = (takes_a_secret, keeps_a_draft, stumbles, never_comes)
    assert play(tmp_path / "demo", screen, chapters) == REFUSED
    summary = json.loads((tmp_path / "demo" / "summary.json").read_text(encoding="utf-8"))
    wrong, kept, stumbled = summary["steps"]
    assert (wrong["got"], wrong["ok"]) == ("không bị từ chối", False)
    assert (kept["got"], kept["ok"]) == ("không có chữ ký số", True)
    assert summary["files"] == [{"file": "nhap.pdf", "verdict": "KHONG_CO_CHU_KY", "pdfsig": None}]
    assert "404 not-found" in stumbled["got"]
    assert stumbled["ok"] is False
    assert "the demo cannot go on" in caplog.text
    printed = screen.getvalue()
    assert "mong đợi: 403 secret-refused" in printed
    assert "1/3 bước đúng" in printed
    assert "không có trên máy này" in printed
    assert "Không tới" not in printed
    assert not listens(printed)


def test_ctrl_c_ends_it_and_leaves_no_server(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [*COMMAND, "demo", "--out", str(tmp_path / "demo")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # Whoever runs the tests in the background may have told them to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stdout
    printed = ""
    for line in running.stdout:
        printed += line
        if "✓" in line:
            break
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == INTERRUPTED, said
    assert "Traceback" not in said
    assert not listens(printed)
    assert not (tmp_path / "demo" / "summary.json").exists()


def test_a_folder_that_is_not_the_demos_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine" / "files" / "letter.pdf"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert main(["demo", "--out", str(tmp_path / "mine")]) == USAGE
    assert "hãy chọn --out khác" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    assert list((tmp_path / "mine").iterdir()) == [mine.parent]


def test_only_what_a_demo_made_is_made_anew(tmp_path: Path) -> None:
    out, outside = tmp_path / "demo", tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    with claimed(out):
        (out / "files" / "old.pdf").touch()
        (out / "summary.json").touch()
        (out / "office").symlink_to(outside)
    (out / "notes.txt").touch()
    with claimed(out):
        assert list((out / "files").iterdir()) == []
        assert not (out / "summary.json").exists()
        assert not (out / "office").is_symlink()
        assert (out / "notes.txt").exists()
    assert (outside / "kept").exists()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_the_folder_must_be_one(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "demo"
    if kind == "file":
        out.touch()
    else:
        (tmp_path / "empty").mkdir()
        out.symlink_to(tmp_path / "empty")
    with pytest.raises(Misused, match="không phải thư mục"), claimed(out):
        pass


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with claimed(tmp_path / "demo"):
        (tmp_path / "demo" / "office").mkdir()
        with pytest.raises(Misused, match="đang chạy"), claimed(tmp_path / "demo"):
            pass
        assert (tmp_path / "demo" / "office").is_dir()


class Terminal(io.StringIO):
    """Somebody is looking."""

    def isatty(self) -> bool:
        return True


def told(step: Step) -> Story:
    fraction: dict[str, Any] = {
        "rows": 2,
        "numerator": 1,
        "denominator": 2,
        "text": "50,00%",
        "reasons": {"signed": 1, "on_paper": 1},
    }
    names = ("outgoing_processed", "outgoing_signed", "incoming_processed", "incoming_signed")
    issuer: dict[str, Any] = {"issuer": "Ủy ban nhân dân xã Mẫu", **dict.fromkeys(names, fraction)}
    return Story(
        [Chapter("Chương một", [step])],
        [SignedFile("tep.pdf", "HOP_LE", (VALID, VALID)), SignedFile("khac.pdf", "HOP_LE", None)],
        [Measured("UBND xã Mẫu", {"period": "2026", "issuers": [issuer]}, [])],
        1.5,
    )


sentences = st.lists(
    st.text("abcđêôơưạảấềỗợựỵ", min_size=1, max_size=14), min_size=1, max_size=20
).map(" ".join)


@given(st.integers(60, 160), st.builds(Step, sentences, sentences, sentences))
def test_tables_fit_the_window_and_say_everything(columns: int, step: Step) -> None:
    screen = io.StringIO()
    shown = Screen(screen, columns)
    shown.step(step)
    live = screen.getvalue()
    screen.truncate(screen.seek(0))
    shown.outcome(told(step))
    table = screen.getvalue()
    assert max(map(len, table.splitlines())) <= min(columns, 120)
    for text in (step.name, step.expected, step.got):
        assert set(text.split()) <= set(table.split())
    assert ("✓" if step.ok else "✗") in live
    assert ("✓" in table) == step.ok
    assert "2 × Signature is Valid." in table
    assert "1/2 = 50,00%" in table
    assert columns < 100 or "1 đã ký số đầy đủ; 1 văn bản giấy" in table
    assert "\033" not in live + table


@pytest.mark.parametrize(("no_colour", "coloured"), [(None, True), ("1", False)])
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, no_colour: str | None, coloured: bool
) -> None:
    if no_colour is None:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", no_colour)
    terminal = Terminal()
    Screen(terminal, 100).outcome(told(Step("Ký số", "được", "được")))
    assert ("\033[32m✓\033[0m" in terminal.getvalue()) is coloured


@pytest.mark.parametrize("story", [Story(), Story([Chapter("Trống")])])
def test_a_story_in_which_nothing_happened_is_not_in_order(story: Story) -> None:
    assert not story.ok


def test_every_letter_of_a_table_is_one_column_wide() -> None:
    decomposed = "Quye\u0302\u0301t đi\u0323nh"
    screen = io.StringIO()
    Screen(screen, 100).outcome(told(Step(decomposed, "a", "a")))
    assert "✓ Quyết định  a" in screen.getvalue()
