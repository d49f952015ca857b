from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from tests.workflow.conftest import Clock
from workflow.actor import Actor
from workflow.appointments import (
    Post,
    add_person,
    appoint,
    end_appointment,
    end_role,
    grant_role,
    people_of,
)
from workflow.entrusting import (
    Power,
    add_certificate,
    end_certificate,
    end_mandate,
    entrust_key,
    give_mandate,
    keepers_of,
    mandates_for,
    take_key_back,
)
from workflow.office import Office, Reading
from workflow.organisations import (
    Description,
    create_organisation,
    current_name,
    describe,
    list_organisations,
    set_rules,
)
from workflow.records import (
    HandlingRule,
    Issuer,
    JournalEntry,
    Organisation,
    OrganisationName,
    SealCustody,
    Unit,
)
from workflow.rules.errors import Duplicate, Forbidden, Invalid, InvalidDefinition, NotFound
from workflow.rules.numbering import SeriesRule
from workflow.series import rules_of
from workflow.standing import custody_reason, mandates_of, signer_unmet
from workflow.structure import (
    add_handling_rule,
    add_issuer,
    add_unit,
    end_handling_rule,
    end_issuer,
    end_unit,
    issuers_of,
    set_calendar_day,
    units_of,
)

Acting = Callable[[str], Actor]
Seat = Callable[[str], uuid.UUID]
PROVINCE, COORDINATION, COMMUNE = "H56", "H56.MAU.01", "H56.MAU.02"
DEPARTMENTS = ("H56.MAU.03", "H56.MAU.04")
GENERAL = (SeriesRule("chung"),)


def _describe_today(reading: Reading, organisation_id: uuid.UUID) -> Description:
    row = current_name(reading, organisation_id)
    return Description(row.code, row.name, row.kind, row.place, row.parent_id)


def _issuer(reading: Reading, organisation_id: uuid.UUID, kind: str) -> Issuer:
    return next(row for row in issuers_of(reading, organisation_id) if row.kind == kind)


# Organisations


def test_the_province_adds_a_commune(office: Office, acting: Acting, seat: Seat) -> None:
    new = Description("H56.MAU.90", "UBND xã Mới", "commune", "Mới", seat(PROVINCE))
    with office.transaction(acting("tinh.quantri")) as tx:
        made = create_organisation(tx, new, resolve_days=7)
    with office.reading(acting("xa.chuyenvien")) as reading:
        assert current_name(reading, made.id).name == "UBND xã Mới"
        codes = [row.code for row in list_organisations(reading)]
        assert codes == [PROVINCE, COORDINATION, COMMUNE, *DEPARTMENTS, "H56.MAU.90"]


@pytest.mark.parametrize("code", ["", "h56", "H56.", "H56..01", "H56 01", "H" * 36, "Đ56"])
def test_a_code_that_is_no_identifier_is_refused(
    office: Office, acting: Acting, seat: Seat, code: str
) -> None:
    new = Description(code, "UBND xã Mới", "commune", "Mới", seat(PROVINCE))
    with pytest.raises(Invalid), office.transaction(acting("tinh.quantri")) as tx:
        create_organisation(tx, new, resolve_days=7)


def test_a_code_in_use_is_refused_and_free_again_afterwards(
    office: Office, acting: Acting, seat: Seat
) -> None:
    admin = acting("tinh.quantri")
    new = Description(COMMUNE, "UBND xã Mới", "commune", "Mới", seat(PROVINCE))
    with pytest.raises(Duplicate) as refused, office.transaction(admin) as tx:
        create_organisation(tx, new, resolve_days=7)
    assert refused.value.existing == (str(seat(COMMUNE)),)
    with office.transaction(admin) as tx:
        merged = replace(_describe_today(tx, seat(COMMUNE)), code="H56.MAU.91")
        day = tx.today + timedelta(days=10)
        describe(tx, seat(COMMUNE), merged, day)
    with pytest.raises(Duplicate), office.transaction(admin) as tx:
        create_organisation(tx, new, resolve_days=7)  # today it is still in use
    with office.transaction(admin) as tx:
        create_organisation(tx, new, resolve_days=7, valid_from=day)


