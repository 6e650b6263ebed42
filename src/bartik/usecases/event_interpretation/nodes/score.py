"""How many tracks are dropped where nearly all of the b decays' are kept."""

from bartik.usecases.event_interpretation.classifier import headline, score_at, working_points_at

KEPT = 0.99
"""Share of the tracks of b decays that node pruning is to keep."""
HEADLINE = headline(KEPT)
score, working_points = score_at("keep", KEPT), working_points_at("keep", KEPT)
