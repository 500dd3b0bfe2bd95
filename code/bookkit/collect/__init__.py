"""Pages made from other pages, or from docstrings."""
