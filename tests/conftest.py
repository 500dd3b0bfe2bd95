"""What all tests share: one thread each, how hypothesis draws, and figures that no window shows."""

import os

# Before NumPy is imported, which reads it once.  On small matrices the threads of BLAS and torch only
# wait for each other: a hundred thousand steps take 7 seconds with one thread, and 72 with two.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib as mpl
from hypothesis import settings

mpl.use("agg")

# No deadline: the machine may do other work.  A failure prints the line that repeats it.
EVERYWHERE = {"deadline": None, "print_blob": True}
# The same draws in every run, so that a red test is red because of a change …
settings.register_profile("course", derandomize=True, **EVERYWHERE)
# … and once a week, or with --hypothesis-profile=free, twenty times as many that nobody has seen before.
settings.register_profile("free", max_examples=2000, **EVERYWHERE)
settings.load_profile("course")
