"""How fast a bundle runs, on what, and what the trigger allows."""
