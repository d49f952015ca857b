"""Councils: by whom they are set up, who sits in them, and from which day on."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.workflow.chamber import CHAIR, MEMBERS, OUTSIDER, PARTS, REGISTRAR, RUNS, VICE, Chamber
from tests.workflow.conftest import Clock
from workflow.councils import change_members, list_councils, set_up, view_council
from workflow.records import Council, CouncilMember
from workflow.rules.errors import Forbidden, Invalid, NotFound, StaleVersion

BASIS = "Quyết định số 05/QĐ-UBND"


def change(chamber: Chamber, council_id: uuid.UUID, members: Any, **named: Any) -> Council:
    version = chamber.see(REGISTRAR, view_council, council_id).version
    return chamber.do(REGISTRAR, change_members, council_id, version, members, BASIS, **named)


def test_a_council_is_set_up_and_journalled_where_it_belongs(chamber: Chamber) -> None:
    council_id = chamber.council()
    view = chamber.see(REGISTRAR, view_council, council_id)
    assert [member.part for member, _ in view.members] == list(PARTS)
    assert [member.person_id for member, _ in view.members] == [
        chamber.person(username) for username in MEMBERS
    ]
    *_, entry = chamber.entries(chamber.province, "council.set_up")
    assert entry.subject == str(council_id)
    assert [row.table for row in entry.rows].count("council_member") == len(MEMBERS)
    chamber.check_journals()


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ((0, 1), "/members"),  # two cannot be a council
        (("chair", "chair", "secretary"), "/members"),
        (("member", "member", "secretary"), "/members"),
        (("chair", "member", "member"), "/members"),
        (("chair", "secretary", "guest"), "/members/2/part"),
    ],
    ids=["too few", "two chairs", "no chair", "no secretary", "unknown part"],
)
def test_persons_who_are_no_council_are_refused(
    chamber: Chamber, parts: tuple[Any, ...], pointer: str
) -> None:
    before = len(chamber.rows(Council))
    before = len(chamber.rows(Council))
    people = [chamber.person(username) for username in MEMBERS]
    named = parts if isinstance(parts[0], str) else ("chair", "secretary")
    with pytest.raises(Invalid) as refused:
        chamber.do(
            REGISTRAR,
            set_up,
            chamber.province,
            "Hội đồng",
            BASIS,
            list(zip(people, named, strict=False)),
        )
    assert pointer in [at for at, _ in refused.value.errors]
    assert len(chamber.rows(Council)) == before


def test_nobody_sits_twice_and_everybody_exists(chamber: Chamber) -> None:
    seated = chamber.seated()
    with pytest.raises(Invalid) as refused:
        chamber.do(
            REGISTRAR,
            set_up,
            chamber.province,
            "Hội đồng",
            " ",
            [*seated, (seated[0][0], "member"), (uuid.uuid4(), "member")],
        )
    assert dict(refused.value.errors) == {
        "/basis": "Không được để trống.",
        "/members/6/person_id": "Mỗi người chỉ được nêu một lần.",
        "/members/7/person_id": "Không có người này.",
    }


@pytest.mark.parametrize(
    ("username", "refusal"),
    [
        ("tinh.chutich", None),
        ("tinh.quantri", None),
        ("tinh.chuyenvien", Forbidden),
        ("vpdp.vanthu", NotFound),
        ("xa.vanthu", NotFound),
    ],
)
def test_who_sets_up_a_council_of_the_province(
    chamber: Chamber, username: str, refusal: type[Exception] | None
) -> None:
    said = (chamber.province, "Hội đồng", BASIS, chamber.seated())
    if refusal is None:
        assert chamber.do(username, set_up, *said).organisation_id == chamber.province
    else:
        with pytest.raises(refusal):
            chamber.do(username, set_up, *said)


def test_leaving_ends_a_row_and_joining_starts_one(chamber: Chamber, clock: Clock) -> None:
    council_id = chamber.council()
    began = chamber.see(REGISTRAR, lambda reading: reading.today)
    clock.advance(timedelta(days=10))
    changed = began + timedelta(days=10)
    change(chamber, council_id, chamber.seated((*MEMBERS[:5], OUTSIDER)))
    rows = {
        row.person_id: (row.valid_from, row.valid_to)
        for row in chamber.rows(CouncilMember, CouncilMember.council_id == council_id)
    }
    assert rows[chamber.person(MEMBERS[5])] == (began, changed)
    assert rows[chamber.person(OUTSIDER)] == (changed, None)
    assert rows[chamber.person(CHAIR)] == (began, None)
    view = chamber.see(REGISTRAR, view_council, council_id)
    assert chamber.person(MEMBERS[5]) not in {member.person_id for member, _ in view.members}


def test_another_part_is_a_row_of_its_own(chamber: Chamber) -> None:
    council_id = chamber.council()
    seated = chamber.seated((VICE, CHAIR, *MEMBERS[2:]))  # chair and vice-chair change places
    change(chamber, council_id, seated)
    view = chamber.see(REGISTRAR, view_council, council_id)
    assert view.members[0][0].person_id == chamber.person(VICE)
    assert len(chamber.rows(CouncilMember, CouncilMember.council_id == council_id)) == 8


def test_a_change_starts_from_what_was_seen_and_never_in_the_past(chamber: Chamber) -> None:
    council_id = chamber.council()
    today = chamber.see(REGISTRAR, lambda reading: reading.today)
    seen = chamber.see(REGISTRAR, view_council, council_id).version
    tomorrow = today + timedelta(days=1)
    change(chamber, council_id, chamber.seated((*MEMBERS[:5], OUTSIDER)), on=tomorrow)
    with pytest.raises(StaleVersion):
        chamber.do(REGISTRAR, change_members, council_id, seen, chamber.seated(), BASIS)
    for day in (today - timedelta(days=1), today):  # gone by; before the change of tomorrow
        with pytest.raises(Invalid):
            change(chamber, council_id, chamber.seated(), on=day)
    with pytest.raises(Invalid, match="đúng một Chủ tịch"):
        change(chamber, council_id, chamber.seated()[1:], on=tomorrow)


def test_a_council_that_voted_today_changes_tomorrow(chamber: Chamber) -> None:
    council_id = chamber.council()
    chamber.voting(chamber.kind(), council_id)
    today = chamber.see(REGISTRAR, lambda reading: reading.today)
    with pytest.raises(Invalid, match="ngày mai"):
        change(chamber, council_id, chamber.seated((*MEMBERS[:5], OUTSIDER)))
    change(
        chamber,
        council_id,
        chamber.seated((*MEMBERS[:5], OUTSIDER)),
        on=today + timedelta(days=1),
    )


def test_who_knows_of_a_council(chamber: Chamber) -> None:
    of_commune = chamber.do(
        "xa.vanthu", set_up, chamber.commune, "Hội đồng xã", BASIS, chamber.seated()
    ).id
    for username in ("xa.chuyenvien", CHAIR, RUNS, "tinh.quantri"):  # its own; two sit in it
        assert chamber.see(username, view_council, of_commune).council.id == of_commune
    for username in (OUTSIDER, "tinh.vanthu"):
        with pytest.raises(NotFound):
            chamber.see(username, view_council, of_commune)
        with pytest.raises(NotFound):
            chamber.do(username, change_members, of_commune, 1, chamber.seated(), BASIS)
    with pytest.raises(Forbidden):
        chamber.do("xa.chuyenvien", change_members, of_commune, 1, chamber.seated(), BASIS)
    founded = [one.id for one in chamber.see(OUTSIDER, list_councils)]
    assert [one.id for one in chamber.see(RUNS, list_councils)] == [*founded, of_commune]
    of_province = chamber.council()
    assert [one.id for one in chamber.see(OUTSIDER, list_councils)] == [*founded, of_province]
