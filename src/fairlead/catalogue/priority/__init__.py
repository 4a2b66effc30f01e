"""How urgent a vulnerability is: published decision tables over dated inputs.

`tables.json` holds the facts of the SSVC and CISA tables: which decision points there
are, and which outcome each combination of their values has, one digit a combination.
"""
