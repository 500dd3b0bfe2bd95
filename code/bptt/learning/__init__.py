"""Networks that learn: tasks, initial weights, training loops, clipping, success rates."""
