"""Review: voluntary early access to a model, under terms that both sides signed.

Nothing here is a condition of releasing a model, and nothing decides about a release
(promise P1).
"""
