"""The verifier: an auditor's bundle, read offline by the law and the seal alone.

Needs no database, no settings and no network. It believes nothing that the bundle says of itself:
every entry is linked to the signed checkpoint, every row to its entry, every fact to its evidence,
every fraction to its facts; and the files, where they are there, to their reports.
"""

# Nothing is imported here: the processes that read slices need no part that knows of signatures.
