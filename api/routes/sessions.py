"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere, Token
from api.dependencies import Replacing, Shown, shown
from api.problems import documented
from api.schemas.sessions import Me, Membership, Session, SignIn
from workflow import accounts
from workflow.office import Transaction
from workflow.parties import names_of_organisations
from workflow.rules.errors import Invalid, NotAuthenticated, Unavailable
from workflow.rules.roles import ROLE_LABELS

router = APIRouter(tags=["sessions"], responses=documented(NotAuthenticated, Unavailable))


@router.post("/sessions", status_code=201, response_model=Session, responses=documented(Invalid))
def sign_in(body: SignIn, office: OfficeHere) -> Session:
    """Sign in with a name and a password, for a token that expires.

    The one POST without `Idempotency-Key`: before it there is no account to keep an answer for,
    and a token is never kept in clear. Sent twice it makes two tokens, each of which expires.
    """
    token, expires_at = accounts.sign_in(office, body.username, body.password.get_secret_value())
    return Session(token=token, expires_at=expires_at)


@router.delete("/sessions/current", status_code=204, response_class=Response)
def sign_out(changing: Replacing, token: Token) -> Response:
    """Revoke the token of this request at once."""

    def work(tx: Transaction) -> Shown:
        accounts.sign_out(tx, token)
        return Shown(None)

    return changing.change(work, status=204)


@router.get("/me", response_model=Me)
def me(actor: ActorHere, office: OfficeHere) -> Response:
    """Who I am, and what I may do where."""
    with office.reading(actor) as reading:
        names = names_of_organisations(reading, list(actor.roles))
        memberships = [
            Membership(
                organisation_id=organisation_id,
                name=names[organisation_id],
                roles=sorted(roles),
                role_labels=[ROLE_LABELS[role] for role in sorted(roles)],
            )
            for organisation_id, roles in actor.roles.items()
        ]
    return shown(
        Me(
            account_id=actor.account_id,
            person_id=actor.person_id,
            full_name=actor.full_name,
            memberships=memberships,
            units=sorted(actor.units),
            headed_units=sorted(actor.headed_units),
        )
    )
