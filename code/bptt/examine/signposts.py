"""The pages of the course that a report points to."""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """Number, title, and path below ``chapters/`` without a suffix; ``part`` is a heading's anchor."""

    number: str
    title: str
    path: str
    part: str = ""

    def __str__(self):
        return f"page {self.number}" if self.number else f"page “{self.title}”"

    def link(self, root="../"):
        """An HTML link, from a page in a folder of `root`."""
        anchor = f"#{self.part}" if self.part else ""
        text = f"{self.number} {self.title}".strip()
        return f'<a href="{root}{self.path}.html{anchor}">{text}</a>'


CONTRIBUTIONS = Page("1.2", "Temporal contributions", "1-bptt/2-temporal-contributions")
DETACH = Page("1.3", "The backward pass", "1-bptt/3-backward-pass")
PRODUCTS = Page("2.2", "Products of Jacobians", "2-vanishing-exploding/2-products-of-jacobians")
RATES = Page("2.6", "Growth rates", "2-vanishing-exploding/6-growth-rates")
GATES = Page("3.2", "Gates at work", "3-lstm/2-gates")
FORGET = Page("3.3", "Time scales", "3-lstm/3-time-scales")
ROUTES = Page("4.3", "Vanish more slowly, and still explode", "4-lstm-bptt/3-vanish-and-explode")
CLIP = Page("4.4", "Clipping", "4-lstm-bptt/4-clipping")
START = Page("5.2", "Initialisation", "5-training/2-initialisation")


def symptom(part):
    """A heading of the page of symptoms."""
    return Page("", "Symptoms", "your-own/symptoms", part)
