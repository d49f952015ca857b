"""The demo's story, the main job from intake to issue, against real processes on real engines."""

from __future__ import annotations

import io
import json
from contextlib import closing
from pathlib import Path

import pytest

from api.demo import CHAPTERS
from api.demo.counter import counter_at
from api.demo.screen import Screen
from api.demo.stage import Stage
from tests.trips.engines import Engines
from workflow.office import Office


# On embedded engines `tests/api/test_demo.py` tells it, by the command itself.
@pytest.mark.parametrize("engines", ["real"], indirect=True)
def test_the_main_job(engines: Engines, tmp_path: Path) -> None:
    folder = tmp_path / "story"
    (folder / "files").mkdir(parents=True)
    with engines.server() as running, engines.worker():
        password = json.loads((running.data_dir / "accounts.json").read_text())["password"]
        with (
            counter_at(str(running.http.base_url), password) as counter,
            closing(Office.open(engines.opened)) as office,
        ):
            stage = Stage(counter, office, Screen(io.StringIO()), folder)
            stage.look_around()
            for chapter in CHAPTERS:
                chapter(stage)
    told = [(step.name, step.expected, step.got) for step in stage.story.steps if not step.ok]
    assert told == []
    assert len(stage.story.chapters) == len(CHAPTERS)
    # A volume of a dossier is a copy to read: it bears no signature.
    verdicts = {file.verdict for file in stage.story.files}
    assert verdicts == {"HOP_LE", "KHONG_HOP_LE", "KHONG_CO_CHU_KY"}
