"""Ways from a certificate up to an anchor, every step by key (RFC 5280 §6.1, RFC 4158).

Walked upwards, so that of all that a stranger put into a file only those certificates are looked at
that may lead somewhere; and bounded: five authorities that certify each other make hundreds.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress

from cryptography import x509

from signing.algorithms import strong_signature, verifies
from signing.certificates import UNREADABLE, extension, readable
from signing.trust import Trust, issued_by

# Far above any genuine chain.
_LONGEST_PATH = 8
_MOST_AUTHORITIES = 32
_MOST_NAMESAKES = 16
_MOST_VERIFICATIONS = 256
_MOST_STEPS = 64

#: From the anchor down.
Path = tuple[x509.Certificate, ...]


class Paths:
    """The certificates that are known, and the ways between them; each is looked for once.

    `certificates` (DER) are whatever came along, in order of preference; none is trusted for it.
    """

    def __init__(self, trust: Trust, certificates: Iterable[bytes]) -> None:
        self._anchors = dict.fromkeys(readable(trust.anchors))
        found = [*self._anchors, *readable(trust.intermediates), *readable(certificates)]
        self.known = dict.fromkeys(found)
        self._named: dict[x509.Name, list[x509.Certificate]] = defaultdict(list)
        for one in self.known:
            self._named[one.subject].append(one)
        self._issued: dict[tuple[x509.Certificate, x509.Certificate], bool] = {}
        self._found: dict[x509.Certificate, list[Path]] = {}

    def to(self, leaf: x509.Certificate) -> list[Path]:
        """Ways from an anchor down to the certificate, the shortest first, every step by key."""
        if leaf not in self._found:
            self._found[leaf] = list(self._walk(leaf, self._leading_up(leaf)))
        return self._found[leaf]

    def _leading_up(self, leaf: x509.Certificate) -> dict[x509.Certificate, list[x509.Certificate]]:
        """The issuers of the certificate, and theirs, as far as they come to an anchor."""
        issuers: dict[x509.Certificate, list[x509.Certificate]] = {}
        waiting = deque([leaf])
        while waiting and len(issuers) < _MOST_AUTHORITIES:
            one = waiting.popleft()
            if one in issuers or one in self._anchors:
                continue
            issuers[one] = [above for above in self._namesakes(one) if self._is_issued(one, above)]
            waiting += issuers[one]
        leading = dict(self._anchors)
        while found := [
            one
            for one, above in issuers.items()
            if one not in leading and any(item in leading for item in above)
        ]:
            leading |= dict.fromkeys(found)
        return {
            one: [item for item in above if item in leading]
            for one, above in issuers.items()
            if one in leading
        }

    def _walk(
        self, leaf: x509.Certificate, issuers: dict[x509.Certificate, list[x509.Certificate]]
    ) -> Iterator[Path]:
        paths: deque[Path] = deque([(leaf,)])
        for _ in range(_MOST_STEPS):
            if not paths:
                return
            path = paths.popleft()
            if path[0] in self._anchors:
                yield path
            elif len(path) < _LONGEST_PATH:
                paths += [(up, *path) for up in issuers.get(path[0], ()) if up not in path]

    def _namesakes(self, certificate: x509.Certificate) -> list[x509.Certificate]:
        """Those with the issuer's name and, where both say so, the key it says signed it."""
        stated = extension(certificate, x509.AuthorityKeyIdentifier)
        wanted = stated and stated.key_identifier
        found = []
        for one in self._named.get(certificate.issuer, ()):
            own = extension(one, x509.SubjectKeyIdentifier) if wanted else None
            if one != certificate and (own is None or own.digest == wanted):
                found.append(one)
            if len(found) == _MOST_NAMESAKES:
                break
        return found

    def _is_issued(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        pair = (certificate, issuer)
        if pair not in self._issued and len(self._issued) < _MOST_VERIFICATIONS:
            self._issued[pair] = issued_by(certificate, issuer) or _weakly(certificate, issuer)
        return self._issued.get(pair, False)


def _weakly(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Issued by key, over a digest that cryptography will not verify: to be called weak."""
    if strong_signature(certificate):
        return False
    with suppress(*UNREADABLE):
        digest = certificate.signature_hash_algorithm
        return verifies(issuer, certificate.signature, certificate.tbs_certificate_bytes, digest)
    return False
