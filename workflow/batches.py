"""A list signed in one act: the request is the person's, each document is signed as if alone.

A job takes one document per run, so that its lease is short and what is done stays done: first the
person's step, with every condition checked at that moment, then the key, then the next one. What
is wrong with one document is that document's; what is wrong with the key stops the list, because
every further try may lock a token, and a locked token is worse than a late document. Only the
person who asked goes on with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from workflow import accounts, intents, signatures
from workflow.access import main_case, may_know
from workflow.actor import Actor
from workflow.batch_items import SIGNING, WAITING, end, locked
from workflow.intents import Record
from workflow.office import Office, Reading, Transaction
from workflow.records import (
    Account,
    Document,
    Person,
    SignatureMade,
    SigningBatch,
    SigningBatchItem,
    SigningIntent,
)
from workflow.refusals import KeyAway, KeyRefusal, SigningRefusal
from workflow.rules.errors import GuardsUnmet, Invalid, NotFound, Refusal, Unavailable

MOST = 200
#: An act of a person is acted on for `intent_minutes`; a long list for as long again with every so
#: many documents, which a slow remote key and a slow time-stamp authority can sign in that time.
_PER_PERIOD = 50
_EXPIRED = "Danh sách đã hết hạn ký. Hãy xem lại rồi ký tiếp."
_CLOSED = "Tài khoản của người ký đã bị khóa."
_DIED = "Không ký được sau nhiều lần thử; quản trị xem nhật ký lỗi."


@dataclass(frozen=True)
class Reviewed:
    """A document that the person read and wants to sign: the digest of what was read."""

    document_id: uuid.UUID
    content: str


@dataclass(frozen=True)
class View:
    """A list with where each of its documents stands, in order."""

    batch: SigningBatch
    items: Sequence[SigningBatchItem]


def ask(tx: Transaction, reviewed: Sequence[Reviewed]) -> SigningBatch:
    """Record the acting person's wish to sign these documents, which a job carries out in order.

    Raises:
        Invalid: none or more than MOST, one twice, one the actor may not know of, or documents of
            several organisations. GuardsUnmet: no certificate, or its key is with its holder.
    """
    organisation_id = _organisation_of(tx, reviewed)
    _check_key(tx)
    batch = tx.add(
        SigningBatch(
            organisation_id=organisation_id,
            person_id=tx.actor.person_id,
            account_id=tx.actor.account_id,
            asked_at=tx.now,
            expires_at=_expiry(tx, len(reviewed)),
        )
    )
    tx.session.flush()
    for ordinal, one in enumerate(reviewed, start=1):
        tx.add(
            SigningBatchItem(
                batch_id=batch.id,
                ordinal=ordinal,
                document_id=one.document_id,
                content=one.content,
                result=WAITING,
            )
        )
    tx.journal("signing_batch.asked", organisation_id, batch.id, items=len(reviewed))
    tx.enqueue("sign_batch", batch=batch.id)
    return batch


def view(reading: Reading, batch_id: uuid.UUID) -> View:
    """A list of one's own, or as an auditor of its organisation. Raises NotFound."""
    batch = reading.session.get(SigningBatch, batch_id)
    if batch is None or not (
        batch.person_id == reading.actor.person_id
        or "auditor" in reading.actor.roles_in(batch.organisation_id)
    ):
        raise NotFound("Danh sách ký")
    return View(batch, _items(reading, batch_id))


def resume(tx: Transaction, batch_id: uuid.UUID) -> SigningBatch:
    """Go on with a list of one's own that was stopped: a new act, for what is not signed yet.

    Raises:
        NotFound: no such list of the actor's. GuardsUnmet: it is not stopped, or as `ask`.
    """
    found = tx.session.get(SigningBatch, batch_id)
    if found is None or found.person_id != tx.actor.person_id:
        raise NotFound("Danh sách ký")
    batch = locked(tx, batch_id)
    if batch.stopped is None:
        done = "đã ký xong" if batch.finished_at else "đang được ký"
        raise GuardsUnmet([f"Danh sách {done}."])
    _check_key(tx)
    batch.stopped = None
    batch.account_id = tx.actor.account_id
    batch.asked_at = tx.now
    batch.expires_at = _expiry(tx, sum(one.result == WAITING for one in _items(tx, batch_id)))
    tx.journal("signing_batch.resumed", batch.organisation_id, batch.id)
    tx.enqueue("sign_batch", batch=batch.id)
    return batch


