from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.workflow.conftest import Clock
from workflow.accounts import (
    Credential,
    authenticate,
    create_account,
    disable_account,
    hash_password,
    set_password,
    sign_in,
    sign_out,
)
from workflow.actor import Actor
from workflow.api_tokens import make_token
from workflow.appointments import Post, add_person, end_appointment, end_role, grant_role
from workflow.founding import found
from workflow.office import Office
from workflow.records import AccessToken, Account, Appointment, RoleGrant
from workflow.rules.errors import Duplicate, Forbidden, Invalid, NotAuthenticated, NotFound
from workflow.rules.roles import Scope

Acting = Callable[[str], Actor]


@pytest.fixture
def password(office: Office) -> str:
    return found(office)[0].password


def _who(office: Office, token: str) -> Actor:
    with office.reading(None) as reading:
        return authenticate(reading, token).actor


def test_a_token_names_its_holder_and_nothing_else(
    office: Office, acting: Acting, password: str
) -> None:
    token, _ = sign_in(office, "xa.vanthu", password)
    other, _ = sign_in(office, "xa.vanthu", password)
    assert _who(office, token) == _who(office, other) == acting("xa.vanthu")
    assert token != other
    assert len(token) >= 43  # 32 random bytes
    with pytest.raises(NotAuthenticated):
        _who(office, token + "x")


def test_only_digests_are_stored(office: Office, password: str) -> None:
    token, _ = sign_in(office, "xa.vanthu", password)
    with office.reading(None) as reading:
        row = reading.session.scalars(select(AccessToken)).one()
        assert row.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
        account = reading.session.get_one(Account, row.account_id)
        assert account.password_hash.startswith("$argon2id$")
        assert password not in account.password_hash


def test_tokens_expire(office: Office, clock: Clock, password: str) -> None:
    token, expires_at = sign_in(office, "xa.vanthu", password)
    assert expires_at == clock.now + timedelta(hours=office.settings.token_hours)
    clock.set(expires_at - timedelta(microseconds=1))
    _who(office, token)
    clock.set(expires_at)
    with pytest.raises(NotAuthenticated):
        _who(office, token)


def test_signing_out_revokes_this_token_alone(
    office: Office, acting: Acting, password: str
) -> None:
    token, _ = sign_in(office, "xa.vanthu", password)
    other, _ = sign_in(office, "xa.vanthu", password)
    with office.transaction(acting("xa.vanthu")) as tx:
        sign_out(tx, token)
    with pytest.raises(NotAuthenticated):
        _who(office, token)
    _who(office, other)


@pytest.mark.parametrize("username", ["xa.vanthu", "nobody.at.all"])
def test_wrong_names_and_passwords_are_refused_alike(office: Office, username: str) -> None:
    with pytest.raises(NotAuthenticated, match="Tên đăng nhập hoặc mật khẩu không đúng"):
        sign_in(office, username, "certainly-not-the-password")


def test_a_disabled_account_is_out_at_once(office: Office, acting: Acting, password: str) -> None:
    token, _ = sign_in(office, "xa.vanthu", password)
    with office.transaction(acting("xa.quantri")) as tx:
        disable_account(tx, "xa.vanthu")
    with pytest.raises(NotAuthenticated):
        _who(office, token)
    with pytest.raises(NotAuthenticated):
        sign_in(office, "xa.vanthu", password)


def test_a_new_password_ends_the_old_one_and_its_tokens(
    office: Office, acting: Acting, password: str
) -> None:
    token, _ = sign_in(office, "xa.vanthu", password)
    new = hash_password("một mật khẩu mới")
    with office.transaction(acting("xa.quantri")) as tx:
        set_password(tx, "xa.vanthu", new)
    with pytest.raises(NotAuthenticated):
        _who(office, token)
    with pytest.raises(NotAuthenticated):
        sign_in(office, "xa.vanthu", password)
    again, _ = sign_in(office, "xa.vanthu", "một mật khẩu mới")
    assert _who(office, again).full_name == "Văn thư xã Mẫu"


def test_short_passwords_are_refused() -> None:
    with pytest.raises(Invalid, match="12 ký tự"):
        hash_password("12345678901")


def test_the_same_password_never_has_the_same_hash() -> None:
    assert hash_password("123456789012") != hash_password("123456789012")


