"""The types of documents and copies, held to the tables of the decree."""

import pytest

from tests.workflow.rules.law import law_text
from workflow.rules import citations, deadlines, doctypes, indicator
from workflow.rules.doctypes import Medium, Seal, Signer, Source
from workflow.rules.errors import InvalidDefinition

CATALOGUE = doctypes.parse(law_text("doc_types"))

# ND 30/2020 Annex III.I, in its order; Art. 7 adds công văn and thư công, which have none.
ABBREVIATIONS = [
    *("NQ", "QĐ", "CT", "QC", "QyĐ", "TC", "TB", "HD", "CTr", "KH", "PA", "ĐA", "DA", "BC"),
    *("BB", "TTr", "HĐ", "CĐ", "BGN", "BTT", "GUQ", "GM", "GGT", "GNP", "PG", "PC", "PB"),
]


def test_29_types_of_which_27_have_an_abbreviation() -> None:
    assert len(CATALOGUE.types) == 29
    assert [kind.abbreviation for kind in CATALOGUE.types if kind.abbreviation] == ABBREVIATIONS
    without = {kind.name for kind in CATALOGUE.types if kind.abbreviation is None}
    assert without == {"Công văn", "Thư công"}


def test_copies() -> None:
    assert [form.abbreviation for form in CATALOGUE.copies] == ["SY", "TrS", "SL"]


def test_abbreviations_are_sensitive_to_case_and_diacritics() -> None:
    names = {
        abbreviation: getattr(CATALOGUE.by_abbreviation(abbreviation), "name", None)
        for abbreviation in ("QĐ", "QyĐ", "QD", "qđ", "CTr", "CTR", "TTr", "HĐ", "HD", "DA", "ĐA")
    }
    assert names == {
        "QĐ": "Quyết định",
        "QyĐ": "Quy định",
        "QD": None,
        "qđ": None,
        "CTr": "Chương trình",
        "CTR": None,
        "TTr": "Tờ trình",
        "HĐ": "Hợp đồng",
        "HD": "Hướng dẫn",
        "DA": "Dự án",
        "ĐA": "Đề án",
    }
    assert CATALOGUE.by_abbreviation("TrS") is CATALOGUE.find_copy("trich_sao")
    assert CATALOGUE.by_abbreviation("CV") is None


def test_minutes_are_signed_by_secretary_and_chair_and_need_no_seal() -> None:
    minutes = CATALOGUE.find("bien_ban")
    assert minutes is not None
    assert minutes.signers == (Signer.SECRETARY, Signer.CHAIR)
    assert minutes.seal is Seal.OPTIONAL
    assert minutes.template == "1.9"


def test_every_other_type_is_signed_by_the_competent_person_and_sealed() -> None:
    others = [kind for kind in CATALOGUE.types if kind.code != "bien_ban"]
    assert {kind.signers for kind in others} == {(Signer.COMPETENT,)}
    assert {kind.seal for kind in others} == {Seal.REQUIRED}


def test_unknown_codes_are_not_found() -> None:
    assert CATALOGUE.find("nghi_dinh") is None
    assert CATALOGUE.find_copy("quyet_dinh") is None


PAPER, ELECTRONIC = Medium.PAPER, Medium.ELECTRONIC
WAYS = [(PAPER, PAPER), (PAPER, ELECTRONIC), (ELECTRONIC, PAPER), (ELECTRONIC, ELECTRONIC)]


@pytest.mark.parametrize(
    ("code", "source", "allowed"),
    [
        ("sao_y", Source.ORIGINAL, {*WAYS} - {(ELECTRONIC, ELECTRONIC)}),
        ("sao_luc", Source.COPY, {*WAYS} - {(ELECTRONIC, ELECTRONIC)}),
        ("trich_sao", Source.ORIGINAL, {*WAYS}),
        ("sao_y", Source.COPY, set()),
        ("sao_luc", Source.ORIGINAL, set()),
        ("trich_sao", Source.COPY, set()),
    ],
)
def test_ways_of_copying(code: str, source: Source, allowed: set[tuple[Medium, Medium]]) -> None:
    form = CATALOGUE.find_copy(code)
    assert form is not None
    assert {way for way in WAYS if form.unmet(source, *way) is None} == allowed


