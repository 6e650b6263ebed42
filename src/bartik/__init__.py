"""Bartik: from training to trigger.

>>> import bartik
>>> bundle = bartik.load("runs/ghost_probability/bundle")  # doctest: +SKIP
>>> session = bartik.prepare(bundle, "native")  # doctest: +SKIP
>>> scores = session.run({"features": features})["score"]  # doctest: +SKIP
"""

from bartik.api import check as check
from bartik.api import compile as compile  # noqa: A004 - the verb users know
from bartik.api import export as export
from bartik.api import load as load
from bartik.api import prepare as prepare