def test_an_account_for_somebody_new(office: Office, acting: Acting) -> None:
    admin = acting("xa.quantri")
    (commune,) = admin.roles
    secret = hash_password("a-long-enough-one")
    with office.transaction(admin) as tx:
        person = add_person(tx, commune, "Văn thư thứ hai", Post("Văn thư"))
        grant_role(tx, commune, person.id, "clerk")
        create_account(tx, person.id, "xa.vanthu2", secret)
    token, _ = sign_in(office, "xa.vanthu2", "a-long-enough-one")
    assert _who(office, token).roles == {commune: frozenset({"clerk"})}
    with pytest.raises(Duplicate), office.transaction(admin) as tx:
        create_account(tx, person.id, "xa.vanthu2", secret)
    with pytest.raises(Invalid), office.transaction(admin) as tx:
        create_account(tx, person.id, "Có Dấu", secret)


def test_who_may_not_touch_an_account(office: Office, acting: Acting) -> None:
    with pytest.raises(Forbidden), office.transaction(acting("xa.vanthu")) as tx:
        disable_account(tx, "xa.chutich")
    # An account of another organisation does not exist for its administrator.
    with pytest.raises(NotFound), office.transaction(acting("vpdp.quantri")) as tx:
        disable_account(tx, "xa.chutich")
    with office.transaction(acting("tinh.quantri")) as tx:
        disable_account(tx, "xa.chutich")


def test_serving_two_offices_an_account_belongs_to_neither_alone(
    office: Office, acting: Acting
) -> None:
    """Else the commune's administrator could sign in as somebody of the coordination office."""
    shared = acting("vpdp.chuyenvien").person_id
    (commune,) = acting("xa.quantri").roles
    with office.transaction(acting("tinh.quantri")) as tx:
        grant_role(tx, commune, shared, "appraiser")
    secret = hash_password("a-long-enough-one")
    for administrator in ("xa.quantri", "vpdp.quantri"):
        with pytest.raises(Forbidden), office.transaction(acting(administrator)) as tx:
            set_password(tx, "vpdp.chuyenvien", secret)
    with office.transaction(acting("tinh.quantri")) as tx:
        set_password(tx, "vpdp.chuyenvien", secret)


def test_roles_and_units_are_those_of_today(office: Office, acting: Acting, clock: Clock) -> None:
    head = acting("xa.truongphong")
    with office.transaction(acting("xa.quantri")) as tx:
        post = tx.session.scalars(
            select(Appointment).where(Appointment.person_id == head.person_id)
        ).one()
        end_appointment(tx, post.id, tx.today + timedelta(days=1))
        grant = tx.session.scalars(
            select(RoleGrant).where(RoleGrant.person_id == head.person_id)
        ).one()
        end_role(tx, grant.id, tx.today + timedelta(days=1))
    assert acting("xa.truongphong") == head
    clock.advance(timedelta(days=1))
    gone = acting("xa.truongphong")
    assert (gone.roles, gone.units, gone.headed_units) == ({}, frozenset(), frozenset())


def test_a_new_password_ends_the_tokens_of_programs_too(
    office: Office, acting: Acting, clock: Clock, password: str
) -> None:
    expires_at = clock.now + timedelta(days=1)

    def program(username: str) -> tuple[str, Credential]:
        """A program's token, and the session that made it."""
        token, _ = sign_in(office, username, password)
        with office.reading(None) as reading:
            session = authenticate(reading, token)
        return made_by(session), session

    def made_by(asking: Credential) -> str:
        with office.transaction(asking.actor) as tx:
            said = {"name": "x", "scope": Scope.READ, "expires_at": expires_at}
            return make_token(tx, **said, asking=asking.token_id)[1]

    changed, session = program("xa.vanthu")
    disabled, closed = program("xa.chutich")
    kept, _ = program("xa.theodoi")
    with office.transaction(acting("xa.quantri")) as tx:
        set_password(tx, "xa.vanthu", hash_password("mat-khau-moi-2026"))
        disable_account(tx, "xa.chutich")
    for token in (changed, disabled):
        with pytest.raises(NotAuthenticated):
            _who(office, token)
    for ended in (session, closed):  # shown just before
        with pytest.raises(NotAuthenticated):
            made_by(ended)
    assert _who(office, kept) == acting("xa.theodoi")
    with office.reading(None) as reading:
        assert authenticate(reading, kept).scope == Scope.READ
    clock.advance(timedelta(days=1))
    with pytest.raises(NotAuthenticated):
        _who(office, kept)
