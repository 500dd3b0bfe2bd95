"""How a test asks the explorables: what they compute is called with node, outside of any browser."""

import json
import subprocess
from pathlib import Path

import numpy as np

from bookkit.assets.npm import NODE
from bptt.figures import explore_numerics

HARNESS = Path(__file__).with_name("numerics.mjs")


def node(*calls):
    """What functions of numerics.mjs and settings.mjs return, for calls such as ``("norm", [[1, 2], [3, 4]])``."""
    asked = json.dumps([[name, args] for name, *args in calls])
    done = subprocess.run([NODE, HARNESS], input=asked, capture_output=True, text=True, encoding="utf-8", check=True)
    return json.loads(done.stdout)


def numbers(values):
    """An array of what node said: it writes infinities as words."""
    return np.array(values, dtype=float)


SETTINGS = node(["SETTINGS"])[0]


def defaults(name):
    return {key: field["value"] for key, field in SETTINGS[name]["fields"].items()}


def presets(name):
    """Every preset of an explorable, whole."""
    return [defaults(name) | preset for preset in SETTINGS[name]["presets"].values()]


def random_setting(name, rng):
    """A setting within the reach of the sliders."""
    return {key: _draw(field, rng) for key, field in SETTINGS[name]["fields"].items()}


def _draw(field, rng):
    if field["kind"] == "choice":
        return str(rng.choice(list(field["options"])))
    if field["kind"] == "flag":
        return bool(rng.integers(2))
    if field["kind"] == "stops":
        return rng.choice(field["values"]).item()
    value = np.round(rng.uniform(field["min"], field["max"], np.shape(field["value"])) / field["step"]) * field["step"]
    return int(value) if field["step"] == 1 else value.tolist()


# The same setting, as each side wants it


def two_unit(s):
    """What bptt, and what the page, take to compute a setting of the two units."""
    W = np.array(s["W"], dtype=float).reshape(2, 2)
    return {**s, "W": W}, {**s, "W": W.tolist()}


def small_lstm(s):
    """What bptt, and what the page, take for the small LSTM."""
    gain, bias, companion = s["gain"], s["forget_bias"], s["companion"]
    return (gain, bias, companion), {"gain": gain, "forgetBias": bias, "companion": companion}


def walks(s):
    """The unclipped walk and the clipped one, by bptt, and what the page takes for them."""
    pairs = [
        ((s["w"], s["b"], s["rate"], c, s["steps"]), {**s, "maxNorm": c if np.isfinite(c) else 1e300})
        for c in (np.inf, s["max_norm"])
    ]
    return [(explore_numerics.walk(*ours), theirs) for ours, theirs in pairs]


def biases(s):
    return s["forget_bias"], -s["forget_bias"] if s["companion"] else s["input_bias"]