def sign_batch(office: Office, batch: str) -> Record:
    """Job: the next document of a list is signed, and the one after it is planned."""
    batch_id = uuid.UUID(batch)
    with office.reading(None) as reading:
        row = reading.get(SigningBatch, batch_id)
        item = _next(reading, batch_id)
        if row.stopped is not None or item is None:
            return lambda _tx: None
        item_id, intent_id = item.id, item.intent_id
        actor = _actor(reading, row)
        # The document at hand has an intent of its own, which a long outage may outlast.
        act = row if intent_id is None else reading.get(SigningIntent, intent_id)
        expired = act.expires_at <= reading.now
    if actor is None or expired:
        why = _EXPIRED if expired else _CLOSED
        return lambda tx: _stop(tx, batch_id, intent_id, why)
    if intent_id is None:
        try:
            intent_id = _take(office, actor, item_id)
        except Unavailable:
            raise
        except Refusal as refused:
            said = str(refused)
            return lambda tx: _pass_over(tx, batch_id, item_id, said)
    return _signed(office, batch_id, intent_id)


def _take(office: Office, actor: Actor, item_id: uuid.UUID) -> uuid.UUID:
    """The person's step on one document; the intent it recorded.

    Raises:
        Refusal: the step's. Unavailable: somebody else has taken the item, or the list is stopped.
    """
    with office.transaction(actor) as tx:
        item = tx.get(SigningBatchItem, item_id)
        case = tx.lock_case(main_case(tx, item.document_id).id)
        batch = locked(tx, item.batch_id)
        tx.session.refresh(item)
        if batch.stopped is not None or item.result != WAITING:
            raise Unavailable("Danh sách ký", 1)
        signatures.sign(tx, item.document_id, case.version, item.content, job=None)
        (intent,) = intents.open_intents(tx, case.id)
        item.result, item.intent_id = SIGNING, intent.id
        tx.journal("signing_batch.item_taken", batch.organisation_id, batch.id, intent=intent.id)
        return intent.id


def _signed(office: Office, batch_id: uuid.UUID, intent_id: uuid.UUID) -> Record:
    """The key's work on one document, and what follows from it for the list."""
    try:
        made = intents.perform(office, intent_id)
    except (KeyRefusal, KeyAway) as no:
        said = f"{no.what} không dùng được." if isinstance(no, KeyAway) else str(no)
        why = f"{said} Đã dừng danh sách. Hãy kiểm tra khóa ký rồi ký tiếp."
        return lambda tx: _stop(tx, batch_id, intent_id, why)
    except SigningRefusal as refused:
        return _refused(batch_id, intent_id, str(refused))

    def record(tx: Transaction) -> None:
        # Whoever recorded it before has planned the next one, too.
        if made is not None and intents.record_made(tx, made, "judge_signature"):
            _go_on(tx, batch_id)

    return record


def _refused(batch_id: uuid.UUID, intent_id: uuid.UUID, why: str) -> Record:
    def record(tx: Transaction) -> None:
        if intents.lock_case_of(tx, intent_id) is not None:
            signatures.abandon(tx, intent_id, why)
            _go_on(tx, batch_id)

    return record


def give_up(tx: Transaction, batch: str) -> None:
    """The job died at every try on one document: that one is refused, the others are signed."""
    batch_id = uuid.UUID(batch)
    item = _next(tx, batch_id)
    if item is None:
        return
    if item.intent_id is not None:
        _refused(batch_id, item.intent_id, _DIED)(tx)
    else:
        _pass_over(tx, batch_id, item.id, _DIED)