def test_a_new_name_leaves_the_old_days_alone(
    office: Office, acting: Acting, seat: Seat, clock: Clock
) -> None:
    commune = seat(COMMUNE)
    with office.transaction(acting("xa.quantri")) as tx:
        before = _describe_today(tx, commune)
        day = tx.today + timedelta(days=1)
        describe(tx, commune, replace(before, name="UBND phường Mẫu", place="Phường Mẫu"), day)
    with office.reading(None) as reading:
        assert current_name(reading, commune).name == before.name
        assert current_name(reading, commune, day).name == "UBND phường Mẫu"
    clock.advance(timedelta(days=1))
    with office.reading(None) as reading:
        assert current_name(reading, commune).place == "Phường Mẫu"
        assert current_name(reading, commune, day - timedelta(days=1)).name == before.name
        with pytest.raises(NotFound):
            current_name(reading, commune, date(2025, 6, 30))  # before it was founded
    with pytest.raises(Invalid), office.transaction(acting("xa.quantri")) as tx:
        describe(tx, commune, before, day - timedelta(days=1))  # rewriting the past


def test_moving_needs_both_administrators(office: Office, acting: Acting, seat: Seat) -> None:
    commune, coordination, province = seat(COMMUNE), seat(COORDINATION), seat(PROVINCE)
    with office.reading(None) as reading:
        moved = replace(_describe_today(reading, commune), parent_id=coordination)
        alone = replace(moved, parent_id=None)
        turned = replace(_describe_today(reading, province), parent_id=commune)
        day = reading.today
    for description in (moved, alone):
        with pytest.raises(Forbidden), office.transaction(acting("xa.quantri")) as tx:
            describe(tx, commune, description, day)
    with office.transaction(acting("tinh.quantri")) as tx:
        describe(tx, commune, moved, day)
    # The coordination office's administrator now administers the commune as well.
    with office.transaction(acting("vpdp.quantri")) as tx:
        set_rules(tx, commune, resolve_days=3, copying_authority=None)
    with pytest.raises(Invalid), office.transaction(acting("tinh.quantri")) as tx:
        describe(tx, province, turned, day)


def test_who_may_create_and_change(office: Office, acting: Acting, seat: Seat) -> None:
    child = Description("H56.MAU.02.01", "Trung tâm", "office", "Mẫu", seat(COMMUNE))
    with office.transaction(acting("xa.quantri")) as tx:
        create_organisation(tx, child, resolve_days=5)
    for username, parent in (
        ("xa.chutich", COMMUNE),  # not an administrator
        ("xa.quantri", PROVINCE),  # of the organisation below
        ("vpdp.quantri", COMMUNE),  # of a neighbour
    ):
        other = replace(child, code="H56.MAU.02.02", parent_id=seat(parent))
        with pytest.raises(Forbidden), office.transaction(acting(username)) as tx:
            create_organisation(tx, other, resolve_days=5)
    rootless = replace(child, code="H57", parent_id=None)
    with pytest.raises(Forbidden), office.transaction(acting("tinh.quantri")) as tx:
        create_organisation(tx, rootless, resolve_days=5)
    nowhere = replace(child, code="H58", parent_id=uuid.uuid4())
    with pytest.raises(NotFound), office.transaction(acting("tinh.quantri")) as tx:
        create_organisation(tx, nowhere, resolve_days=5)


def test_values_that_do_not_fit_are_named(office: Office, acting: Acting, seat: Seat) -> None:
    wrong = Description("H56.MAU.90", "  ", "commune", "x" * 101, seat(PROVINCE))
    with pytest.raises(Invalid) as refused, office.transaction(acting("tinh.quantri")) as tx:
        create_organisation(tx, wrong, resolve_days=5)
    assert [pointer for pointer, _ in refused.value.errors] == ["/name", "/place"]
    with pytest.raises(Invalid), office.transaction(acting("tinh.quantri")) as tx:
        create_organisation(tx, replace(wrong, kind="huyện"), resolve_days=5)
    with pytest.raises(Invalid), office.transaction(acting("xa.quantri")) as tx:
        set_rules(tx, seat(COMMUNE), resolve_days=0, copying_authority=None)
    with office.reading(None) as reading:
        assert reading.session.scalar(select(func.count()).select_from(Organisation)) == 5


