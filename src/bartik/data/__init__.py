"""Columns in and out: events, tables, splits."""
