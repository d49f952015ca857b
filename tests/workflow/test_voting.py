"""Votes: who casts a ballot and when, what counts, and who is shown it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.workflow.chamber import CHAIR, MEMBERS, OUTSIDER, REGISTRAR, RUNS, SECRETARY, Chamber
from tests.workflow.conftest import Clock
from workflow.access import find_dossier
from workflow.actor import Actor
from workflow.ballots import name_council
from workflow.councils import change_members, set_up, view_council
from workflow.facts.votes import VoteState, vote_state
from workflow.proceeding import step
from workflow.records import Ballot, Dossier, RoleGrant
from workflow.rules.errors import (
    Forbidden,
    GuardsUnmet,
    Invalid,
    NotFound,
    StaleVersion,
    TransitionNotAllowed,
)
from workflow.rules.kinds import Kind
from workflow.rules.results import RatingResult, VoteResult
from workflow.voting import cast, view_vote


def state_of(chamber: Chamber, dossier_id: uuid.UUID, kind: Kind) -> VoteState:
    with chamber.office.reading(None) as reading:
        return vote_state(reading, reading.get(Dossier, dossier_id), kind)


def agreeing(chamber: Chamber, dossier_id: uuid.UUID, usernames: Sequence[str]) -> None:
    for username in usernames:
        chamber.ballot(dossier_id, username)


def test_a_vote_from_naming_the_council_to_its_result(chamber: Chamber) -> None:
    kind, council_id = chamber.kind(), chamber.council()
    dossier_id = chamber.dossier(kind)
    with pytest.raises(GuardsUnmet, match="Chưa chọn Hội đồng"):
        chamber.move(dossier_id, "open_vote")
    chamber.do(RUNS, name_council, dossier_id, 1, council_id)
    assert state_of(chamber, dossier_id, kind).council_named
    with pytest.raises(GuardsUnmet, match="chưa mở bỏ phiếu"):
        chamber.ballot(dossier_id, CHAIR)
    chamber.move(dossier_id, "open_vote")
    agreeing(chamber, dossier_id, MEMBERS)
    assert chamber.move(dossier_id, "close_vote").state == "voted"
    state = state_of(chamber, dossier_id, kind)
    assert isinstance(state.result, VoteResult)
    assert (state.outcome, state.quorum_unmet, state.result.agree) == ("passed", None, 6)
    with pytest.raises(GuardsUnmet, match="đã kết thúc"):
        chamber.ballot(dossier_id, CHAIR, "disagree")
    assert state_of(chamber, dossier_id, kind).result == state.result
    chamber.check_journals()


def test_a_member_who_votes_twice_has_one_ballot_that_counts(chamber: Chamber) -> None:
    kind = chamber.kind()
    dossier_id = chamber.voting(kind, chamber.council())
    agreeing(chamber, dossier_id, MEMBERS)
    assert state_of(chamber, dossier_id, kind).outcome == "passed"
    version = chamber.main(dossier_id).version
    chamber.ballot(dossier_id, CHAIR, "disagree", note="Cần xem lại tiêu chí 17")
    state = state_of(chamber, dossier_id, kind)
    assert isinstance(state.result, VoteResult)
    assert (state.cast, state.result.agree, state.result.disagree) == (6, 5, 1)
    assert state.outcome == "failed"  # 5 of 6 is less than 9 of 10
    assert [one.choice for one in chamber.rows(Ballot)] == [*["agree"] * 6, "disagree"]
    assert chamber.main(dossier_id).version == version  # members do not collide
    assert chamber.move(dossier_id, "close_vote").state == "not_passed"


def test_whoever_is_no_member_has_no_ballot(chamber: Chamber) -> None:
    others = (CHAIR, "tinh.chutich", "tinh.vanthu")
    chamber.council(others, name="Hội đồng khác")
    dossier_id = chamber.voting(chamber.kind(), chamber.council())
    for username in ("tinh.truongphong", "tinh.chutich"):  # who knows of it; of another council
        with pytest.raises(GuardsUnmet, match="Chỉ thành viên Hội đồng"):
            chamber.ballot(dossier_id, username)
    with pytest.raises(NotFound):
        chamber.ballot(dossier_id, OUTSIDER)
    assert not chamber.rows(Ballot)


def test_members_are_those_of_the_day_the_vote_was_opened(chamber: Chamber, clock: Clock) -> None:
    kind, council_id = chamber.kind(), chamber.council()
    dossier_id = chamber.voting(kind, council_id)
    clock.advance(timedelta(days=1))
    version = chamber.see(REGISTRAR, view_council, council_id).version
    newer = chamber.seated((*MEMBERS[:5], "tinh.chutich"))
    chamber.do(REGISTRAR, change_members, council_id, version, newer, "Quyết định số 06")
    with pytest.raises(GuardsUnmet, match="vào ngày mở bỏ phiếu"):
        chamber.ballot(dossier_id, "tinh.chutich")
    chamber.ballot(dossier_id, MEMBERS[5])
    assert [line.full_name for line in state_of(chamber, dossier_id, kind).members] == [
        chamber.actor(username).full_name for username in MEMBERS
    ]


def test_nobody_votes_on_the_dossier_of_their_own_agency(chamber: Chamber) -> None:
    council_id = chamber.council((*MEMBERS[:5], "xa.phochutich"))
    dossier_id = chamber.voting(chamber.kind(), council_id)
    with pytest.raises(GuardsUnmet, match="cơ quan đề nghị"):
        chamber.ballot(dossier_id, "xa.phochutich")
    with chamber.office.transaction(None) as tx:  # whatever else they do elsewhere
        grants = select(RoleGrant).where(
            RoleGrant.person_id == chamber.person("xa.phochutich"),
        )
        for grant in tx.session.scalars(grants):
            grant.valid_to = tx.today
        tx.journal("test.ended", dossier_id, dossier_id)
    with pytest.raises(GuardsUnmet, match="cơ quan đề nghị"):  # still in office there
        chamber.ballot(dossier_id, "xa.phochutich")


def test_the_quorum_at_its_boundary(chamber: Chamber) -> None:
    kind = chamber.kind()
    assert kind.vote.quorum == Fraction(2, 3)
    dossier_id = chamber.voting(kind, chamber.council())
    agreeing(chamber, dossier_id, MEMBERS[:3])
    with pytest.raises(GuardsUnmet) as refused:
        chamber.move(dossier_id, "close_vote")
    assert len(refused.value.unmet) == 1  # the quorum, and nothing of how they voted
    agreeing(chamber, dossier_id, MEMBERS[3:4])
    assert chamber.move(dossier_id, "close_vote").state == "voted"


def test_a_blank_ballot_takes_part_and_does_not_agree(chamber: Chamber) -> None:
    kind = chamber.kind()
    dossier_id = chamber.voting(kind, chamber.council())
    agreeing(chamber, dossier_id, MEMBERS[:5])
    chamber.ballot(dossier_id, MEMBERS[5], "blank")
    result = state_of(chamber, dossier_id, kind).result
    assert isinstance(result, VoteResult)
    assert (result.blank, result.taking_part, result.share) == (1, 6, Fraction(5, 6))
    assert not result.passed


@pytest.mark.parametrize(
    ("total", "outcome", "state"),
    [
        ((40, 25, 25), "centre", "rated_high"),  # 90
        ((40, 25, 24), "province", "voted"),  # 89
        ((20, 15, 15), "province", "voted"),  # 50
        ((20, 15, 14), "nobody", "not_passed"),  # 49
    ],
)
def test_points_are_averaged_and_graded(
    chamber: Chamber, total: tuple[int, int, int], outcome: str, state: str
) -> None:
    kind = chamber.kind("ocop_product")
    dossier_id = chamber.voting(kind, chamber.council())
    codes = [criterion.code for criterion in kind.leaves]
    for username in MEMBERS:
        chamber.ballot(dossier_id, username, None, points=dict(zip(codes, total, strict=True)))
    assert {one.choice for one in chamber.rows(Ballot)} == {"rated"}
    counted = state_of(chamber, dossier_id, kind)
    assert isinstance(counted.result, RatingResult)
    assert (counted.outcome, counted.result.average) == (outcome, sum(total))
    assert chamber.move(dossier_id, "close_vote").state == state


def test_a_ballot_is_what_the_kind_asks_for(chamber: Chamber) -> None:
    council_id = chamber.council()
    by_vote = chamber.voting(chamber.kind(), council_id)
    by_points = chamber.voting(chamber.kind("ocop_product"), council_id)

    def errors(dossier_id: uuid.UUID, choice: str | None, points: object) -> dict[str, str]:
        with pytest.raises(Invalid) as refused:
            chamber.ballot(dossier_id, CHAIR, choice, points=points)
        return dict(refused.value.errors)

    assert errors(by_vote, None, None).keys() == {"/choice"}
    assert errors(by_vote, "rated", None).keys() == {"/choice"}
    assert errors(by_vote, "agree", {"A": 1}).keys() == {"/points"}
    assert errors(by_points, None, None).keys() == {"/points"}
    assert errors(by_points, "agree", None).keys() == {"/choice", "/points"}
    assert errors(by_points, None, {"A": 41, "B": -1, "X": 1}) == {
        "/points/X": "Không có tiêu chí này.",
        "/points/A": "Điểm phải từ 0 đến 40.",
        "/points/B": "Điểm phải từ 0 đến 25.",
        "/points/C": "Chưa chấm điểm tiêu chí này.",
    }
    assert not chamber.rows(Ballot)


def test_which_council_may_be_named_by_whom_and_when(chamber: Chamber) -> None:
    kind, council_id = chamber.kind(), chamber.council()
    dossier_id = chamber.dossier(kind)
    of_commune = chamber.do(
        "xa.vanthu", set_up, chamber.commune, "Hội đồng xã", "QĐ 1", chamber.seated()
    ).id
    tomorrow = chamber.see(RUNS, lambda reading: reading.today) + timedelta(days=1)
    for unfit in (of_commune, uuid.uuid4(), chamber.council(valid_from=tomorrow)):
        with pytest.raises(Invalid, match="Hội đồng"):
            chamber.do(RUNS, name_council, dossier_id, 1, unfit)
    for username in ("xa.chuyenvien", "tinh.vanthu"):
        with pytest.raises(Forbidden):
            chamber.do(username, name_council, dossier_id, 1, council_id)
    other = chamber.council(name="Hội đồng khác")
    chamber.do(RUNS, name_council, dossier_id, 1, other)
    with pytest.raises(StaleVersion):
        chamber.do(RUNS, name_council, dossier_id, 1, council_id)
    chamber.do(RUNS, name_council, dossier_id, 2, council_id)
    assert chamber.session(dossier_id).council_id == council_id
    chamber.move(dossier_id, "open_vote")
    with pytest.raises(TransitionNotAllowed):
        chamber.do(RUNS, name_council, dossier_id, 4, other)


def test_a_member_knows_of_what_is_before_the_council(chamber: Chamber, clock: Clock) -> None:
    """`xa.kinhte` works for another commune, as far as the dossier goes."""
    guest = "xa.kinhte"
    council_id = chamber.council((*MEMBERS[:5], guest))
    dossier_id = chamber.dossier(chamber.kind())
    with chamber.office.transaction(None) as tx:  # of the office itself: the guest is a stranger
        tx.get(Dossier, dossier_id).organisation_id = chamber.coordination
        tx.journal("test.moved", dossier_id, dossier_id)
    with pytest.raises(NotFound):
        chamber.see(guest, find_dossier, dossier_id)
    chamber.do(RUNS, name_council, dossier_id, 1, council_id)
    assert chamber.see(guest, find_dossier, dossier_id).id == dossier_id
    other = chamber.council(name="Hội đồng khác")
    chamber.do(RUNS, name_council, dossier_id, 2, other)
    with pytest.raises(NotFound):
        chamber.see(guest, find_dossier, dossier_id)
    chamber.do(RUNS, name_council, dossier_id, 3, council_id)
    chamber.move(dossier_id, "open_vote")
    clock.advance(timedelta(days=1))
    version = chamber.see(REGISTRAR, view_council, council_id).version
    chamber.do(REGISTRAR, change_members, council_id, version, chamber.seated(), "Quyết định số 06")
    assert chamber.see(guest, find_dossier, dossier_id).id == dossier_id  # of that day, still
    later = chamber.dossier(chamber.kind())
    chamber.do(RUNS, name_council, later, 1, council_id)
    with chamber.office.transaction(None) as tx:
        tx.get(Dossier, later).organisation_id = chamber.coordination
        tx.journal("test.moved", later, later)
    with pytest.raises(NotFound):
        chamber.see(guest, find_dossier, later)


def test_ballots_are_secret_until_the_close(chamber: Chamber) -> None:
    dossier_id = chamber.voting(chamber.kind(), chamber.council())
    chamber.ballot(dossier_id, CHAIR, "disagree")
    for username in (CHAIR, SECRETARY, "tinh.chutich", "xa.chutich"):
        view = chamber.see(username, view_vote, dossier_id)
        assert not view.sees_result
        assert not view.sees_ballots
        assert (view.own is not None) == (username == CHAIR)
    agreeing(chamber, dossier_id, MEMBERS[1:])
    chamber.move(dossier_id, "close_vote")
    for username, sees in (
        (CHAIR, True),
        ("tinh.chuyenvien", True),
        ("vpdp.chanhvp", True),
        ("tinh.chutich", True),
        ("xa.chutich", False),
    ):
        view = chamber.see(username, view_vote, dossier_id)
        assert (view.sees_result, view.sees_ballots) == (True, sees)


def test_the_journal_says_who_voted_and_not_how(chamber: Chamber) -> None:
    dossier_id = chamber.voting(chamber.kind(), chamber.council())
    chamber.ballot(dossier_id, CHAIR, "disagree", note="Chưa đạt")
    (entry,) = chamber.entries(chamber.commune, "dossier.cast_ballot")
    assert entry.actor == str(chamber.person(CHAIR))
    assert [row.table for row in entry.rows] == ["ballot"]
    assert "disagree" not in entry.to_bytes().decode()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(
        st.tuples(st.sampled_from(MEMBERS), st.sampled_from(("agree", "disagree", "blank"))),
        max_size=14,
    )
)
def test_the_last_ballot_of_each_counts(chamber: Chamber, said: list[tuple[str, str]]) -> None:
    """Recounted in plain Python from the journal: who voted in which order, and on which ballot."""
    kind = chamber.kind()
    dossier_id = chamber.voting(kind, chamber.council())
    for username, choice in said:
        chamber.ballot(dossier_id, username, choice)
    ballots = {str(one.id): one for one in chamber.rows(Ballot)}
    last: dict[str, str] = {}
    for entry in chamber.entries(chamber.commune, "dossier.cast_ballot"):
        if entry.subject == str(dossier_id):
            (row,) = entry.rows
            ballot = ballots[row.id]
            assert ballot.row_digest() == row.digest
            last[entry.actor] = ballot.choice
    by_person = {str(chamber.person(username)): choice for username, choice in said}
    assert last == by_person
    state = state_of(chamber, dossier_id, kind)
    result = state.result
    assert isinstance(result, VoteResult)
    choices = list(last.values())
    assert (result.agree, result.disagree, result.blank, result.taking_part) == (
        choices.count("agree"),
        choices.count("disagree"),
        choices.count("blank"),
        len(choices),
    )
    enough = len(choices) * 3 >= len(MEMBERS) * 2
    agreed = choices.count("agree") * 10 >= len(choices) * 9
    assert state.outcome == ("passed" if enough and agreed else "failed")


def test_a_ballot_is_counted_or_refused_but_never_lost(chamber: Chamber) -> None:
    """Members vote while the vote is closed: what was taken is in the result of the close."""
    kind = chamber.kind()
    dossier_id = chamber.voting(kind, chamber.council())
    agreeing(chamber, dossier_id, MEMBERS)
    version = chamber.main(dossier_id).version
    start = threading.Barrier(len(MEMBERS) + 1)
    taken: list[str] = []
    refused: list[str] = []
    reasons: set[str] = set()
    states: list[str] = []

    def vote(actor: Actor, username: str) -> None:
        start.wait()
        try:
            with chamber.office.transaction(actor) as tx:
                cast(tx, dossier_id, "disagree")
            taken.append(username)
        except GuardsUnmet as refusal:
            refused.append(username)
            reasons.update(refusal.unmet)

    def close(actor: Actor) -> None:
        start.wait()
        with chamber.office.transaction(actor) as tx:
            states.append(step(tx, dossier_id, version, "close_vote").state)

    threads = [
        threading.Thread(target=vote, args=(chamber.actor(username), username))
        for username in MEMBERS
    ]
    threads.append(threading.Thread(target=close, args=(chamber.actor(RUNS),)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken + refused) == sorted(MEMBERS)
    assert reasons <= {"Việc bỏ phiếu đã kết thúc, không nhận thêm phiếu."}
    state = state_of(chamber, dossier_id, kind)
    assert isinstance(state.result, VoteResult)
    assert state.result.disagree == len(taken)
    assert states == ["not_passed" if taken else "voted"]
    assert (state.outcome == "passed") == (not taken)
    chamber.check_journals()