def test_names_are_kept_in_one_form(office: Office, acting: Acting, seat: Seat) -> None:
    decomposed = "Pho\u0300ng Ti\u0301n"
    with office.transaction(acting("xa.quantri")) as tx:
        unit = add_unit(tx, seat(COMMUNE), name=f" {decomposed} ", symbol="PT")
        assert unit.name == "Phòng Tín"


def test_every_act_is_journalled_in_the_system_chain(
    office: Office, acting: Acting, seat: Seat
) -> None:
    admin = acting("xa.quantri")
    with office.transaction(admin) as tx:
        unit = add_unit(tx, seat(COMMUNE), name="Phòng Văn hóa - Xã hội", symbol="VHXH")
    with office.reading(None) as reading:
        last = reading.session.scalars(
            select(JournalEntry)
            .where(JournalEntry.chain == "system")
            .order_by(JournalEntry.sequence.desc())
        ).first()
        assert last is not None
        for part in ("unit.added", str(unit.id), str(admin.person_id)):
            assert part.encode() in last.content
        row = reading.get(Unit, unit.id)
        assert row.row_digest().encode() in last.content


# Units, issuers, handling rules, calendar


def test_a_unit_lives_from_a_day_to_a_day(office: Office, acting: Acting, seat: Seat) -> None:
    admin, commune = acting("xa.quantri"), seat(COMMUNE)
    with office.transaction(admin) as tx:
        unit = add_unit(tx, commune, name="Phòng Mới", symbol="PM")
        end = tx.today + timedelta(days=3)
        end_unit(tx, unit.id, end)
    with office.reading(acting("vpdp.chuyenvien")) as reading:  # public
        assert unit.id in [row.id for row in units_of(reading, commune)]
        assert unit.id not in [row.id for row in units_of(reading, commune, end)]
    for on in (end, end + timedelta(days=1), date(2020, 1, 1)):
        with pytest.raises(Invalid), office.transaction(admin) as tx:
            end_unit(tx, unit.id, on)
    with office.transaction(admin) as tx:
        end_unit(tx, unit.id, end - timedelta(days=1))  # sooner is allowed
    with pytest.raises(Forbidden), office.transaction(acting("vpdp.quantri")) as tx:
        end_unit(tx, unit.id, end - timedelta(days=2))
    with pytest.raises(Invalid), office.transaction(admin) as tx:
        add_unit(tx, commune, name="Phòng Sai", symbol="P M")


def test_a_council_with_series_of_its_own(office: Office, acting: Acting, seat: Seat) -> None:
    apart = (SeriesRule("bb", frozenset({"bien_ban"})), SeriesRule("chung"))
    with office.transaction(acting("xa.quantri")) as tx:
        council = add_issuer(
            tx,
            seat(COMMUNE),
            kind="COUNCIL",
            name="Hội đồng thẩm định",
            symbol="HĐTĐ",
            series=apart,
            workflow="outgoing-numbered-first",
        )
    with office.reading(None) as reading:
        assert rules_of(_issuer(reading, seat(COMMUNE), "COUNCIL")) == apart
        day = reading.today
    with office.transaction(acting("xa.quantri")) as tx:
        end_issuer(tx, council.id, day)
    with office.reading(None) as reading:
        assert "COUNCIL" not in [row.kind for row in issuers_of(reading, seat(COMMUNE))]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"kind": "HUYEN"}, Invalid),
        ({"symbol": "H Đ"}, Invalid),
        ({"symbol": "UBND"}, Duplicate),
        ({"series": ()}, Invalid),
        ({"series": (SeriesRule("a", frozenset({"no_such_type"})),)}, Invalid),
        ({"series": (SeriesRule("a"), SeriesRule("b"))}, InvalidDefinition),
        ({"workflow": "incoming"}, Invalid),
        ({"workflow": "no-such"}, Invalid),
    ],
)
def test_an_issuer_that_could_not_number_is_refused(
    office: Office,
    acting: Acting,
    seat: Seat,
    change: dict[str, object],
    refusal: type[Exception],
) -> None:
    values: dict[str, object] = {
        "kind": "COUNCIL",
        "name": "Hội đồng",
        "symbol": "HĐ",
        "series": GENERAL,
        "workflow": "outgoing",
    }
    with pytest.raises(refusal), office.transaction(acting("xa.quantri")) as tx:
        add_issuer(tx, seat(COMMUNE), **(values | change))  # type: ignore[arg-type]


