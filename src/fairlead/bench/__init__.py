"""What a model can do in cyberspace, how sure that is, and who can check it.

Pure: suites and tasks, what was declared before a run, what became of each attempt, and
what is read from it. What runs a suite is in `fairlead.evals`.
"""
