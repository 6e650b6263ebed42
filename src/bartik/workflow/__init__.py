"""From data to report: each step takes files and leaves files, so that any of them can be run, kept or repeated."""
