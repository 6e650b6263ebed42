"""What the trigger makes of tracks: primary vertices, ghosts among the tracks, secondary vertices and their variables.

Functions of arrays, over all events of a sample at once. Lengths are in mm, momenta in GeV; χ² of impact parameters and flight distances
use the resolutions that the toy has, but do not know of its tails.
"""
