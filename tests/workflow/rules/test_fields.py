"""Annex VI part II, field by field; what does not fit is told, never cut."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.rules.fields import FILE, INCOMING, OUTGOING, Field, Form, Kind, fit

LAW = Path(__file__).parents[4] / "shared" / "law"
FIELDS = [
    pytest.param(path, field, id=f"{form.title} {path}")
    for form in (OUTGOING, INCOMING, FILE)
    for path, field in form.fields()
]
#: Part I, III.1.g, by the numbers of part II.
AUTOMATIC = {
    "Văn bản đi": {"1.1", "1.2", "2", "4", "6", "10", "13.1"},
    "Văn bản đến": {"1.1", "1.2", "2", "10", "12", "13"},
    "Hồ sơ": {"1.1", "1.2", "9", "10"},
}


def annexed() -> list[list[list[str]]]:
    """The three tables of part II as the annex has them, less their heads."""
    text = LAW / "nd30-2020-annex-6.md"
    if not text.is_file():
        pytest.skip("the text of Annex VI is not beside this checkout (shared/law)")
    tables: list[list[list[str]]] = []
    for line in text.read_text(encoding="utf-8").splitlines():
        cells = [" ".join(cell.split()) for cell in line.strip().strip("|").split("|")]
        if cells[0] == "STT":
            tables.append([])
        elif line.startswith("|") and "---" not in line:
            tables[-1].append(cells)
    return tables


@pytest.mark.parametrize(("form", "table"), [(OUTGOING, 0), (INCOMING, 1), (FILE, 2)])
def test_every_field_is_as_in_the_annex(form: Form, table: int) -> None:
    ours = []
    for part in form.parts:
        inner = () if isinstance(part, Field) else part.fields
        if inner:
            ours.append([part.number, part.title, part.name, "", ""])
        for one in inner or (part,):
            assert isinstance(one, Field)
            length = "" if one.length is None else str(one.length)
            ours.append([one.number, one.title, one.name, str(one.kind), length])
    # The scanned text has an l for two capital I's.
    law = [
        [number, title, name.replace("Organld", "OrganId").replace("rlnfo", "rInfo"), *rest]
        for number, title, name, *rest in annexed()[table]
    ]
    assert ours == law


@pytest.mark.parametrize("form", [OUTGOING, INCOMING, FILE], ids=lambda form: form.title)
def test_what_the_system_fills_is_what_part_i_says(form: Form) -> None:
    filled = {field.number for _, field in form.fields() if field.automatic}
    assert filled == AUTOMATIC[form.title]


def record(path: str, value: object) -> dict[str, object]:
    group, _, name = path.rpartition("/")
    return {group: {name: value}} if group else {name: value}


@given(data=st.data())
@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_a_value_is_whole_or_refused(path: str, field: Field, data: st.DataObject) -> None:
    form = next(one for one in (OUTGOING, INCOMING, FILE) if (path, field) in list(one.fields()))
    values = {
        Kind.NUMBER: st.integers(-5, 10 ** ((field.length or 0) + 1)),
        Kind.DATE: st.dates(date(1000, 1, 1)),
    }
    edge = field.length or 40
    texts = st.integers(1, edge + 3).map(lambda n: "ề" * n) | st.text(min_size=1, max_size=edge)
    value = data.draw(values.get(field.kind, texts))
    fitted = fit(form, record(path, value))
    written = [
        text
        for name, content in fitted.elements
        for inner, text in (content if not isinstance(content, str) else [(name, content)])
        if inner == field.name
    ]
    if isinstance(value, date):
        assert written == [f"{value:%d/%m/%Y}"]
        assert len(written[0]) == field.length
        return
    whole = unicodedata.normalize("NFC", str(value))
    fits = len(whole) <= (field.length or len(whole)) and (
        field.kind is not Kind.NUMBER or whole.isdigit()
    )
    assert written == ([whole] if fits else [])
    assert [one.path for one in fitted.unfit] == ([] if fits else [path])
    for one in fitted.unfit:
        assert str(field.length) in one.sentence
        assert field.title in one.sentence


def test_letters_are_counted_composed() -> None:
    """ề is one character of the annex, however many code points a keyboard made of it."""
    (fitted, longer) = (
        fit(FILE, {"Creator": unicodedata.normalize("NFD", "ề" * length)}) for length in (30, 31)
    )
    assert fitted.elements == [("Creator", "ề" * 30)]
    assert [one.path for one in longer.unfit] == ["Creator"]


def test_a_code_of_35_characters_does_not_fit() -> None:
    code = "H56.01.02.03.04.05.06.07.08.09.10.1"
    (unfit,) = fit(OUTGOING, {"FileCode": {"OrganId": code}}).unfit
    assert len(code) == 35
    assert unfit.value == code
    assert "13 ký tự" in unfit.sentence
    assert not fit(OUTGOING, {"FileCode": {"OrganId": "000.00.12.H56"}}).unfit


def test_what_the_system_should_fill_and_cannot_is_told() -> None:
    assert fit(FILE, {"DocTotal": 0, "FileCode": {"FileCatalog": 2026}}).unfilled == [
        "FileCode/OrganId",
        "PageTotal",
    ]


def test_a_name_or_a_type_of_no_field_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="Subjekt"):
        fit(OUTGOING, {"Subjekt": "x"})
    with pytest.raises(ValueError, match="OrganID"):
        fit(OUTGOING, {"FileCode": {"OrganID": "x"}})
    for value in ("1", True, date(2026, 1, 1)):
        with pytest.raises(TypeError, match="PageAmount"):
            fit(OUTGOING, {"PageAmount": value})
