"""What the detector makes of particles: a function a concern, of arrays over particles and of a random generator that is passed in.

Momenta are in GeV, lengths in mm but resolutions of impact parameters in µm, angles in radians. Each names where its numbers are from;
those marked "of this toy" are chosen such that the published performance comes out, and are not LHCb's own.
"""