def test_a_copy_that_does_not_exist_says_why() -> None:
    form = CATALOGUE.find_copy("sao_y")
    assert form is not None
    assert form.unmet(Source.ORIGINAL, ELECTRONIC, ELECTRONIC) == (
        "Không có hình thức sao y từ văn bản điện tử sang văn bản điện tử (Đ25 NĐ 30/2020/NĐ-CP)."
    )
    assert form.unmet(Source.COPY, PAPER, PAPER) == (
        "Sao y phải được thực hiện từ bản gốc hoặc bản chính (Đ25 NĐ 30/2020/NĐ-CP)."
    )
    again = CATALOGUE.find_copy("sao_luc")
    assert again is not None
    assert again.unmet(Source.ORIGINAL, PAPER, PAPER) == (
        "Sao lục phải được thực hiện từ bản sao y (Đ25 NĐ 30/2020/NĐ-CP)."
    )


HEAD = 'legal_basis = "NĐ"\nvalid_from = 2020-03-05\n'
TYPE = '[[type]]\ncode = "a"\nname = "A"\nsigners = ["competent"]\nseal = "required"\n'
COPY = '[[copy]]\ncode = "b"\nname = "B"\nabbreviation = "B"\nsource = "original"\nmedia = []\n'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "doc_types.legal_basis"),
        (HEAD + TYPE, "doc_types.copy"),
        (HEAD + TYPE + TYPE + COPY, "doc_types.code"),
        (HEAD + TYPE.replace('"a"', '"b"') + COPY, "doc_types.code"),
        (HEAD + TYPE + 'abbreviation = "B"\n' + COPY, "doc_types.abbreviation"),
        (HEAD + TYPE + 'abbreviation = "B B"\n' + COPY, "doc_types.type[1].abbreviation"),
        (HEAD + TYPE + 'abbreviation = "QD\u0302"\n' + COPY, "doc_types.type[1].abbreviation"),
        (HEAD + TYPE.replace("required", "maybe") + COPY, "doc_types.type[1].seal"),
        (HEAD + TYPE.replace('["competent"]', "[]") + COPY, "doc_types.type[1].signers"),
        (HEAD + TYPE.replace('["competent"]', '["clerk"]') + COPY, "doc_types.type[1].signers"),
        (HEAD + TYPE.replace('["competent"]', "1") + COPY, "doc_types.type[1].signers"),
        (
            HEAD + TYPE.replace('["competent"]', '["chair", "chair"]') + COPY,
            "doc_types.type[1].signers",
        ),
        (HEAD + TYPE + COPY.replace("[]", '["paper - paper"]'), "doc_types.copy[1].media"),
        (
            HEAD + TYPE + COPY.replace('abbreviation = "B"\n', ""),
            "doc_types.copy[1].abbreviation",
        ),
        (HEAD + TYPE + "seals = 2\n" + COPY, "doc_types.type[1]"),
    ],
)
def test_a_wrong_file_names_its_place(text: str, place: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        doctypes.parse(text)
    assert refused.value.place == place


def test_the_smallest_right_file() -> None:
    assert doctypes.parse(HEAD + TYPE + COPY).types[0].code == "a"


def test_every_law_file_cites_texts_of_the_status_board() -> None:
    board = citations.parse(law_text("legal_basis"))
    cited = {CATALOGUE.legal_basis}
    cited |= {rule.legal_basis for rule in deadlines.parse(law_text("deadlines"))}
    cited |= {one.legal_basis for one in indicator.parse(law_text("indicator"))}
    unknown = {citation for citation in cited if citations.cited(board, citation) is None}
    assert not unknown