def test_handling_rules_name_a_handler(office: Office, acting: Acting, seat: Seat) -> None:
    admin, commune = acting("xa.quantri"), seat(COMMUNE)
    basis = "Quy chế làm việc, Điều 12"
    with office.transaction(admin) as tx:
        unit = units_of(tx, commune)[0]
        rule = add_handling_rule(
            tx, commune, basis=basis, unit_id=unit.id, type_code="giay_moi", sender_code=PROVINCE
        )
        end_handling_rule(tx, rule.id, tx.today + timedelta(days=1))
        elsewhere = units_of(tx, seat(COORDINATION))[0].id
    wrong: list[dict[str, object]] = [
        {},
        {"unit_id": elsewhere},
        {"unit_id": unit.id, "type_code": "no_such_type"},
        {"unit_id": unit.id, "sender_code": "h 56"},
    ]
    for values in wrong:
        with pytest.raises(Invalid), office.transaction(admin) as tx:
            add_handling_rule(tx, commune, basis=basis, **values)  # type: ignore[arg-type]
    with office.reading(None) as reading:
        assert reading.session.scalar(select(func.count()).select_from(HandlingRule)) == 1


def test_only_administrators_order_the_calendar(office: Office, acting: Acting, seat: Seat) -> None:
    for username in ("xa.chutich", "xa.quantri"):
        with pytest.raises(Forbidden), office.transaction(acting(username)) as tx:
            set_calendar_day(tx, seat(PROVINCE), tx.today, working=False, basis="Tự nghỉ")


# People and roles


def test_people_are_known_in_their_own_organisations_only(
    office: Office, acting: Acting, seat: Seat
) -> None:
    with office.reading(acting("xa.chuyenvien")) as reading:
        members = people_of(reading, seat(COMMUNE))
        clerk = next(m for m in members if m.person.full_name == "Văn thư xã Mẫu")
        assert [post.title for post in clerk.appointments] == ["Văn thư"]
        assert [grant.role for grant in clerk.grants] == ["clerk"]
        for other in (COORDINATION, PROVINCE):
            with pytest.raises(NotFound):
                people_of(reading, seat(other))
    with office.reading(acting("tinh.quantri")) as reading:
        assert people_of(reading, seat(COORDINATION))


def test_a_person_comes_moves_and_goes(
    office: Office, acting: Acting, seat: Seat, clock: Clock
) -> None:
    admin, commune = acting("xa.quantri"), seat(COMMUNE)
    with office.transaction(admin) as tx:
        unit = units_of(tx, commune)[0]
        person = add_person(tx, commune, "Chuyên viên mới", Post("Chuyên viên", unit.id))
        post = appoint(tx, commune, person.id, Post("Phó Chánh Văn phòng", unit.id))
        grant = grant_role(tx, commune, person.id, "specialist")
        with pytest.raises(Duplicate):
            grant_role(tx, commune, person.id, "specialist")
        end_appointment(tx, post.id, tx.today + timedelta(days=1))
        end_role(tx, grant.id, tx.today + timedelta(days=1))
    clock.advance(timedelta(days=1))
    with office.reading(admin) as reading:
        member = next(m for m in people_of(reading, commune) if m.person.id == person.id)
        assert [post.title for post in member.appointments] == ["Chuyên viên"]
        assert member.grants == ()
    with office.transaction(admin) as tx:
        grant_role(tx, commune, person.id, "specialist")  # again, after it ended


