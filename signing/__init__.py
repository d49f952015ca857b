"""The seal: PDF bytes in, signed PDF or a report out. Knows keys and trust, nothing else."""

import logging

# Findings travel in reports; what pyHanko logs beside them is for whoever configures logging.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
