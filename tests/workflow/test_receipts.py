"""Receipts: an organisation proves to somebody outside that its entry was in the log."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import select

from signing.witness import certificates_in, check_chain, check_signature
from tests.api.conftest import COMMUNE
from tests.workflow.loghand import act, appended
from workflow import checkpointing, receipts
from workflow.access import Chain
from workflow.actor import Actor
from workflow.office import Office
from workflow.records import ChainHead, JournalEntry
from workflow.rules import journal, merkle
from workflow.rules.checkpoints import Head, parse_head, parse_leaf
from workflow.rules.errors import Forbidden, NotFound

AUDITOR = "xa.kiemtoan"


def convinced(office: Office, receipt: receipts.Receipt, anchor: bytes) -> None:
    """What somebody outside does with a receipt, and with the entries behind it."""
    proof = receipt.proof
    assert proof is not None
    # From the entry to the head that the leaf names, each naming its predecessor.
    digest = receipt.entry.digest
    assert journal.entry_digest(receipt.entry.content) == digest
    with office.reading(None) as reading:
        following = reading.session.scalars(
            select(JournalEntry.content)
            .where(
                JournalEntry.chain == receipt.entry.chain,
                JournalEntry.sequence > receipt.entry.sequence,
                JournalEntry.sequence <= proof.head.sequence,
            )
            .order_by(JournalEntry.sequence)
        )
        for content in following:
            assert journal.parse(content).previous == digest
            digest = journal.entry_digest(content)
    head = Head(receipt.entry.chain, proof.head.sequence, digest)
    leaf = parse_leaf(proof.leaf.content)
    assert head in leaf.heads
    under, key = proof.under.checkpoint, proof.under.key
    signed = parse_head(under.content)
    merkle.verify_inclusion(
        merkle.leaf_hash(proof.leaf.content), leaf.index, signed.size, proof.path, signed.root
    )
    check_signature(key.certificate, under.content, under.signature)
    assert check_chain(key.certificate, certificates_in(key.chain), [anchor], signed.at)


def test_a_receipt_convinces_whoever_trusts_the_authority_alone(
    office: Office, acting: Callable[[str], Actor], seat: Callable[[str], uuid.UUID]
) -> None:
    commune, anchor = seat(COMMUNE), office.sealing.trust.anchors[0]
    act(office, str(commune), 5)
    checkpointing.append(office)
    act(office, str(commune), 2)
    checkpointing.append(office)
    appended(office)  # of others
    checkpointing.stamp(office)
    act(office, str(commune), 3)
    with office.reading(acting(AUDITOR)) as reading:
        length = reading.session.get_one(ChainHead, str(commune)).sequence
        for sequence in range(1, length - 2):
            found = receipts.receipt(reading, commune, sequence)
            assert found.uncovered == 3
            convinced(office, found, anchor)
            assert found.proof is not None
            assert found.proof.under.checkpoint.size == 3
            assert found.proof.under.stamp is not None
            assert found.proof.leaf.index == (0 if sequence <= length - 5 else 1)
        for sequence in range(length - 2, length + 1):
            found = receipts.receipt(reading, commune, sequence)
            assert (found.proof, found.uncovered) == (None, 3)
        with pytest.raises(NotFound):
            receipts.receipt(reading, commune, length + 1)


def test_an_entry_under_an_unsigned_leaf_is_not_covered(
    office: Office, acting: Callable[[str], Actor], seat: Callable[[str], uuid.UUID]
) -> None:
    commune = seat(COMMUNE)
    appended(office)
    act(office, str(commune))
    checkpointing._append_leaf(office)  # and dies before it signs
    with office.reading(acting(AUDITOR)) as reading:
        last = reading.session.get_one(ChainHead, str(commune)).sequence
        found = receipts.receipt(reading, commune, last)
        assert (found.proof, found.uncovered) == (None, 1)
    checkpointing.append(office)
    with office.reading(acting(AUDITOR)) as reading:
        assert receipts.receipt(reading, commune, last).proof is not None


def test_the_chain_of_looks_has_receipts_too(
    office: Office, acting: Callable[[str], Actor], seat: Callable[[str], uuid.UUID]
) -> None:
    commune = seat(COMMUNE)
    act(office, Chain.ACCESS.named(commune))
    checkpointing.append(office)
    with office.reading(acting(AUDITOR)) as reading:
        found = receipts.receipt(reading, commune, 1, Chain.ACCESS)
        assert found.proof is not None
        assert found.entry.chain == f"access:{commune}"


def test_a_receipt_is_for_those_who_read_the_journal(
    office: Office, acting: Callable[[str], Actor], seat: Callable[[str], uuid.UUID]
) -> None:
    with office.reading(acting("xa.vanthu")) as reading, pytest.raises(Forbidden):
        receipts.receipt(reading, seat(COMMUNE), 1)
    with office.reading(acting("vpdp.chanhvp")) as reading, pytest.raises(NotFound):
        receipts.receipt(reading, seat(COMMUNE), 1)
