"""How many doublets pass for a true one, where nearly all of the true ones pass."""

from bartik.usecases.velo_tracking.classifier import classifier_score, classifier_working_points

KEPT, TAUGHT = 0.9985, 0.9915
"""Share of true doublets that the filter is to keep: where tracks are found, and for what later stages learn from."""
HEADLINE = f"purity at {KEPT:.2%} of true ones"
score, working_points = classifier_score(KEPT), classifier_working_points(KEPT, TAUGHT)
