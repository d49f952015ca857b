"""Signing capacity (ND 30/2020 Art. 13) and custody of the agency's key (Art. 32)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.rules import actors
from workflow.rules.actors import Basis, Capacity, Custody, Mandate, Stack

TM, Q, KT, TL, TUQ = Capacity.TM, Capacity.Q, Capacity.KT, Capacity.TL, Capacity.TUQ
ON = date(2026, 11, 21)
SINCE = date(2026, 7, 1)

CHAIR = Mandate("an", "ubnd", (TM,), Basis.HEAD, "QĐ phê chuẩn 15/QĐ-UBND", "Chủ tịch", SINCE)
DEPUTY = Mandate(
    "binh",
    "ubnd",
    (TM, KT),
    Basis.ASSIGNED_FIELD,
    "Thông báo phân công 03/TB-UBND",
    "Phó Chủ tịch",
    SINCE,
    fields=frozenset({"kinh_te"}),
    delegator_position="Chủ tịch",
)
OFFICE_HEAD = Mandate(
    "chi",
    "ubnd",
    (TL,),
    Basis.WORKING_REGULATION,
    "Điều 12 Quy chế làm việc",
    "Chánh Văn phòng",
    SINCE,
    doc_types=frozenset({"giay_moi", "thong_bao"}),
    heads_unit=True,
    delegator_position="Chủ tịch",
)
OFFICE_DEPUTY = Mandate(
    "dung",
    "ubnd",
    (TL, KT),
    Basis.WORKING_REGULATION,
    "Điều 12 Quy chế làm việc",
    "Phó Chánh Văn phòng",
    SINCE,
    doc_types=frozenset({"giay_moi", "bao_cao"}),
    delegator_position="Chánh Văn phòng",
)
DELEGATE = Mandate(
    "giang",
    "ubnd",
    (TUQ,),
    Basis.WRITTEN_DELEGATION,
    "Giấy ủy quyền 02/GUQ-UBND",
    "Trưởng phòng Kinh tế",
    SINCE,
    date(2026, 12, 31),
    doc_types=frozenset({"hop_dong"}),
    heads_unit=True,
    delegator_position="Chủ tịch",
    document_id="0193a000",
)
ALL = (CHAIR, DEPUTY, OFFICE_HEAD, OFFICE_DEPUTY, DELEGATE)


def why_not(
    mandate: Mandate,
    doc_type: str,
    others: tuple[Mandate, ...] = (CHAIR,),
    on: date = ON,
    field: str | None = None,
) -> str | None:
    return actors.incompetence(
        mandate.person_id,
        "ubnd",
        doc_type,
        mandate.capacity,
        (mandate, *others),
        on,
        field=field,
    )


def test_the_head_signs_everything() -> None:
    assert why_not(CHAIR, "quyet_dinh") is None
    own = replace(CHAIR, capacity=())
    assert why_not(own, "quyet_dinh", ()) is None


def test_a_stranger_signs_nothing() -> None:
    for stack in actors.STACKS:
        assert actors.incompetence("khach", "ubnd", "quyet_dinh", stack, ALL, ON) is not None


def test_a_mandate_serves_its_issuer_and_capacity_only() -> None:
    assert actors.incompetence("an", "hdnd", "quyet_dinh", (TM,), ALL, ON) is not None
    assert actors.incompetence("binh", "ubnd", "quyet_dinh", (TM,), ALL, ON, field="kinh_te") == (
        "Người ký không được giao ký “TM.” văn bản của cơ quan này."
    )


def test_the_first_and_last_day_count() -> None:
    until = replace(CHAIR, valid_to=ON)
    assert why_not(until, "quyet_dinh", ()) is None
    assert why_not(until, "quyet_dinh", (), on=date(2026, 11, 22)) == (
        "Quyền ký “TM.” không có hiệu lực vào ngày 22/11/2026."
    )
    assert why_not(CHAIR, "quyet_dinh", (), on=SINCE) is None
    assert why_not(CHAIR, "quyet_dinh", (), on=date(2026, 6, 30)) is not None


def test_a_deputy_signs_in_the_assigned_field() -> None:
    assert why_not(DEPUTY, "quyet_dinh", field="kinh_te") is None
    assert why_not(DEPUTY, "quyet_dinh", field="van_hoa") == (
        "Loại văn bản hoặc lĩnh vực này nằm ngoài phạm vi được giao ký “TM./KT.”."
    )
    assert why_not(DEPUTY, "quyet_dinh") is not None


def test_a_deputy_signs_what_the_head_delegated_in_writing() -> None:
    delegated = replace(DEPUTY, basis=Basis.WRITTEN_DELEGATION, fields=None, document_id="0193a001")
    assert why_not(delegated, "quyet_dinh") is None
    assert why_not(replace(delegated, document_id=None), "quyet_dinh") == (
        "Việc ủy quyền ký phải bằng văn bản."
    )


def test_substitution_is_no_basis() -> None:
    # R1.5.3: standing in during absence gives no power to sign.
    assert {basis.value for basis in Basis} == {
        "head",
        "in_charge",
        "assigned_field",
        "working_regulation",
        "written_delegation",
    }


def test_by_order_within_the_working_regulation() -> None:
    assert why_not(OFFICE_HEAD, "giay_moi") is None
    assert why_not(OFFICE_HEAD, "quyet_dinh") is not None
    assert why_not(replace(OFFICE_HEAD, heads_unit=False), "giay_moi") == (
        "Chỉ người đứng đầu đơn vị thuộc cơ cấu tổ chức được giao ký “TL.”."
    )
    written = replace(OFFICE_HEAD, basis=Basis.WRITTEN_DELEGATION, document_id="1")
    assert why_not(written, "giay_moi") == "Căn cứ không phù hợp với hình thức ký “TL.”."


def test_by_order_passes_to_the_deputy_who_signs_for_the_unit_head() -> None:
    assert why_not(OFFICE_DEPUTY, "giay_moi", (CHAIR, OFFICE_HEAD)) is None
    refused = "Người giao ký thay không được giao ký thừa lệnh văn bản này."
    assert why_not(OFFICE_DEPUTY, "giay_moi", (CHAIR,)) == refused
    # The unit head has no TL for reports, so there is nothing to pass on.
    assert why_not(OFFICE_DEPUTY, "bao_cao", (CHAIR, OFFICE_HEAD)) == refused
    expired = replace(OFFICE_HEAD, valid_to=date(2026, 10, 1))
    assert why_not(OFFICE_DEPUTY, "giay_moi", (CHAIR, expired)) == refused


def test_delegation_is_written_and_limited_in_time_and_content() -> None:
    assert why_not(DELEGATE, "hop_dong") is None
    assert why_not(DELEGATE, "quyet_dinh") is not None
    assert why_not(DELEGATE, "hop_dong", on=date(2027, 1, 1)) is not None
    for change, sentence in (
        ({"document_id": None}, "Việc ủy quyền ký phải bằng văn bản."),
        ({"valid_to": None}, "Văn bản giao ký thừa ủy quyền phải giới hạn thời gian."),
        ({"doc_types": None}, "Văn bản giao ký thừa ủy quyền phải giới hạn nội dung."),
        (
            {"heads_unit": False},
            "Chỉ người đứng đầu đơn vị thuộc cơ cấu tổ chức được giao ký “TUQ.”.",
        ),
    ):
        assert why_not(replace(DELEGATE, **change), "hop_dong") == sentence


def test_delegation_is_never_passed_on() -> None:
    passed_on = replace(
        DELEGATE, person_id="hoa", position="Trưởng thôn", delegator_position=DELEGATE.position
    )
    assert why_not(passed_on, "hop_dong", (CHAIR, DELEGATE)) == (
        "Người được ký thừa ủy quyền không được ủy quyền lại cho người khác ký."
    )


def test_a_delegation_stands_and_falls_with_the_head_who_gave_it() -> None:
    retired = replace(CHAIR, valid_to=date(2026, 10, 1))
    assert why_not(DELEGATE, "hop_dong", (retired,)) == (
        "Người giao quyền ký không phải người đứng đầu cơ quan vào ngày này."
    )
    assert why_not(DELEGATE, "hop_dong", (retired, replace(CHAIR, person_id="moi"))) is None


def test_acts_of_the_agency_outlive_its_head() -> None:
    retired = replace(CHAIR, valid_to=date(2026, 10, 1))
    assert why_not(replace(OFFICE_HEAD, delegator_position=None), "giay_moi", (retired,)) is None
    assert why_not(DEPUTY, "quyet_dinh", (retired,), field="kinh_te") is None


def test_a_deputy_in_charge_signs_for_the_head_there_is_not() -> None:
    # Art. 13.1: "Trường hợp cấp phó được giao phụ trách, điều hành thì thực hiện ký như cấp phó".
    in_charge = replace(DEPUTY, basis=Basis.IN_CHARGE, fields=None, delegator_position=None)
    assert why_not(in_charge, "quyet_dinh", ()) is None
    as_head = replace(in_charge, capacity=(TM,))
    assert why_not(as_head, "quyet_dinh", ()) == "Căn cứ không phù hợp với hình thức ký “TM.”."


def test_a_second_mandate_may_serve_where_the_first_does_not() -> None:
    expired = replace(DEPUTY, valid_to=date(2026, 8, 1))
    assert why_not(expired, "quyet_dinh", (CHAIR, DEPUTY), field="kinh_te") is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"capacity": (KT, TM)}, "Không có hình thức ký này."),
        ({"basis": Basis.HEAD}, "Căn cứ không phù hợp với hình thức ký “TM./KT.”."),
        ({"basis_text": " "}, "Phải ghi rõ căn cứ giao quyền ký."),
        (
            {"basis": Basis.WRITTEN_DELEGATION, "document_id": "1", "delegator_position": None},
            "Phải ghi rõ người giao quyền ký.",
        ),
        (
            {
                "capacity": (TL, KT),
                "basis": Basis.WORKING_REGULATION,
                "delegator_position": None,
            },
            "Phải ghi rõ người giao quyền ký.",
        ),
        ({"delegator_position": None}, None),
    ],
)
def test_mandates_that_cannot_exist(change: dict[str, Any], sentence: str | None) -> None:
    assert actors.mandate_unmet(replace(DEPUTY, **change)) == sentence


@given(st.lists(st.sampled_from(Capacity), max_size=3).map(tuple))
def test_stacks_are_a_closed_list_and_read_back(stack: Stack) -> None:
    read = actors.stack_of(actors.stack_text(stack))
    assert read == (stack if stack in actors.STACKS else None)
    if stack not in actors.STACKS:
        refused = actors.incompetence("an", "ubnd", "x", stack, ALL, ON)
        assert refused == "Không có hình thức ký này."


def test_text_that_is_no_stack() -> None:
    assert actors.stack_of("PP") is None
    assert actors.stack_of("KT+TM") is None
    assert actors.stack_of("") == ()


@pytest.mark.parametrize(
    ("capacity", "names", "lines"),
    [
        ((), {"title": "Chủ tịch"}, ("CHỦ TỊCH",)),
        (
            (TM,),
            {"title": "Chủ tịch", "body": "Ủy ban nhân dân"},
            ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
        ),
        ((Q,), {"title": "Chủ tịch"}, ("Q. CHỦ TỊCH",)),
        (
            (KT,),
            {"title": "Phó Chủ tịch", "head": "Chủ tịch"},
            ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
        ),
        (
            (TL,),
            {"title": "Chánh Văn phòng", "head": "Chủ tịch"},
            ("TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"),
        ),
        (
            (TUQ,),
            {"title": "Trưởng phòng", "head": "Chủ tịch"},
            ("TUQ. CHỦ TỊCH", "TRƯỞNG PHÒNG"),
        ),
        (
            (TM, Q),
            {"title": "Chủ tịch", "body": "Ủy ban nhân dân"},
            ("TM. ỦY BAN NHÂN DÂN", "Q. CHỦ TỊCH"),
        ),
        (
            (TM, KT),
            {"title": "Phó Chủ tịch", "head": "Chủ tịch", "body": "Ủy ban nhân dân"},
            ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
        ),
        (
            (TL, KT),
            {"title": "Phó Chánh Văn phòng", "head": "Chủ tịch", "unit_head": "Chánh Văn phòng"},
            ("TL. CHỦ TỊCH", "KT. CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG"),
        ),
    ],
)
def test_signature_blocks(capacity: Stack, names: dict[str, str], lines: tuple[str, ...]) -> None:
    assert actors.signature_block(capacity, **names) == lines


def test_a_signature_block_needs_its_names() -> None:
    with pytest.raises(ValueError, match="KT"):
        actors.signature_block((KT,), title="Phó Chủ tịch")
    with pytest.raises(ValueError, match=r"KT\+TM"):
        actors.signature_block((KT, TM), title="Phó Chủ tịch", head="Chủ tịch")


# Custody.

CLERK = Custody("lan", "ubnd", by_duty=True, valid_from=SINCE)
HANDED = Custody(
    "mai",
    "ubnd",
    by_duty=False,
    valid_from=ON,
    valid_to=ON,
    permission_id="0193a002",
    handover_record_id="0193a003",
)


def test_the_clerk_holds_the_key_by_duty() -> None:
    assert actors.custody_unmet("lan", "ubnd", [CLERK], ON) is None
    assert actors.custody_unmet("lan", "hdnd", [CLERK], ON) is not None
    assert actors.custody_unmet("lan", "ubnd", [CLERK], date(2026, 6, 30)) is not None


def test_nobody_else_holds_it() -> None:
    assert actors.custody_unmet("an", "ubnd", [CLERK, HANDED], ON) == (
        "Người thực hiện không được giao quản lý, sử dụng khóa bí mật của cơ quan."
    )


def test_another_person_needs_permission_and_a_handover_record() -> None:
    def unmet(**changes: Any) -> str | None:
        return actors.custody_unmet("mai", "ubnd", [CLERK, replace(HANDED, **changes)], ON)

    assert unmet() is None
    assert unmet(permission_id=None) == (
        "Việc giao khóa bí mật của cơ quan chưa được cho phép bằng văn bản."
    )
    assert unmet(handover_record_id=None) == (
        "Việc bàn giao khóa bí mật của cơ quan chưa được lập biên bản."
    )
    assert actors.custody_unmet("mai", "ubnd", [HANDED], date(2026, 11, 22)) is not None
