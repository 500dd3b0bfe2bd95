"""The numerics of the course: recurrent networks, their gradients, and what becomes of them through time."""
