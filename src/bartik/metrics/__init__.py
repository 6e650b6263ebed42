"""Arrays in, numbers with intervals out: efficiency, ROC, rejection at a working point.

A higher score is more signal-like everywhere in this room, and a candidate passes a threshold when its score is at
least the threshold. For a score that grows with background (a ghost probability ``p``) pass ``1 - p`` or ``-p``.
"""

from bartik.metrics.efficiencies import BinnedEfficiency as BinnedEfficiency
from bartik.metrics.efficiencies import efficiency as efficiency
from bartik.metrics.efficiencies import efficiency_above as efficiency_above
from bartik.metrics.efficiencies import efficiency_in_bins as efficiency_in_bins
from bartik.metrics.efficiencies import wilson as wilson
from bartik.metrics.efficiency_tables import EfficiencyTable as EfficiencyTable
from bartik.metrics.efficiency_tables import efficiency_table as efficiency_table
from bartik.metrics.efficiency_tables import find_bins as find_bins
from bartik.metrics.efficiency_tables import pidcalib_edges as pidcalib_edges
from bartik.metrics.efficiency_tables import weighted_efficiency as weighted_efficiency
from bartik.metrics.marginals import Cut as Cut
from bartik.metrics.marginals import cut_in_bins as cut_in_bins
from bartik.metrics.marginals import ks_distance as ks_distance
from bartik.metrics.marginals import ks_floor as ks_floor
from bartik.metrics.oscillation import Oscillation as Oscillation
from bartik.metrics.oscillation import fit_oscillation as fit_oscillation
from bartik.metrics.oscillation import smeared_cosine as smeared_cosine
from bartik.metrics.paired import Paired as Paired
from bartik.metrics.paired import paired_bootstrap as paired_bootstrap
from bartik.metrics.quality import Judgement as Judgement
from bartik.metrics.quality import best_threshold as best_threshold
from bartik.metrics.quality import jaccard as jaccard
from bartik.metrics.quality import judgement as judgement
from bartik.metrics.quality import mean_of as mean_of
from bartik.metrics.quality import runs_to_adapt as runs_to_adapt
from bartik.metrics.rates import EventScores as EventScores
from bartik.metrics.rates import efficiency_at_share as efficiency_at_share
from bartik.metrics.rates import event_scores as event_scores
from bartik.metrics.rates import threshold_at_share as threshold_at_share
from bartik.metrics.resampling import bootstrap as bootstrap
from bartik.metrics.roc import Roc as Roc
from bartik.metrics.roc import auc as auc
from bartik.metrics.roc import roc_curve as roc_curve
from bartik.metrics.tagging import combine as combine
from bartik.metrics.tagging import dilution as dilution
from bartik.metrics.tagging import mistag as mistag
from bartik.metrics.tagging import realised_power as realised_power
from bartik.metrics.tagging import share_of_optimum as share_of_optimum
from bartik.metrics.tagging import tagging_power as tagging_power
from bartik.metrics.tagging_calibration import Calibration as Calibration
from bartik.metrics.tagging_calibration import calibrated_power as calibrated_power
from bartik.metrics.tagging_calibration import calibration_points as calibration_points
from bartik.metrics.tagging_calibration import fit_calibration as fit_calibration
from bartik.metrics.tracking import Matches as Matches
from bartik.metrics.tracking import Performance as Performance
from bartik.metrics.tracking import efficiency_by as efficiency_by
from bartik.metrics.tracking import ghost_rate as ghost_rate
from bartik.metrics.tracking import match_tracks as match_tracks
from bartik.metrics.tracking import performance as performance
from bartik.metrics.two_sample_classifier import two_sample_auc as two_sample_auc
from bartik.metrics.two_samples import fpd as fpd
from bartik.metrics.two_samples import frechet_distance as frechet_distance
from bartik.metrics.two_samples import kpd as kpd
from bartik.metrics.two_samples import neighbourhoods as neighbourhoods
from bartik.metrics.two_samples import separation_power as separation_power
from bartik.metrics.working_points import rejection_at_efficiency as rejection_at_efficiency
from bartik.metrics.working_points import threshold_at_efficiency as threshold_at_efficiency