def _stop(tx: Transaction, batch_id: uuid.UUID, intent_id: uuid.UUID | None, why: str) -> None:
    """Nothing more is tried; the document at hand goes back as it was, and waits in the list."""
    # The case before the list, as everybody does.
    if intent_id is not None and intents.lock_case_of(tx, intent_id) is None:
        return
    batch = locked(tx, batch_id)
    if batch.stopped is not None:
        return
    batch.stopped = why
    if intent_id is not None:
        item = tx.session.scalars(
            select(SigningBatchItem).where(SigningBatchItem.intent_id == intent_id)
        ).one()
        # Out of the list first, or the end of the intent would be the end of the item.
        item.result, item.intent_id = WAITING, None
        tx.session.flush()
        signatures.abandon(tx, intent_id, why)
    tx.journal("signing_batch.stopped", batch.organisation_id, batch.id)


def _pass_over(tx: Transaction, batch_id: uuid.UUID, item_id: uuid.UUID, why: str) -> None:
    batch, item = locked(tx, batch_id), tx.get(SigningBatchItem, item_id)
    if batch.stopped is not None or item.result != WAITING:
        return
    end(tx, batch, item, why)
    tx.journal("signing_batch.item_refused", batch.organisation_id, batch.id, item=item_id)
    _go_on(tx, batch_id)


def _go_on(tx: Transaction, batch_id: uuid.UUID) -> None:
    if _next(tx, batch_id) is not None:
        tx.enqueue("sign_batch", batch=batch_id)


def _items(reading: Reading, batch_id: uuid.UUID) -> Sequence[SigningBatchItem]:
    return reading.session.scalars(
        select(SigningBatchItem)
        .where(SigningBatchItem.batch_id == batch_id)
        .order_by(SigningBatchItem.ordinal)
    ).all()


def _next(reading: Reading, batch_id: uuid.UUID) -> SigningBatchItem | None:
    """The first document that no key has signed yet: one that was taken already, or that waits."""
    made = select(SignatureMade.id).where(SignatureMade.intent_id == SigningBatchItem.intent_id)
    return reading.session.scalar(
        select(SigningBatchItem)
        .where(
            SigningBatchItem.batch_id == batch_id,
            SigningBatchItem.result.in_((WAITING, SIGNING)),
            ~made.exists(),
        )
        .order_by(SigningBatchItem.ordinal)
        .limit(1)
    )


def _actor(reading: Reading, batch: SigningBatch) -> Actor | None:
    """The person with the roles of this moment; None once the account is closed."""
    account = reading.get(Account, batch.account_id)
    if account.disabled_at is not None:
        return None
    return accounts.actor_of(reading, account, reading.get(Person, batch.person_id))


def _expiry(tx: Transaction, items: int) -> datetime:
    periods = -(-items // _PER_PERIOD)
    return tx.now + periods * timedelta(minutes=tx.office.settings.intent_minutes)


def _check_key(tx: Transaction) -> None:
    certificate = intents.certificate_of(tx, person_id=tx.actor.person_id)
    if certificate.key_url == intents.CLIENT_HELD:
        raise GuardsUnmet(
            [
                "Khóa ký nằm trong thiết bị của người ký nên không ký theo danh sách được."
                " Hãy ký từng văn bản bằng chương trình ký trên máy có thiết bị."
            ]
        )


def _organisation_of(tx: Transaction, reviewed: Sequence[Reviewed]) -> uuid.UUID:
    """The one organisation whose documents these are."""
    if not 1 <= len(reviewed) <= MOST:
        raise Invalid([("/items", f"Danh sách gồm từ 1 đến {MOST} văn bản.")])
    rows = tx.session.execute(
        select(Document.id, Document.organisation_id).where(
            Document.id.in_([one.document_id for one in reviewed]),
            Document.direction == "outgoing",
            may_know(tx.actor),
        )
    )
    known: dict[uuid.UUID, uuid.UUID] = {row[0]: row[1] for row in rows}
    errors: list[tuple[str, str]] = []
    seen: set[uuid.UUID] = set()
    for position, one in enumerate(reviewed):
        if one.document_id not in known:
            said = "Văn bản không tồn tại hoặc không thuộc phạm vi được xem."
        elif one.document_id in seen:
            said = "Văn bản đã có trong danh sách."
        elif known[one.document_id] != known.get(reviewed[0].document_id):
            said = "Mỗi danh sách chỉ gồm văn bản của một cơ quan."
        else:
            seen.add(one.document_id)
            continue
        errors.append((f"/items/{position}/document_id", said))
    if errors:
        raise Invalid(errors)
    return known[reviewed[0].document_id]
