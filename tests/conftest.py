"""What all tests share: how hypothesis searches, and figures that no window shows."""

import matplotlib as mpl
from hypothesis import settings

mpl.use("agg")

# No deadline: the machine may do other work. A failure prints the line that repeats it.
settings.register_profile("course", deadline=None, print_blob=True)
settings.load_profile("course")
