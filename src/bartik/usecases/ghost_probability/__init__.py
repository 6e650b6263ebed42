"""Ghost probability of a Velo track: the chance that its hits are not of one particle.

The first trigger stage finds track candidates by joining hits of three modules and following them. Some candidates
are *ghosts*: no particle made 70% of their hits. This small network (17 features, 25 and 20 hidden nodes) gives each
candidate the probability that it is one, from hits alone.

Method: LHCb-PUB-2017-011 (the ghost probability of Run 2); truth matching as in LHCb's track checker (at least 70% of
the hits from one particle); candidates from search by triplet, D. Campora et al., J. Comput. Sci. 54 (2021) 101422.
"""

from bartik.usecases.ghost_probability.data import data as data
from bartik.usecases.ghost_probability.data import read as read
from bartik.usecases.ghost_probability.features import signature as signature
from bartik.usecases.ghost_probability.figures import figures as figures
from bartik.usecases.ghost_probability.model import loss as loss
from bartik.usecases.ghost_probability.model import model as model
from bartik.usecases.ghost_probability.peers import peers as peers
from bartik.usecases.ghost_probability.score import HEADLINE as HEADLINE
from bartik.usecases.ghost_probability.score import score as score
from bartik.usecases.ghost_probability.score import working_points as working_points
from bartik.usecases.velo_events import source as source
