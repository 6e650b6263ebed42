"""Topological trigger: two, three or four tracks of any beauty decay, by boosted trees that are one lookup table.

The second trigger stage keeps beauty hadrons without knowing how they decay: some of the tracks are enough, since what is missing shows in
the corrected mass. Every variable is cut into bins, so that there are finitely many answers: all of them stand in a table, which is what
runs, and which has learnt them from trees without bins.

Method: M. Williams et al., LHCb-PUB-2011-016; V. Gligorov, M. Williams, JINST 8 (2013) P02013 (bonsai boosted trees), arXiv:1210.6861.
"""

from bartik.usecases.candidate_table import source as source
from bartik.usecases.topological_trigger.columns import signature as signature
from bartik.usecases.topological_trigger.data import data as data
from bartik.usecases.topological_trigger.figures import figures as figures
from bartik.usecases.topological_trigger.model import load as load
from bartik.usecases.topological_trigger.model import train as train
from bartik.usecases.topological_trigger.peers import peers as peers
from bartik.usecases.topological_trigger.score import HEADLINE as HEADLINE
from bartik.usecases.topological_trigger.score import score as score
from bartik.usecases.topological_trigger.score import working_points as working_points

MODEL = "bonsai"
