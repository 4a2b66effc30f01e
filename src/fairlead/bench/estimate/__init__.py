"""Statistics of runs: what a model can do, and how sure that is.

The only part of the benchmark that needs numpy and scipy (the extra `bench`), so
nothing outside imports it before it is called.
"""
