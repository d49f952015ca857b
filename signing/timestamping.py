"""Time-stamp tokens over HTTP (RFC 3161), each checked before anybody embeds it."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from functools import lru_cache
from urllib.parse import urlsplit

from asn1crypto import cms, tsp, x509
from cryptography.exceptions import InvalidSignature
from pyhanko.sign.general import extract_certificate_info, extract_signer_info
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import dummy_digest
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_SIGNATURE_VALIDATOR,
    SignatureValidationContext,
)

from signing.algorithms import long_enough, strongly_digested
from signing.errors import TrustUnavailable
from signing.wire import WireFault, ask

#: What a clerk is told does not answer.
SERVICE = "Dịch vụ cấp dấu thời gian"

_ANSWER_MAX_BYTES = 1 << 20
# How long the last token tells who will sign the next: an authority that had to change its
# certificate would otherwise be known by the old one for ever, and never be asked again.
_TELLING_SECONDS = 600.0
_DIGEST = "sha256"

log = logging.getLogger("vanthu.signing")


class HttpTimeStamper(TimeStamper):
    """The time-stamp authority at `url`: one HTTP call per token.

    pyHanko's questions about the authority's certificates and the size of a token are answered from
    the last token. One instance serves every thread; its async methods block, so it belongs in a
    worker's thread and not in a server's event loop.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 10) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._certificates: tuple[bytes, ...] = ()
        self._last: dict[str, tuple[float, bytes]] = {}  # by the algorithm of the digest

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The DER certificates that came with the last token, its signer's first.

        Without a token of late it asks for one. Raises TrustUnavailable.
        """
        self._lately(_DIGEST)
        return self._certificates

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """A token over this digest that passed every check but that of its chain.

        Raises TrustUnavailable.
        """
        return cms.ContentInfo.load(self._stamp(message_digest, md_algorithm))

    async def async_dummy_response(self, md_algorithm: str) -> cms.ContentInfo:
        """The last token over a digest of this algorithm: its size, and who signs the next.

        Without one of late it asks for one. Raises TrustUnavailable.
        """
        return cms.ContentInfo.load(self._lately(md_algorithm))

    def _lately(self, algorithm: str) -> bytes:
        at, token = self._last.get(algorithm, (0.0, b""))
        if token and time.monotonic() - at < _TELLING_SECONDS:
            return token
        return self._stamp(dummy_digest(algorithm), algorithm)

    def _stamp(self, digest: bytes, algorithm: str) -> bytes:
        nonce = secrets.randbits(64)
        imprint = {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest}
        request = tsp.TimeStampReq(
            {"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True}
        )
        try:
            answer = ask(
                "POST",
                self._url,
                body=request.dump(),
                headers={
                    "Content-Type": "application/timestamp-query",
                    "Accept": "application/timestamp-reply",
                },
                answer_type="application/timestamp-reply",
                answer_max_bytes=_ANSWER_MAX_BYTES,
                timeout_seconds=self._timeout_seconds,
            )
            response = tsp.TimeStampResp.load(answer, strict=True)
            # Its own bytes: asked for its parts, asn1crypto takes 30 ms to encode it anew.
            token: bytes = response["time_stamp_token"].dump()
            signer = _check(response, nonce, digest, algorithm)
            self._remember(response["time_stamp_token"]["content"], signer)
            self._last[algorithm] = time.monotonic(), token
        except WireFault as fault:
            raise self._unavailable(str(fault)) from fault
        except Exception as fault:  # a malformed answer makes its parser raise anything
            raise self._unavailable(f"{type(fault).__name__}: {fault}") from fault
        return token

    def _unavailable(self, fault: str) -> TrustUnavailable:
        log.warning("time-stamp service %s: %s", urlsplit(self._url).netloc, fault)
        return TrustUnavailable(SERVICE)

    def _remember(self, signed_data: cms.SignedData, signer: x509.Certificate) -> None:
        """The authority's certificates; replaced whole, so that no thread sees half of them."""
        others = (item.chosen.dump() for item in signed_data["certificates"])
        found = tuple(dict.fromkeys((signer.dump(), *others)))
        if found != self._certificates:
            self.cert_registry.register_multiple(map(x509.Certificate.load, found))
            # Only the present signer: pyHanko demands that every one it finds here is valid.
            self._certs = {signer.issuer_serial: x509.Certificate.load(found[0])}
            self._certificates = found


