"""Two-track trigger: pairs of tracks from the decay of a beauty or charm hadron, by a network with certificates.

The first trigger stage must decide about 30 million crossings a second. Two tracks that meet away from every collision are the sign of a
hadron with a heavy quark. This network of 4-20-20-1 weighs how far, how sharply and how hard; it can be proven that its response rises
with flight distance, transverse momentum and impact parameter, and that no small shift of the detector changes it by much.

Method: O. Kitouni, N. Nolte, M. Williams, ICLR 2023 and arXiv:2112.00038; inputs and shape of LHCb's TwoTrackMVA
(niklasnolte/HLT_2Track).
"""

from bartik.usecases.candidate_table import source as source
from bartik.usecases.two_track_trigger.columns import signature as signature
from bartik.usecases.two_track_trigger.data import data as data
from bartik.usecases.two_track_trigger.figures import figures as figures
from bartik.usecases.two_track_trigger.model import loss as loss
from bartik.usecases.two_track_trigger.model import model as model
from bartik.usecases.two_track_trigger.peers import peers as peers
from bartik.usecases.two_track_trigger.score import HEADLINE as HEADLINE
from bartik.usecases.two_track_trigger.score import score as score
from bartik.usecases.two_track_trigger.score import working_points as working_points
