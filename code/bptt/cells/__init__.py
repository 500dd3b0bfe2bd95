"""Recurrent cells, one file a cell, with all that is known of it under the same names in each.

``init`` draws parameters; ``step`` is one step, in the letters of its equation, and ``forward`` unrolls it; ``deltas``
is the walk back, and ``backward`` makes the gradient of it; ``contributions`` splits that by steps, and ``steps`` are
the one-step Jacobians. ``step`` and ``deltas`` trust their arguments; the others look at them first. A cell's twin in
torch stands in `bptt.referees.torch_cells`, and `bptt.chains.jacobians` calls the Jacobians of all cells by name.
"""
