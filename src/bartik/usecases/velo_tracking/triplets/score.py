"""How many triplets pass for a true one, where nearly all of the true ones pass."""

from bartik.usecases.velo_tracking.classifier import classifier_score, classifier_working_points

KEPT = 0.992
"""Share of true triplets that the classifier is to keep."""
HEADLINE = f"purity at {KEPT:.2%} of true ones"
score, working_points = classifier_score(KEPT), classifier_working_points(KEPT)
