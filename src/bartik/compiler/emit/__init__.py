"""Loops to text: one file a target."""
