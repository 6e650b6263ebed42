"""Bartik: from training to trigger. See the README for the five lines most users need."""