def _check(
    response: tsp.TimeStampResp, nonce: int, digest: bytes, algorithm: str
) -> x509.Certificate:
    """The signer of the token in a response that was checked against what was asked.

    RFC 3161 §2.2, §2.4. Raises WireFault naming the check, or whatever a malformed response makes
    its parser raise.
    """
    status = response["status"]
    if status["status"].native not in ("granted", "granted_with_mods"):
        why = sorted(status["fail_info"].native or ())
        raise WireFault(f"it refused: {status['status'].native} {why}")
    signed_data = response["time_stamp_token"]["content"]
    info = signed_data["encap_content_info"]["content"].parsed
    if info["nonce"].native != nonce:
        raise WireFault("its token has another nonce")
    imprint = info["message_imprint"]
    stamped = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
    if stamped != (algorithm, digest):
        raise WireFault("its token is for other data")
    signer = _signer(signed_data)
    _check_signature(signed_data, signer)
    if unfit := _unfit(signer.dump()):
        raise WireFault(unfit)
    if not signer.not_valid_before <= info["gen_time"].native <= signer.not_valid_after:
        raise WireFault("its certificate is not valid at the time it states")
    return signer


def _signer(signed_data: cms.SignedData) -> x509.Certificate:
    """The certificate the token names: by the very bytes of issuer and serial number.

    Comparing names as RFC 5280 §7.1 would have it costs as much as all other checks together, so
    that is left for a token that encodes them in its own way, or names a key.
    """
    named = extract_signer_info(signed_data)["sid"]
    if named.name == "issuer_and_serial_number":
        issuer, serial = named.chosen["issuer"].dump(), named.chosen["serial_number"].native
        for item in signed_data["certificates"]:
            certificate: x509.Certificate = item.chosen
            if (
                item.name == "certificate"
                and certificate.serial_number == serial
                and certificate.issuer.dump() == issuer
            ):
                return certificate
    found: x509.Certificate = extract_certificate_info(signed_data).signer_cert
    return found


def _check_signature(signed_data: cms.SignedData, certificate: x509.Certificate) -> None:
    """Raises WireFault unless the certificate, and no other, signed the content (RFC 5652 §5.4)."""
    signer = extract_signer_info(signed_data)
    if not strongly_digested(signer):
        raise WireFault("its token is signed over a weak digest")
    digest_algorithm = signer["digest_algorithm"]["algorithm"].native
    # The bytes that were signed, before asn1crypto, asked for its parts, encodes them anew.
    signed = signer["signed_attrs"].untag().dump()
    stated = {item["type"].native: item["values"][0] for item in signer["signed_attrs"]}
    content = bytes(signed_data["encap_content_info"]["content"])
    if (stated["content_type"].native, stated["message_digest"].native) != (
        "tst_info",
        hashlib.new(digest_algorithm, content).digest(),
    ):
        raise WireFault("its token was changed after it was signed")
    # RFC 3161 §2.4.1, RFC 5816: the token names its certificate by digest.
    if "signing_certificate_v2" in stated:
        first = stated["signing_certificate_v2"]["certs"][0]
        named_by = first["hash_algorithm"]["algorithm"].native
    else:
        first, named_by = stated["signing_certificate"]["certs"][0], "sha1"
    if first["cert_hash"].native != hashlib.new(named_by, certificate.dump()).digest():
        raise WireFault("its token names another certificate than the one it came with")
    try:
        DEFAULT_SIGNATURE_VALIDATOR.validate_signature(
            signer["signature"].native,
            signed,
            certificate.public_key,
            signer["signature_algorithm"],
            SignatureValidationContext(contextual_md_algorithm=digest_algorithm),
        )
    except InvalidSignature as fault:
        raise WireFault("its token's signature is wrong") from fault


@lru_cache(maxsize=16)
def _unfit(certificate: bytes) -> str | None:
    """Why a certificate must not stamp time (RFC 3161 §2.3)."""
    loaded = x509.Certificate.load(certificate)
    if not long_enough(loaded.public_key):
        return "its key is too short"
    for extension in loaded["tbs_certificate"]["extensions"]:
        if extension["extn_id"].native == "extended_key_usage":
            alone = extension["extn_value"].parsed.native == ["time_stamping"]
            if alone and extension["critical"].native:
                return None
    return "its certificate is not for time-stamping alone"
