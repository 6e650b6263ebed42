"""From generated particles straight to reconstructed tracks and their identity, by a chain of small models.

Where full simulation follows every particle through the detector, ultra-fast simulation draws what the reconstruction would have said:
acceptance, tracking efficiency and class, resolution and quality, covariance, isMuon, likelihoods of RICH and muon system, and
global particle identification. The chain compiles to one C++ library.

Methods: Lamarr (LHCb, arXiv:2303.11428, arXiv:2309.13213), its PID by GANs (arXiv:2204.09947).
"""

parts: dict[str, tuple[str, ...]] = {"acceptance": (), "efficiency": (), "resolution": (), "covariance": (), "is_muon": (), "rich": (), "muon": (), "global_pid": ()}
HEADLINE = "largest KS"
