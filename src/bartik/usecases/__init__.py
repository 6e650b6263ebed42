"""The experiment's models, one folder each."""
