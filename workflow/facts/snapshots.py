"""What a frozen indicator says."""

from __future__ import annotations

import json


def achieved(content: bytes) -> bool:
    """Whether every issuer of the organisation reached 100 %, by integers (rulebook 5.2)."""
    return json.loads(content)["achieved"] is True
