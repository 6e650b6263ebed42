"""How many pairs are dropped where nearly all of those of one b decay are kept."""

from bartik.usecases.event_interpretation.classifier import headline, score_at, working_points_at

KEPT = 0.99
"""Share of the pairs of one b decay that edge pruning is to keep."""
HEADLINE = headline(KEPT)
score, working_points = score_at("join", KEPT), working_points_at("join", KEPT)
