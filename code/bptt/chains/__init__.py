"""Jacobians along a trajectory: one step, the ordered product of many, and the routes through it."""
