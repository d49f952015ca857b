"""A checkpoint over whatever the chains hold now; the signature is not looked at here."""

from __future__ import annotations

from sqlalchemy import func, select

from workflow.office import Office
from workflow.records import ChainHead, Checkpoint, LeafHead, LogKey, LogLeaf, LogNode
from workflow.rules import merkle
from workflow.rules.checkpoints import Head, Leaf, TreeHead


def mark(office: Office) -> Checkpoint:
    """Append a leaf with every chain's head, and sign it as nobody would."""
    with office.transaction(None) as tx:
        size = tx.session.scalar(select(func.count()).select_from(LogLeaf)) or 0
        heads = tx.session.scalars(select(ChainHead).order_by(ChainHead.chain)).all()
        leaf = Leaf(size, tx.now, tuple(Head(h.chain, h.sequence, h.digest) for h in heads))
        content = leaf.to_bytes()
        hashed = merkle.leaf_hash(content).hex()
        tx.add(LogLeaf(index=size, content=content, hash=hashed, at=tx.now))
        tx.add(LogNode(level=0, index=size, hash=hashed))
        tx.session.flush()
        for node, left, right in merkle.completed(size):
            two = [
                bytes.fromhex(tx.session.get_one(LogNode, (level, place)).hash)
                for level, place in (left, right)
            ]
            tx.add(LogNode(level=node.level, index=node.place, hash=merkle.node_hash(*two).hex()))
            tx.session.flush()
        for head in heads:
            if tx.session.get(LeafHead, (head.chain, head.sequence)) is None:
                tx.add(
                    LeafHead(
                        chain=head.chain, sequence=head.sequence, digest=head.digest, leaf=size
                    )
                )
        leaves = tx.session.scalars(select(LogLeaf.hash).order_by(LogLeaf.index)).all()
        root = merkle.root([bytes.fromhex(one) for one in leaves])
        text = TreeHead("vanthu.test/log", size + 1, root, tx.now).to_text()
        if tx.session.get(LogKey, "0" * 64) is None:
            tx.add(LogKey(certificate_sha256="0" * 64, certificate=b"certificate", chain=b""))
        return tx.add(
            Checkpoint(
                size=size + 1,
                content=text,
                signature=b"signature",
                certificate_sha256="0" * 64,
                at=tx.now,
            )
        )