def test_posts_that_cannot_be(office: Office, acting: Acting, seat: Seat) -> None:
    admin, commune = acting("xa.quantri"), seat(COMMUNE)
    with office.reading(None) as reading:
        elsewhere = units_of(reading, seat(COORDINATION))[0].id
    for post in (Post("Chuyên viên", elsewhere), Post("Trưởng phòng", heads_unit=True), Post("")):
        with pytest.raises(Invalid), office.transaction(admin) as tx:
            add_person(tx, commune, "Chuyên viên mới", post)
    with pytest.raises(Invalid), office.transaction(admin) as tx:
        grant_role(tx, commune, acting("xa.vanthu").person_id, "emperor")


def test_whom_an_administrator_may_not_know(office: Office, acting: Acting, seat: Seat) -> None:
    stranger = acting("vpdp.chanhvp").person_id
    for person_id in (stranger, uuid.uuid4()):
        with pytest.raises(NotFound), office.transaction(acting("xa.quantri")) as tx:
            grant_role(tx, seat(COMMUNE), person_id, "leader")
    with pytest.raises(NotFound), office.transaction(acting("vpdp.quantri")) as tx:
        add_person(tx, seat(COMMUNE), "Người lạ", Post("Chuyên viên"))
    with pytest.raises(Forbidden), office.transaction(acting("xa.vanthu")) as tx:
        add_person(tx, seat(COMMUNE), "Người lạ", Post("Chuyên viên"))
    # The province administers both, and may lend a person from one to the other.
    with office.transaction(acting("tinh.quantri")) as tx:
        grant_role(tx, seat(COMMUNE), stranger, "auditor")


# Mandates


def test_by_order_and_its_passing_on(office: Office, acting: Acting, seat: Seat) -> None:
    admin, commune = acting("xa.quantri"), seat(COMMUNE)
    head, chair = acting("xa.truongphong").person_id, acting("xa.chutich").person_id
    with office.transaction(admin) as tx:
        issuer = _issuer(tx, commune, "UBND")
        post = Post("Phó Chánh Văn phòng", units_of(tx, commune)[0].id)
        deputy = add_person(tx, commune, "Phó Chánh Văn phòng xã Mẫu", post).id
    rule = "Quy chế làm việc, Điều 9"
    by_order = Power("TL", "working_regulation", rule, frozenset({"giay_moi", "thong_bao"}))
    passed_on = replace(by_order, capacity="TL+KT", doc_types=frozenset({"giay_moi"}))
    wider = replace(passed_on, doc_types=frozenset({"giay_moi", "quyet_dinh"}))

    def give(person: uuid.UUID, power: Power, by: uuid.UUID) -> uuid.UUID:
        with office.transaction(admin) as tx:
            return give_mandate(tx, issuer.id, person, power, delegated_by_id=by).id

    def unmet(doc_type: str) -> str | None:
        with office.reading(None) as reading:
            mandates = mandates_of(reading, issuer)
            return signer_unmet(mandates, issuer, deputy, doc_type, "TL+KT", reading.today)

    with pytest.raises(Invalid, match="không được giao ký thừa lệnh"):
        give(deputy, passed_on, head)  # the head of the unit has no order yet
    given = give(head, by_order, chair)
    with pytest.raises(Invalid, match="không được giao ký thừa lệnh"):
        give(deputy, wider, head)  # more than the head of the unit has
    give(deputy, passed_on, head)
    assert unmet("giay_moi") is None
    assert unmet("thong_bao")
    with office.transaction(admin) as tx:
        end_mandate(tx, given, tx.today)
    assert unmet("giay_moi")  # a power passed on falls with the one it came from


