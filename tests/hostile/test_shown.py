"""The attacks are real: a viewer shows something else, and another program calls it valid."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.hostile import (
    dangling,
    forms,
    incremental,
    incremental_objects,
    linearized,
    overlays,
    overlays_odd,
    overlays_unseen,
    shadow,
    wrapping,
)
from tests.hostile.cases import Case, Desk
from tests.hostile.paper import FORGED
from tests.hostile.showing import changed
from tests.signing import judges

MODULES = (
    dangling,
    forms,
    incremental,
    incremental_objects,
    linearized,
    overlays,
    overlays_odd,
    overlays_unseen,
    shadow,
    wrapping,
)
CASES: dict[str, Case] = {case.name: case for module in MODULES for case in module.CASES}

#: Some of each class; what else there is differs by viewer.
SHOWN = """
incremental: content replaced, last
incremental: content in an object stream, last
incremental: content behind a hybrid table, last
incremental: history left out
incremental: resurrect, last
incremental: table led into a stream, last
incremental: prepared table
stands on: filter changed, last
shadow: hide, picture made null, last
shadow: hide, resources without it, signed
shadow: replace, appearance removed, last
shadow: replace, viewer told to draw, last
shadow: replace, font with other glyphs, last
shadow: hide and replace by the root, last
shadow: hide and replace by the table alone, last
shadow: layers switched, last
dangling: page content, last
dangling: page content, comments, last
dangling: font, last
dangling: page cropped, last
dangling: validation data, last
dangling: description of the file, last
dangling: an object stream, last
overlay: signature, a white box
overlay: signature, a picture
overlay: signature, a box turned into place
overlay: Stamp annotation, last
overlay: annotation hidden, last
unseen overlay: a box of blue
unseen overlay: grey text below white
unseen overlay: through the window of another signature
unseen overlay: page as large as a wall, whole
unseen overlay: page the wrong way round
odd overlay: a reserved place over the text
odd overlay: a hidden picture shown, last
odd overlay: our number over a drawing
form: box shown as ticked, last
form: text removed, last
form: number shown is another, signed
""".strip().splitlines()

#: A program that looks at the mathematics alone calls these valid.
BELIEVED = """
shadow: hide, picture made null, last
shadow: replace, viewer told to draw, last
shadow: hide and replace by the table alone, last
dangling: page content, last
overlay: signature, a white box
incremental: content replaced, last
linearized: as long as it says when more is appended
wrapping: second byte range in the dictionary
wrapping: second dictionary with the moved range
wrapping: second dictionary with the moved range, own end
""".strip().splitlines()

#: poppler shows the forged text of these.
READ = """
linearized: as long as it says when more is appended
linearized: as long as it says when signed
wrapping: second dictionary with the moved range
incremental: prepared table
""".strip().splitlines()


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("name", SHOWN)
def test_a_viewer_shows_something_else(desk: Desk, name: str) -> None:
    assert changed(CASES[name].build(desk))


@pytest.mark.parametrize("name", BELIEVED)
def test_the_mathematics_hold(desk: Desk, tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(CASES[name].build(desk))
    command = [judges.program("pdfsig", "poppler-utils"), "-nocert", str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid." in shown


@pytest.mark.parametrize("name", READ)
def test_another_viewer_shows_what_was_forged(desk: Desk, tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(CASES[name].build(desk))
    command = [judges.program("pdftotext", "poppler-utils"), str(path), "-"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert FORGED.decode() in shown


def test_an_untouched_file_shows_what_was_signed(desk: Desk) -> None:
    assert not changed(desk.signed().contents)
    assert not changed(desk.signed().sign(desk.agency, "agency").contents)
