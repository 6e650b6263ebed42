"""A toy LHCb: the vertex locator and what flies through it, as plain arrays."""
