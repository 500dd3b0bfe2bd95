"""The drawings of the RNN say what the course says."""

import pytest
from drawings import boxes, labels, passes, places, sheet, wires

from bptt.figures import diagrams

ax = pytest.fixture(sheet)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_path_of_a_step_passes_the_jacobians_after_it(ax, n):
    diagrams.temporal_contributions(ax, n)
    wide = [wire for wire in wires(ax) if wire.get_linewidth() > 2]
    assert len(wide) == n
    for k, path in enumerate(wide, start=1):
        met = {label for label, box in boxes(ax).items() if passes(path, box) and "theta" not in label}
        assert met == {rf"$\boldsymbol{{\delta}}_{n}$"} | {f"$J_{t}$" for t in range(k + 1, n + 1)}
        factors = "".join(f"J_{t}" for t in range(n, k, -1))
        assert rf"$\boldsymbol{{\delta}}_{n}{factors}$" in rows_below(ax)


def rows_below(ax):
    """What stands between the copies of the parameters and the last line."""
    return [label for label, (_, height) in places(ax).items() if 0.5 < height < 1]


def test_the_rnn_uses_one_theta_and_the_last_state(ax):
    diagrams.many_to_one(ax)
    assert labels(ax).count(r"$\theta$") == 1
    assert {rf"$\mathbf{{x}}_{t}$" for t in "12n"} <= set(labels(ax))


def test_errors_name_the_argument(ax):
    with pytest.raises(ValueError, match=r"^n is 5, but needs a whole number of at least 1 and at most 4$"):
        diagrams.temporal_contributions(ax, n=5)
    with pytest.raises(TypeError, match=r"^n is 2\.0, but needs a whole number"):
        diagrams.temporal_contributions(ax, n=2.0)
