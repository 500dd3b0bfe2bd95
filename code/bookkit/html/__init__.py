"""How a part of a page becomes HTML."""
