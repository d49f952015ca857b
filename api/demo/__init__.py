"""`vanthu demo`: the main job on a fresh office, over HTTP, shown step by step.

Exit code 0 when every step was in order; the result is in `summary.json` and `files/`.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from api.commands import OK, REFUSED
from api.demo import (
    appraisal,
    auditing,
    council,
    decision,
    letters,
    product,
    proof,
    self_assessment,
    setbacks,
)
from api.demo.place import claimed, served
from api.demo.screen import Screen
from api.demo.stage import Stage

CHAPTERS = (
    letters.letter_goes_out,
    letters.letter_comes_in,
    letters.tampered_letter_goes_back,
    letters.paper_is_digitised,
    decision.images_are_registered,
    decision.decision_is_drafted,
    decision.too_early_is_refused,
    decision.decision_is_issued,
    decision.work_is_completed,
    self_assessment.commune_prepares,
    self_assessment.commune_applies,
    appraisal.departments_appraise,
    council.council_votes,
    council.province_recognises,
    council.withdrawal_is_reviewed,
    setbacks.smart_commune_is_sent_back,
    setbacks.village_is_refused,
    product.product_is_rated,
    proof.secrets_stay_out,
    proof.files_are_judged,
    proof.indicator_is_measured,
    auditing.auditor_takes_evidence_home,
    auditing.tampering_is_found,
    auditing.law_is_accounted_for,
)
log = logging.getLogger("vanthu.demo")


def main(chosen: argparse.Namespace) -> int:
    """Play the whole story into `--out`. Raises Misused when that folder is somebody else's."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            errors="replace"
        )  # a terminal without Vietnamese is no reason to die
    return play(chosen.out, sys.stdout)


def play(out: Path, screen: TextIO, chapters: Sequence[Callable[[Stage], None]] = CHAPTERS) -> int:
    """Play `chapters` on a fresh office in `out`; REFUSED when one step was not in order."""
    started = time.monotonic()
    shown = Screen(screen)
    with claimed(out):
        shown.line("Vanthu: một vòng công việc thật trên một văn phòng mới, qua HTTP")
        with served(out / "office") as (counter, office):
            shown.line(f"Máy chủ {counter.address}, dữ liệu trong {out / 'office'}")
            stage = Stage(counter, office, shown, out)
            _tell_all(stage, chapters)
        story = stage.story
        story.seconds = time.monotonic() - started
        summary = json.dumps(story.summary(), ensure_ascii=False, indent=2)
        (out / "summary.json").write_text(summary + "\n", encoding="utf-8")
    shown.outcome(story)
    in_order = sum(step.ok for step in story.steps)
    shown.line()
    seconds = f"{story.seconds:.1f}".replace(".", ",")
    shown.line(f"{in_order}/{len(story.steps)} bước đúng như mong đợi, {seconds} giây.")
    shown.line(f"Kết quả: {out / 'summary.json'}; tệp: {out / 'files'}.")
    shown.line(f"Gói chứng cứ cho kiểm toán: {out / auditing.BUNDLE}.")
    shown.line("Chữ ký trong bản trình diễn là chữ ký phát triển, không có giá trị pháp lý.")
    return OK if story.ok else REFUSED


def _tell_all(stage: Stage, chapters: Sequence[Callable[[Stage], None]]) -> None:
    """Until the end, or until what happened leaves no way on: that is a step as well."""
    try:
        stage.look_around()
        for chapter in chapters:
            chapter(stage)
    except Exception as fault:
        if not stage.story.chapters:
            stage.chapter("Văn phòng mới")
        log.exception("the demo cannot go on")
        stage.tell("Đi tiếp", "không có lỗi", f"{type(fault).__name__}: {fault}")
