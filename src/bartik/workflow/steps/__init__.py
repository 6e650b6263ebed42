"""The steps of a run, one a file. Each reads files of the run's folder and leaves files there, whole or not at all."""
