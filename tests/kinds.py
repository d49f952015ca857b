"""The end that the kinds of dossier of the tests share: how a council decides, and by when."""

DECIDED = """
[vote]
quorum = "2/3"
share = "9/10"
confidence = "ours"

[[deadline]]
code = "DOSSIER_CHECK"
days = 5
confidence = "ours"

[[deadline]]
code = "DOSSIER_SUPPLEMENT"
days = 10
confidence = "ours"

[[deadline]]
code = "DOSSIER_APPRAISE"
days = 15
confidence = "ours"

[[deadline]]
code = "DOSSIER_DECIDE"
days = 10
confidence = "ours"

[[deadline]]
code = "DOSSIER_PUBLISH"
days = 10
confidence = "ours"
"""
