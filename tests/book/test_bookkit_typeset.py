"""The mathematics of claims: what is set, what is left alone, and bounds that are never sharper than they were."""

import pytest

from bookkit.html.typeset import rounded, typeset


def marked(text):
    for long, short in [("emphasis", "i"), ("subscript", "sub"), ("superscript", "sup")]:
        text = text.replace(f"<{long}>", f"<{short}>").replace(f"</{long}>", f"</{short}>")
    return text


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("W_h", "<i>W</i><sub>h</sub>"),
        ("σ_max(W_h)", "<i>σ</i><sub>max</sub>(<i>W</i><sub>h</sub>)"),
        ("∂E/∂h_n", "∂E/∂<i>h</i><sub>n</sub>"),
        ("∂c_t/∂c_{t-1}", "∂<i>c</i><sub>t</sub>/∂<i>c</i><sub>t−1</sub>"),
        ("W_h^(f)", "<i>W</i><sub>h</sub>^(f)".replace("^(f)", "<sup>(f)</sup>")),
        ("0.9^(n-k)", "0.9<sup>n−k</sup>"),
        ("2^-m", "2<sup>−m</sup>"),
        ("10^15", "10<sup>15</sup>"),
        ("1e-12", "10<sup>−12</sup>"),
        ("8.2e-09", "8.2·10<sup>−9</sup>"),
        ("at least 1e+06", "at least 10<sup>6</sup>"),
    ],
)
def test_mathematics_is_set(typed, shown):
    assert marked("".join(map(str, typeset(typed)))) == shown


@pytest.mark.parametrize("text", ["batch_first=True", "clip_grad_norm_", "jacobians.lstm_steps", "one 1-page", "W² = 0"])
def test_the_rest_stays_as_it_was(text):
    assert "".join(map(str, typeset(text))) == text


def test_no_letter_is_lost():
    text = "SymPy: G_t = F_t + A_t R_{t-1}, at most 3e-05 of W_h^(f)"
    shown = "".join(node.astext() for node in typeset(text))
    assert shown == "SymPy: Gt = Ft + At Rt−1, at most 3·10−5 of Wh(f)"


@pytest.mark.parametrize(
    ("bound", "shown"),
    [
        ("at most 0.000784014", "at most 0.000785"),
        ("at least 0.333333", "at least 0.333"),
        ("at least -0.333333", "at least -0.334"),
        ("at most 12.3456", "at most 12.4"),
        ("at most 0.25", "at most 0.25"),
        ("at least 1200", "at least 1200"),
        ("at least 1e+06", "at least 1e+06"),
        ("relative error < 1e-12", "relative error < 1e-12"),
        ("at least 0.12345 and at most 0.98765", "at least 0.123 and at most 0.988"),
    ],
)
def test_a_rounded_bound_is_never_sharper(bound, shown):
    assert rounded(bound) == shown
