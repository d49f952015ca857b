"""The log above the journal (RFC 6962): chain heads in leaves, under signed checkpoints.

None of it is evidence that the journal digests: it testifies for the journal. Rows are only added.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, UtcDateTime


class LogLeaf(Base):
    """The chain heads that had moved since the leaf before; `content` is what is hashed."""

    __tablename__ = "log_leaf"
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 0
    content: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class LogNode(Base):
    """The hash of a complete subtree over 2**level leaves, the leaves' own at level 0."""

    __tablename__ = "log_node"
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))


class LeafHead(Base):
    """One chain head in a leaf: what finds the leaf that covers an entry."""

    __tablename__ = "leaf_head"
    __table_args__ = (Index(None, "leaf"),)
    chain: Mapped[str] = mapped_column(String(48), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    leaf: Mapped[int]


class LogKey(Base):
    """A certificate that tree heads were signed under, and its chain (DER, one after the other)."""

    __tablename__ = "log_key"
    certificate_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    certificate: Mapped[bytes] = mapped_column(LargeBinary)
    chain: Mapped[bytes] = mapped_column(LargeBinary)


class Checkpoint(Base):
    """A signed tree head: `content` is the text that was signed."""

    __tablename__ = "checkpoint"
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    certificate_sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CheckpointStamp(Base):
    """A time-stamp token (RFC 3161) over a checkpoint's content; it speaks for all before it."""

    __tablename__ = "checkpoint_stamp"
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    token: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


#: Tables whose rows are written once; the migration puts triggers on them.
LOG_TABLES = (
    "log_leaf",
    "log_node",
    "leaf_head",
    "log_key",
    "checkpoint",
    "checkpoint_stamp",
)
