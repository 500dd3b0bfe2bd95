"""Recurrent cells, one file a cell: start, forward pass, backward pass, and the contributions of the steps."""
