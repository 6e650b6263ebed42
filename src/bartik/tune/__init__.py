"""Hyperparameters of any use case: a space is declared, trials are chosen and stopped early by Optuna, each is counted once.

Everything a campaign knows lies in its folder: who sees the folder can take part (`worker`), and whoever dies is replaced (`claim`).
"""
