"""The stored trainings of Chapter 5: what is run, how it is run, and how it is judged."""