def _delegation(**change: object) -> Power:
    power = Power(
        "TUQ", "written_delegation", "Giấy ủy quyền 12/GUQ-UBND", frozenset({"thong_bao"})
    )
    return replace(power, **change)  # type: ignore[arg-type]


def test_delegation_in_writing_limited_and_never_again(
    office: Office, acting: Acting, seat: Seat
) -> None:
    admin, commune = acting("xa.quantri"), seat(COMMUNE)
    head, chair = acting("xa.truongphong").person_id, acting("xa.chutich").person_id
    economy, clerk = acting("xa.kinhte").person_id, acting("xa.vanthu").person_id
    with office.reading(None) as reading:
        issuer = _issuer(reading, commune, "UBND")
        last = reading.today + timedelta(days=30)

    def give(person: uuid.UUID, power: Power, by: uuid.UUID | None, end: date | None) -> None:
        with office.transaction(admin) as tx:
            give_mandate(tx, issuer.id, person, power, delegated_by_id=by, valid_to=end)

    for person, power, by, end in (
        (head, _delegation(), chair, None),  # without an end
        (head, _delegation(doc_types=None), chair, last),  # without limits of content
        (head, _delegation(basis="assigned_field"), chair, last),  # not in writing
        (head, _delegation(basis="absence"), chair, last),
        (head, _delegation(basis_text=" "), chair, last),
        (head, _delegation(), None, last),  # by nobody
        (head, _delegation(), acting("xa.phochutich").person_id, last),  # by a deputy
        (clerk, _delegation(), chair, last),  # heads no unit
        (head, _delegation(capacity="KT+TM"), chair, last),
        (head, _delegation(doc_types=frozenset({"no_such_type"})), chair, last),
    ):
        with pytest.raises(Invalid):
            give(person, power, by, end)
    give(head, _delegation(), chair, last)
    with pytest.raises(Duplicate):
        give(head, _delegation(), chair, last)
    with pytest.raises(Invalid, match="không được ủy quyền lại"):
        give(economy, _delegation(), head, last)
    with office.reading(None) as reading:
        held = [row.capacity for row in mandates_for(reading, issuer.id)]
        assert sorted(held) == ["TM", "TM+KT", "TUQ"]


def test_a_mandate_needs_a_post_and_goes_with_it(
    office: Office, acting: Acting, seat: Seat, clock: Clock
) -> None:
    admin, commune = acting("xa.quantri"), seat(COMMUNE)
    deputy = acting("xa.phochutich").person_id
    with office.transaction(admin) as tx:
        post = next(m for m in people_of(tx, commune) if m.person.id == deputy).appointments[0]
        end_appointment(tx, post.id, tx.today + timedelta(days=1))
        issuer = _issuer(tx, commune, "UBND")
    clock.advance(timedelta(days=1))
    with office.reading(admin) as reading:
        mandates = mandates_of(reading, issuer)
        assert signer_unmet(mandates, issuer, deputy, "quyet_dinh", "TM+KT", reading.today)


def test_mandates_are_known_inside_only(office: Office, acting: Acting, seat: Seat) -> None:
    with office.reading(None) as reading:
        issuer = _issuer(reading, seat(COMMUNE), "UBND")
        mandate = mandates_for(reading, issuer.id)[0]
    with pytest.raises(NotFound), office.reading(acting("vpdp.chuyenvien")) as reading:
        mandates_for(reading, issuer.id)
    with pytest.raises(NotFound), office.transaction(acting("vpdp.quantri")) as tx:
        end_mandate(tx, mandate.id, tx.today)
    with pytest.raises(Forbidden), office.transaction(acting("xa.chutich")) as tx:
        end_mandate(tx, mandate.id, tx.today)


# Certificates and the agency's key


