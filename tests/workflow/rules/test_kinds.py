"""Kinds of dossier: those that ship, what is refused at load and where, which version applies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from tests.workflow.rules.law import law_text
from workflow.lawbook import Lawbook, kind_texts
from workflow.rules import citations, dossier
from workflow.rules.errors import Invalid, InvalidDefinition
from workflow.rules.indicator import parse_period
from workflow.rules.kind_files import load, parse
from workflow.rules.kinds import FIELD_LABELS, Confidence, Kind, Rule, choose

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "dossier-kinds.md").read_text(encoding="utf-8")
LAW = Lawbook.read()
KINDS = LAW.kinds
BY_NAME = {f"{kind.code}-{kind.version}": kind for kind in KINDS}
TYPES = ("bao_cao", "bien_ban", "to_trinh")


# What ships, held to rulebook §4.


def test_every_kind_of_the_programme_ships() -> None:
    assert sorted(BY_NAME) == [
        "commune_ntm-1",
        "commune_ntm-2",
        "commune_ntm_hien_dai-1",
        "commune_ntm_kieu_mau-1",
        "commune_ntm_nang_cao-1",
        "ocop_product-1",
        "ocop_product-2",
        "smart_commune-1",
        "smart_village-1",
    ]
    assert {kind.procedure for kind in KINDS if kind.code != "ocop_product"} == {"dossier"}


def test_19_criteria_and_the_parts_of_the_eighth() -> None:
    kind = BY_NAME["commune_ntm-1"]
    assert [one.code for one in kind.tops] == [str(n) for n in range(1, 20)]
    parts = [one.code for one in kind.criteria if one.part_of == "8"]
    assert parts == ["8.1", "8.2", "8.3", "8.4"]
    assert len(kind.leaves) == 18 + 4
    assert len(BY_NAME["commune_ntm_nang_cao-1"].tops) == 19


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("commune_ntm-1", ["Môi trường và an toàn thực phẩm", "Quốc phòng và An ninh", "Thu nhập"]),
        (
            "commune_ntm_nang_cao-1",
            ["Chất lượng môi trường sống", "Môi trường", "Quốc phòng và An ninh", "Thu nhập"],
        ),
    ],
)
def test_the_key_criteria_of_withdrawal(name: str, keys: list[str]) -> None:
    kind = BY_NAME[name]
    assert kind.withdrawal is not None
    assert sorted(kind.criterion(code).title for code in kind.withdrawal.key_criteria) == keys
    assert kind.withdrawal.with_key == Fraction(3, 10)
    assert kind.withdrawal.without_key == Fraction(1, 2)


def test_the_set_of_2026_has_10_criteria_3_groups_and_no_rule_of_withdrawal() -> None:
    kind = BY_NAME["commune_ntm-2"]
    assert len(kind.tops) == len(kind.leaves) == 10
    assert [group.code for group in kind.groups] == ["1", "2", "3"]
    assert kind.withdrawal is None


def test_four_items_make_a_model_commune_that_was_an_advanced_one() -> None:
    kind = BY_NAME["commune_ntm_kieu_mau-1"]
    assert len(kind.tops) == 4
    assert kind.requires == ("commune_ntm_nang_cao",)


@pytest.mark.parametrize("name", [name for name in BY_NAME if name.startswith("commune_ntm")])
def test_a_communes_dossier_has_its_parts_and_conditions(name: str) -> None:
    kind = BY_NAME[name]
    stages = {one.code: one.stage.value for one in kind.components if one.required}
    assert stages == {
        "bao_cao_y_kien": "consultation",
        "bien_ban_hop": "meeting",
        "to_trinh": "submission",
        "bao_cao_ket_qua": "submission",
        "bao_cao_no_dong": "submission",
        "bao_cao_hai_long": "submission",
    }
    satisfaction, debt, security = kind.conditions
    assert (satisfaction.minimum, satisfaction.component) == (90, "bao_cao_hai_long")
    assert satisfaction.source.confidence is Confidence.MEMORY
    assert (debt.minimum, debt.component, security.minimum) == (None, "bao_cao_no_dong", None)
    assert (kind.vote.share, kind.vote.quorum) == (Fraction(9, 10), Fraction(2, 3))


def test_a_smart_commune_has_11_items_of_which_7_are_known_and_one_is_a_figure() -> None:
    kind = BY_NAME["smart_commune-1"]
    assert len(kind.tops) == 11
    unknown = [one for one in kind.tops if "chưa công bố toàn văn" in one.title]
    assert len(unknown) == 4
    assert {one.source.confidence for one in unknown} == {Confidence.OURS}
    (figure,) = (one for one in kind.tops if one.figure is not None)
    assert figure.title == ("100% văn bản đến và văn bản đi được xử lý, ký số trên môi trường mạng")
    assert (figure.figure, figure.slots) == ("indicator", ())
    assert all(one.slots for one in kind.tops if one is not figure)


@pytest.mark.parametrize("version", [1, 2])
def test_ocop_weights_stars_and_validity(version: int) -> None:
    kind = BY_NAME[f"ocop_product-{version}"]
    assert (kind.procedure, kind.rule) == ("rating", Rule.POINTS)
    assert {one.code: one.points for one in kind.tops} == {"A": 40, "B": 25, "C": 35}
    assert [(one.stars, one.at_least, one.decided_by) for one in kind.grades] == [
        (5, 90, "centre"),
        (4, 70, "province"),
        (3, 50, "province"),
        (2, 30, "nobody"),
        (1, 0, "nobody"),
    ]
    assert kind.validity_months == 36


def test_what_was_not_read_says_so() -> None:
    for kind in KINDS:
        guessed = {source.confidence for source in kind.sources} - {Confidence.READ}
        assert guessed  # the deadlines at least
        assert all(one.source.confidence is not Confidence.READ for one in kind.deadlines)
    assert [name for name, kind in BY_NAME.items() if kind.caveat is None] == [
        "commune_ntm_kieu_mau-1"
    ]


def test_every_text_that_is_named_is_on_the_status_board() -> None:
    """National ones: what a province decides, and what is ours, is not on it."""
    board = citations.parse(law_text("legal_basis"))
    named = {source.legal_basis for kind in KINDS for source in kind.sources}
    national = {one for one in named if re.match(r"QĐ \S*QĐ-TTg", one)}
    assert {
        one for one in national if citations.cited(board, one.replace(",", "")) is None
    } == set()
    assert len(national) > 5
    assert {one for one in named - national if not re.search("phần mềm|Thanh Hóa", one)} == set()


def described() -> Iterator[str]:
    """The table of docs/dossier-kinds.md, made from the data."""
    sure = [*Confidence]
    yield f"| Kind | Periods | Rests on | {' | '.join(f'`{one}`' for one in sure)} |"
    yield f"|---|---|---|{'---|' * len(sure)}"
    for kind in KINDS:
        until = f"{kind.periods_to:%Y-%m-%d}" if kind.periods_to else "open"
        counts = [[one.confidence for one in kind.sources].count(each) for each in sure]
        yield (
            f"| `{kind.code}` {kind.version}: {kind.title} | {kind.periods_from} to {until}"
            f" | {kind.source.legal_basis} | {' | '.join(map(str, counts))} |"
        )


def test_the_page_tells_what_ships() -> None:
    assert "\n".join(described()) in PAGE
    for kind in KINDS:
        assert kind.caveat is None or f"- `{kind.code}` {kind.version}: {kind.caveat}" in PAGE
    for field, label in FIELD_LABELS.items():
        assert f"| `{field}` | {label} |" in PAGE


def test_the_page_explains_every_key_there_is() -> None:
    used = set(re.findall(r"^\[{0,2}([a-z_]+)\b", "\n".join(kind_texts().values()), re.MULTILINE))
    assert [key for key in sorted(used) if not re.search(rf"`\[{{0,2}}{key}\b", PAGE)] == []


# What is refused, and where.

GOOD = """\
code = "xa_xanh"
version = 1
title = "Xã xanh"
recognises = "commune"
procedure = "dossier"
rule = "all_met"
periods_from = 2026-01-01
periods_to = 2026-12-31
legal_basis = "QĐ 1/QĐ-UBND"
confidence = "read"

