"""Data quality: whether the histogram of a run is as it should be, while what it should be drifts and jumps.

Each run of data taking fills histograms, and somebody must say whether it was good. What a good run looks like changes: slowly with the
detector, at once with its settings. A transformer reads the last good runs and says what the next one should look like and how well
that is known; a run that is far from it is flagged, with the bins that are wrong.

Method and toy: DINAMO, A. Gavrikov, J. Garcia Pardinas, A. Garfagnini, arXiv:2501.19237, whose template method is being commissioned at
LHCb and is here the peer.
"""

from bartik.usecases.data_quality.columns import signature as signature
from bartik.usecases.data_quality.data import data as data
from bartik.usecases.data_quality.figures import figures as figures
from bartik.usecases.data_quality.histograms import source as source
from bartik.usecases.data_quality.model import loss as loss
from bartik.usecases.data_quality.model import model as model
from bartik.usecases.data_quality.peers import peers as peers
from bartik.usecases.data_quality.score import HEADLINE as HEADLINE
from bartik.usecases.data_quality.score import score as score
from bartik.usecases.data_quality.score import working_points as working_points
from bartik.usecases.data_quality.stream import write_predictions as write_predictions