def test_a_certificate_has_one_owner(office: Office, acting: Acting, seat: Seat) -> None:
    admin, clerk = acting("xa.quantri"), acting("xa.vanthu").person_id
    with office.transaction(admin) as tx:
        row = add_certificate(tx, certificate=b"one", key_url="key:x", person_id=clerk)
    for owner in ({"person_id": clerk}, {"organisation_id": seat(COMMUNE)}):
        with pytest.raises(Duplicate), office.transaction(admin) as tx:
            add_certificate(tx, certificate=b"one", key_url="key:x", **owner)
    both = {"person_id": clerk, "organisation_id": seat(COMMUNE)}
    for nobody in ({}, both):
        with pytest.raises(Invalid), office.transaction(admin) as tx:
            add_certificate(tx, certificate=b"two", key_url="key:x", **nobody)
    with pytest.raises(NotFound), office.transaction(acting("vpdp.quantri")) as tx:
        add_certificate(tx, certificate=b"three", key_url="key:x", person_id=clerk)
    with office.transaction(admin) as tx:
        end_certificate(tx, row.id, tx.today)
    with pytest.raises(Duplicate), office.transaction(admin) as tx:
        # Whoever it belonged to, it never becomes somebody else's.
        add_certificate(tx, certificate=b"one", key_url="key:x", organisation_id=seat(COMMUNE))


def test_another_than_the_clerk_keeps_the_key_only_in_writing(
    office: Office, acting: Acting, seat: Seat
) -> None:
    admin, commune = acting("xa.quantri"), seat(COMMUNE)
    other = acting("xa.theodoi").person_id
    permission, handover = "Văn bản 15/UBND-VP", "Biên bản bàn giao 01/BB-UBND"
    for papers in (
        {},
        {"permission": permission},
        {"handover": handover},
    ):
        with pytest.raises(Invalid), office.transaction(admin) as tx:
            entrust_key(tx, commune, other, **papers)
    with office.transaction(admin) as tx:
        custody = entrust_key(
            tx,
            commune,
            other,
            permission=permission,
            handover=handover,
            valid_to=tx.today + timedelta(days=5),
        )
    with office.reading(admin) as reading:
        assert custody_reason(reading, commune, other) is None
        assert len(keepers_of(reading, commune)) == 2
    with office.transaction(admin) as tx:
        take_key_back(tx, custody.id, tx.today)
    with office.reading(admin) as reading:
        assert custody_reason(reading, commune, other)
        assert len(keepers_of(reading, commune)) == 1
    with pytest.raises(NotFound), office.reading(acting("vpdp.quantri")) as reading:
        keepers_of(reading, commune)


def test_a_clerk_no_more_keeps_no_key(
    office: Office, acting: Acting, seat: Seat, clock: Clock
) -> None:
    admin, commune = acting("xa.quantri"), seat(COMMUNE)
    clerk = acting("xa.vanthu").person_id
    with office.transaction(admin) as tx:
        member = next(m for m in people_of(tx, commune) if m.person.id == clerk)
        end_role(tx, member.grants[0].id, tx.today + timedelta(days=1))
    clock.advance(timedelta(days=1))
    with office.reading(admin) as reading:
        assert custody_reason(reading, commune, clerk)
        row = reading.session.scalars(
            select(SealCustody).where(SealCustody.person_id == clerk)
        ).one()
        assert row.valid_to is None  # the row stands, the duty has gone


def test_effective_dates_leave_every_row_in_place(
    office: Office, acting: Acting, seat: Seat
) -> None:
    with office.transaction(acting("xa.quantri")) as tx:
        description = _describe_today(tx, seat(COMMUNE))
        for number in range(3):
            describe(
                tx,
                seat(COMMUNE),
                replace(description, name=f"UBND xã Mẫu {number}"),
                tx.today + timedelta(days=number),
            )
    with office.reading(None) as reading:
        rows = reading.session.scalars(
            select(OrganisationName)
            .where(OrganisationName.organisation_id == seat(COMMUNE))
            .order_by(OrganisationName.valid_from, OrganisationName.id)
        ).all()
        assert len(rows) == 4
        for earlier, later in pairwise(rows):
            assert earlier.valid_to == later.valid_from
        assert rows[-1].valid_to is None