[[group]]
code = "nui"
title = "Miền núi"

[[slot]]
code = "minh_chung"
title = "Minh chứng"

[[component]]
code = "to_trinh"
title = "Tờ trình"
doc_types = ["to_trinh"]
stage = "submission"
confidence = "read"

[[criterion]]
code = "1"
title = "Cây xanh"
confidence = "read"

[[criterion]]
code = "1.1"
title = "Cây ven đường"
part_of = "1"
field = "xay_dung"
targets = { nui = "100 cây" }
confidence = "read"

[[criterion]]
code = "2"
title = "Nước sạch"
field = "y_te"
figure = "indicator"
slot = []
confidence = "ours"
legal_basis = "riêng"

[[condition]]
code = "hai_long"
title = "Hài lòng"
minimum = "92.5"
component = "to_trinh"
confidence = "read"

[vote]
quorum = "1/2"
share = "1"
confidence = "read"

[[deadline]]
code = "DOSSIER_CHECK"
days = 1
confidence = "read"

[[deadline]]
code = "DOSSIER_SUPPLEMENT"
days = 1
confidence = "read"

[[deadline]]
code = "DOSSIER_APPRAISE"
days = 1
confidence = "read"

[[deadline]]
code = "DOSSIER_DECIDE"
days = 1
confidence = "read"

