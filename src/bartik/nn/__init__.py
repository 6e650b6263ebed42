"""Layers that two or more use cases share."""
