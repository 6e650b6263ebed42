"""A decay chosen by two networks and a third that joins them: the smallest use case of several models."""

from two_steps_of_selection.together import figures as figures
from two_steps_of_selection.together import whole as whole

parts = {"kinematics": (), "vertex": (), "decision": ("kinematics", "vertex")}
HEADLINE = "AUC"
