"""`vanthu fsck`, `vanthu journal verify`: is everything that is kept as it was kept?"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

from api.commands import OK, REFUSED, say

if TYPE_CHECKING:
    from workflow.inspecting import Stage


def fsck(chosen: argparse.Namespace) -> int:
    """Everything that is not as it should be, a line each as it is found; OK when nothing is."""
    from workflow.inspecting import STAGES

    return _inspect(tuple(STAGES), "Kho lưu trữ toàn vẹn.", as_json=chosen.json)


def verify_journal(_chosen: argparse.Namespace) -> int:
    """Every chain to its head, and every evidence row against its last digest."""
    from workflow.inspecting import JOURNAL

    return _inspect(JOURNAL, "Nhật ký toàn vẹn.")


def _inspect(stages: tuple[Stage, ...], whole: str, *, as_json: bool = False) -> int:
    """Look, tell, and in the end say how it is; `whole` where nothing was found."""
    from api.commands.opening import opened
    from workflow.inspecting import SENTENCES, inspect

    found: Counter[str] = Counter()
    looked_at: dict[Stage, int] = {}
    telling = sys.stderr.isatty()

    def progress(stage: Stage, many: int) -> None:
        looked_at[stage] = many
        if telling:
            done = f"[{'#' * len(looked_at)}{'.' * (len(stages) - len(looked_at))}]"
            sys.stderr.write(f"\r\033[K{done} {stage.value} {many}")
            sys.stderr.flush()

    with opened() as office:
        for finding in inspect(office, progress, stages):
            found[finding.kind.value] += 1
            if telling:
                sys.stderr.write("\r\033[K")
            if as_json:
                say(json.dumps({"kind": finding.kind.value, "place": finding.place}))
            else:
                say(f"{SENTENCES[finding.kind]}: {finding.place}")
    if telling:
        sys.stderr.write("\r\033[K")
    if as_json:
        say(
            json.dumps(
                {
                    "looked_at": {stage.value: looked_at[stage] for stage in stages},
                    "found": dict(sorted(found.items())),
                }
            )
        )
    else:
        say(f"Phát hiện {found.total()} chỗ không đúng." if found else whole)
    return REFUSED if found else OK
