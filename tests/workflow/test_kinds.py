"""A kind of dossier that is only a file: an office opens it, and dossiers stay on its text."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.conftest import Clock
from tests.workflow.desk import SPECIALIST, Desk
from workflow.actor import Actor
from workflow.applying import NewDossier, open_dossier
from workflow.dossiers import case_of
from workflow.kinds import kind_of
from workflow.lawbook import kind_texts
from workflow.office import Office
from workflow.records import Dossier
from workflow.rules.errors import Invalid, InvalidDefinition
from workflow.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The operator's folder, with a kind made from one that ships."""
    made = tmp_path / "kinds"
    made.mkdir()
    shipped = kind_texts()["smart_village-1"]
    text = shipped.replace("smart_village", "thon_xanh").replace("periods_to = 2025-12-31\n", "")
    (made / "thon_xanh-1.toml").write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def opened(office_settings: Settings, clock: Clock) -> Callable[[Path | None], Office]:
    """Opens the founded office with a folder of kinds."""

    def opened(kinds: Path | None) -> Office:
        return Office.open(office_settings.model_copy(update={"kinds": kinds}), clock=clock)

    return opened


def test_a_new_kind_is_a_file_and_a_dossier_stays_on_its_text(
    opened: Callable[[Path | None], Office],
    folder: Path,
    office: Office,
    acting: Callable[[str], Actor],
    seat: Callable[[str], uuid.UUID],
    tmp_path: Path,
) -> None:
    desk = Desk(office, acting, seat, tmp_path)
    new = NewDossier(desk.commune, "thon_xanh", "2026", "thôn Mẫu")
    with pytest.raises(Invalid, match="Không có loại hồ sơ “thon_xanh”"):
        desk.do(SPECIALIST, open_dossier, new)

    desk.office = opened(folder)
    dossier_id = desk.do(SPECIALIST, open_dossier, new).dossier_id
    desk.office.close()

    # The file changes, then goes: the dossier is judged by what it was opened on.
    file = folder / "thon_xanh-1.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("days = 30", "days = 3"), encoding="utf-8")
    for kinds in (folder, None):
        desk.office = opened(kinds)
        with desk.office.reading(None) as reading:
            dossier = reading.get(Dossier, dossier_id)
            kind = kind_of(reading, dossier)
            assert (kind.text, kind.days["DOSSIER_APPRAISE"]) == (text, 30)
            assert case_of(reading, dossier_id).definition_name == "dossier"
        if kinds:
            later = desk.do(SPECIALIST, open_dossier, new).dossier_id
            with desk.office.reading(None) as reading:
                assert kind_of(reading, reading.get(Dossier, later)).days["DOSSIER_APPRAISE"] == 3
        desk.office.close()


def test_an_office_does_not_open_with_a_kind_that_is_wrong(
    opened: Callable[[Path | None], Office], folder: Path
) -> None:
    file = folder / "thon_xanh-1.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('stage = "meeting"\n', ""))
    with pytest.raises(InvalidDefinition) as refused:
        opened(folder)
    assert refused.value.place == "thon_xanh-1.component[2].stage"
