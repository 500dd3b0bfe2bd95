"""A reader's own code under examination: hand-written backward passes, torch models, trainings."""