[[deadline]]
code = "DOSSIER_PUBLISH"
days = 1
confidence = "read"

[withdrawal]
with_key = "3/10"
without_key = "1/2"
key_criteria = ["2"]
confidence = "read"
"""

RATED = (
    GOOD.replace('"xa_xanh"', '"san_pham"')
    .replace('procedure = "dossier"', 'procedure = "rating"')
    .replace('rule = "all_met"', 'rule = "points"')
    .replace('title = "Cây xanh"', 'title = "Cây xanh"\npoints = 40')
    .replace('title = "Cây ven đường"', 'title = "Cây ven đường"\npoints = 40')
    .replace('title = "Nước sạch"', 'title = "Nước sạch"\npoints = 60')
) + "".join(
    f'[[grade]]\nstars = {stars}\nat_least = "{bound}"\ndecided_by = "province"\n'
    'confidence = "read"\n\n'
    for stars, bound in ((3, 50), (2, 30), (1, 0))
)


def loaded(*texts: str) -> tuple[Kind, ...]:
    named = [(f"{parse(text).code}-{parse(text).version}", text) for text in texts]
    return load(named, TYPES, LAW.workflows)


def test_a_kind_is_read_as_it_is_written() -> None:
    kind, rated = sorted(loaded(GOOD, RATED), key=lambda one: one.rule)
    assert (kind.code, kind.version, kind.title) == ("xa_xanh", 1, "Xã xanh")
    whole, part, figure = kind.criteria
    assert kind.leaves == (part, figure)
    assert kind.tops == (whole, figure)
    assert (whole.slots, [slot.code for slot in part.slots]) == ((), ["minh_chung"])
    assert dict(part.targets) == {"nui": "100 cây"}
    assert (part.source.legal_basis, figure.source.legal_basis) == ("QĐ 1/QĐ-UBND", "riêng")
    assert kind.conditions[0].minimum == Fraction(185, 2)
    assert set(kind.days) == dossier.CATALOGUE.deadlines
    assert kind.text == GOOD
    assert [one.points for one in rated.tops] == [40, 60]


#: A mistake: of which text, what is replaced by what, the place that is named, what is said.
MISTAKES = {
    "an unknown key": (GOOD, 'title = "Xã xanh"', 'title = "x"\nmau = 1', "", "mau"),
    "an unknown key of an entry": (GOOD, "part_of =", "part_off =", ".criterion[2]", "part_off"),
    "no title": (GOOD, 'title = "Nước sạch"\n', "", ".criterion[3].title", "thiếu"),
    "no confidence": (GOOD, '"read"\n\n[[group]]', '"sure"\n[[group]]', ".confidence", "read"),
    "a code with a comma": (GOOD, 'code = "2"', 'code = "2,3"', ".criterion[3].code", "“_”"),
    "version 0": (GOOD, "version = 1", "version = 0", ".version", "từ 1"),
    "no such procedure": (GOOD, '"dossier"', '"task"', ".procedure", "task"),
    "votes where points are given": (GOOD, '"dossier"', '"rating"', ".procedure", "all_met"),
    "points where votes are given": (RATED, '"rating"', '"dossier"', ".procedure", "points"),
    "an end before its beginning": (GOOD, "2026-12-31", "2025-12-31", ".periods_to", "sớm"),
    "validity of nothing": (GOOD, "rule =", "validity_months = 0\nrule =", ".validity_months", "1"),
    "no such type": (GOOD, '["to_trinh"]', '["to_tring"]', ".component[1].doc_types", "to_tring"),
    "no such stage": (GOOD, '"submission"', '"later"', ".component[1].stage", "meeting"),
    "a code twice": (GOOD, 'code = "2"', 'code = "1"', ".criterion[3].code", "hai lần"),
    "part of nothing": (GOOD, 'part_of = "1"', 'part_of = "9"', ".criterion[2].part_of", "“9”"),
    "part of itself": (GOOD, 'part_of = "1"', 'part_of = "1.1"', ".criterion[2].part_of", "vòng"),
    "a circle of parts": (
        GOOD,
        'title = "Cây xanh"',
        'title = "Cây xanh"\npart_of = "1.1"',
        ".criterion[1].part_of",
        "1 → 1.1 → 1",
    ),
    "nobody appraises it": (GOOD, 'field = "y_te"\n', "", ".criterion[3].field", "thiếu"),
    "no such field": (GOOD, '"y_te"', '"y_hoc"', ".criterion[3].field", "y_hoc"),
    "a whole is appraised": (
        GOOD,
        'title = "Cây xanh"',
        'title = "Cây xanh"\nfield = "y_te"',
        ".criterion[1].field",
        "chỉ tiêu",
    ),
    "no such figure": (GOOD, '"indicator"', '"tables"', ".criterion[3].figure", "indicator"),
    "no such group": (GOOD, "{ nui =", "{ bien =", ".criterion[2].targets.bien", "nhóm"),
    "a group without a target": (
        GOOD,
        '[[group]]\ncode = "nui"',
        '[[group]]\ncode = "bien"\ntitle = "Biển"\n\n[[group]]\ncode = "nui"',
        ".criterion[2].targets",
        "đủ mức",
    ),
    "no such component": (
        GOOD,
        'component = "to_trinh"',
        'component = "x"',
        ".condition[1].component",
        "“x”",
    ),
    "a rate beyond 100": (GOOD, '"92.5"', '"100.5"', ".condition[1].minimum", "100"),
    "a rate that is no text": (GOOD, '"92.5"', "92.5", ".condition[1].minimum", "chuỗi"),
    "a quorum of nobody": (GOOD, '"1/2"\nshare', '"0"\nshare', ".vote.quorum", "trên 0"),
    "a share beyond all": (GOOD, 'share = "1"', 'share = "11/10"', ".vote.share", "đến 1"),
    "a share of nothing": (GOOD, 'share = "1"', 'share = "1/0"', ".vote.share", "2/3"),
    "a share in words": (GOOD, 'share = "1"', 'share = "90%"', ".vote.share", "2/3"),
    "no vote": (GOOD, "[vote]", "[bote]", ".vote", "thiếu"),
    "an unknown deadline": (
        GOOD,
        "DOSSIER_CHECK",
        "DOSSIER_CHEKC",
        ".deadline[1].code",
        "DOSSIER_CHEKC",
    ),
    "a deadline of no days": (GOOD, "days = 1", "days = 0", ".deadline[1].days", "từ 1"),
    "a deadline too few": (
        GOOD,
        '[[deadline]]\ncode = "DOSSIER_PUBLISH"\ndays = 1\nconfidence = "read"\n',
        "",
        ".deadline",
        "DOSSIER_PUBLISH",
    ),
    "a key criterion there is not": (
        GOOD,
        'key_criteria = ["2"]',
        'key_criteria = ["1.1"]',
        ".withdrawal.key_criteria",
        "1.1",
    ),
    "withdrawn sooner without a key": (GOOD, '"3/10"', '"6/10"', ".withdrawal.with_key", "without"),
    "points where none are given": (
        GOOD,
        'title = "Nước sạch"',
        'title = "Nước sạch"\npoints = 1',
        ".criterion[3].points",
        "rule = points",
    ),
    "no weight": (RATED, "points = 60\n", "", ".criterion[3].points", "thiếu"),
    "a weight of nothing": (RATED, "points = 60", "points = 0", ".criterion[3].points", "từ 1"),
    "parts that are not their whole": (
        RATED,
        "points = 40\npart_of",
        "points = 39\npart_of",
        ".criterion[1].points",
        "39, không phải 40",
    ),
    "99 points in all": (RATED, "points = 60", "points = 59", ".criterion", "99"),
    "no grades": (RATED, RATED[RATED.index("[[grade]]") :], "", ".grade", "thiếu"),
    "grades upside down": (RATED, '"30"', '"60"', ".grade[2]", "cao xuống thấp"),
    "a grade left out": (RATED, "stars = 1\n", "stars = 0\n", ".grade[3]", "không bỏ hạng"),
    "grades that do not reach 0": (RATED, 't = "0"', 't = "1"', ".grade[3].at_least", "từ 0"),
    "a grade beyond 100": (RATED, '"50"', '"101"', ".grade[1].at_least", "100"),
    "grades where none are given": (
        RATED.replace("points = 40\n", "").replace("points = 60\n", ""),
        'procedure = "rating"\nrule = "points"',
        'procedure = "dossier"\nrule = "all_met"',
        ".grade",
        "rule = points",
    ),
    "a kind that is required and is not": (
        GOOD,
        "rule =",
        'requires = ["xa_do"]\nrule =',
        ".requires",
        "xa_do",
    ),
    "a kind that requires itself": (
        GOOD,
        "rule =",
        'requires = ["xa_xanh"]\nrule =',
        ".requires",
        "xa_xanh → xa_xanh",
    ),
    "no components": (
        GOOD[: GOOD.index("[[component]]")].replace("rule =", "component = []\nrule =")
        + GOOD[GOOD.index("[[criterion]]") :].replace('component = "to_trinh"\n', ""),
        "version",
        "version",
        ".component",
        "ít nhất một",
    ),
    "no criteria": (
        GOOD[: GOOD.index("[[criterion]]")].replace("rule =", "criterion = []\nrule =")
        + GOOD[GOOD.index("[[condition]]") : GOOD.index("[withdrawal]")],
        "version",
        "version",
        ".criterion",
        "ít nhất một",
    ),
    "types that are no list": (
        GOOD,
        '["to_trinh"]',
        '"to_trinh"',
        ".component[1].doc_types",
        "danh sách chuỗi",
    ),
    "days in words": (GOOD, "days = 1", 'days = "1"', ".deadline[1].days", "số nguyên"),
    "days below zero": (GOOD, "days = 1", "days = -1", ".deadline[1].days", "số nguyên"),
    "a flag in words": (
        GOOD,
        "slot = []",
        'slot = [{code = "a", title = "b", optional = "x"}]',
        ".criterion[3].slot[1].optional",
        "true",
    ),
    "a day that is no day": (GOOD, "2026-01-01", "2026-01-01T00:00:00Z", ".periods_from", "ngày"),
    "one criterion instead of a list": (
        GOOD[: GOOD.index("[[criterion]]")].replace("rule =", "criterion = 1\nrule =")
        + GOOD[GOOD.index("[[condition]]") :],
        "version",
        "version",
        ".criterion",
        "danh sách bảng",
    ),
    "a vote that is no table": (
        GOOD.replace('[vote]\nquorum = "1/2"\nshare = "1"\nconfidence = "read"\n', "").replace(
            "rule =", "vote = 1\nrule ="
        ),
        "version",
        "version",
        ".vote",
        "bảng",
    ),
    "no TOML": (GOOD, "version = 1", "version = ", "", "TOML"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_its_place(mistake: str) -> None:
    text, right, wrong, place, said = MISTAKES[mistake]
    assert right in text
    name = "san_pham-1" if "san_pham" in text else "xa_xanh-1"
    with pytest.raises(InvalidDefinition) as refused:
        load([(name, text.replace(right, wrong, 1))], TYPES, LAW.workflows)
    assert refused.value.place == f"{name}{place}"
    assert said in str(refused.value)


def a_version(version: int, first: str, last: str | None) -> str:
    text = GOOD.replace("version = 1", f"version = {version}")
    text = text.replace("2026-01-01", first)
    return text.replace("periods_to = 2026-12-31\n", f"periods_to = {last}\n" if last else "")


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-12-31", None),
        ("2025-01-01", "2026-01-01"),
        ("2026-06-01", "2026-06-30"),
        ("2020-01-01", None),
    ],
)
def test_versions_that_overlap_are_refused(first: str, last: str | None) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        loaded(GOOD, a_version(2, first, last))
    assert refused.value.place == "xa_xanh-2.periods_from"
    assert "phiên bản" in str(refused.value)


def test_versions_that_touch_are_not() -> None:
    kinds = loaded(a_version(2, "2027-01-01", None), GOOD, a_version(3, "2025-01-01", "2025-12-31"))
    assert [kind.version for kind in kinds] == [1, 2, 3]


def test_one_version_twice_is_refused() -> None:
    with pytest.raises(InvalidDefinition) as refused:
        load([("xa_xanh-1", GOOD), ("xa_xanh-1", GOOD)], TYPES, LAW.workflows)
    assert refused.value.place == "xa_xanh-1.version"


def test_a_circle_of_requirements_goes_through_every_version() -> None:
    def requiring(text: str, *codes: str) -> str:
        return text.replace("rule =", f"requires = {[*codes]}\nrule =")

    blue = GOOD.replace('"xa_xanh"', '"xa_lam"')
    white = GOOD.replace('"xa_xanh"', '"xa_trang"')
    later = requiring(a_version(2, "2027-01-01", None), "xa_lam")
    loaded(GOOD, later, requiring(blue, "xa_trang"), white)
    with pytest.raises(InvalidDefinition) as refused:
        loaded(GOOD, later, requiring(blue, "xa_trang"), requiring(white, "xa_xanh"))
    assert refused.value.place == "xa_xanh-1.requires"
    assert "xa_xanh → xa_lam → xa_trang → xa_xanh" in str(refused.value)


# Which version applies.


@pytest.mark.parametrize(
    ("code", "period", "version"),
    [
        ("commune_ntm", "2025", 1),
        ("commune_ntm", "2021-01", 1),
        ("commune_ntm", "2026", 2),
        ("commune_ntm", "2030-Q4", 2),
        ("ocop_product", "2025-Q2", 1),
        ("ocop_product", "2025-06", 1),
        ("ocop_product", "2025-07", 2),
        ("ocop_product", "2031", 2),
    ],
)
def test_the_period_chooses_the_version(code: str, period: str, version: int) -> None:
    assert choose(KINDS, code, parse_period(period)).version == version


@pytest.mark.parametrize(
    ("code", "period", "pointer", "said"),
    [
        ("xa_tim", "2025", "/kind", "xa_tim"),
        ("commune_ntm", "2020", "/period", "không có phiên bản cho kỳ 2020"),
        ("commune_ntm", "2031", "/period", "không có phiên bản cho kỳ 2031"),
        ("ocop_product", "2025", "/period", "đến 30/06/2025; "),
        ("ocop_product", "2023-02", "/period", "không nằm trọn"),
    ],
)
def test_a_period_without_exactly_one_version_is_refused(
    code: str, period: str, pointer: str, said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        choose(KINDS, code, parse_period(period))
    ((where, sentence),) = refused.value.errors
    assert where == pointer
    assert said in sentence


# The operator's folder.


def test_a_new_kind_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "xa_xanh-1.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "README.md").write_text("x", encoding="utf-8")
    kinds = Lawbook.read(tmp_path).kinds
    assert len(kinds) == len(KINDS) + 1
    assert choose(kinds, "xa_xanh", parse_period("2026")).periods_to == date(2026, 12, 31)


def test_a_file_takes_the_place_of_one_that_ships(tmp_path: Path) -> None:
    shipped = kind_texts()["smart_commune-1"]
    (tmp_path / "smart_commune-1.toml").write_text(
        shipped.replace("Nội dung 8 (chưa công bố toàn văn)", "Camera giám sát giao thông"),
        encoding="utf-8",
    )
    kinds = Lawbook.read(tmp_path).kinds
    assert len(kinds) == len(KINDS)
    ours = choose(kinds, "smart_commune", parse_period("2026"))
    assert ours.criterion("8").title == "Camera giám sát giao thông"


def test_a_file_is_called_by_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "xa_xanh-2.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(InvalidDefinition) as refused:
        Lawbook.read(tmp_path)
    assert refused.value.place == "xa_xanh-2.toml"


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        Lawbook.read(tmp_path / "none")
    assert refused.value.place == str(tmp_path / "none")
    (tmp_path / "xa_xanh-1.toml").write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(InvalidDefinition) as refused:
        Lawbook.read(tmp_path)
    assert refused.value.place == str(tmp_path / "xa_xanh-1.toml")
