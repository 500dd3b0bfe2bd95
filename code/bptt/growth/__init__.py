"""Matrices, and what their products do: norms, spectra, powers, growth rates, mean fields."""
