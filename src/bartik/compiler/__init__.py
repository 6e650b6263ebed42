"""Bundle → graph → loops → C++: a model as a header without dependencies, and as a shared library.

>>> from bartik.compiler import stages  # doctest: +SKIP
>>> print(stages(bundle)["loops"])  # doctest: +SKIP
"""

from bartik.compiler.library import build_library as build_library
from bartik.compiler.library import build_sums as build_sums
from bartik.compiler.operators import supported as supported
from bartik.compiler.pipeline import stages as stages
from bartik.compiler.targets import TARGETS as TARGETS
from bartik.compiler.targets import generate as generate
