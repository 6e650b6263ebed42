"""A bundle whose free axes are given sizes, with a reference of these sizes, so that what is compiled from it can test itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bartik.backends import prepare
from bartik.core.bundle import Bundle, fixed
from bartik.core.ragged import with_room


def sized(bundle: Bundle, sizes: Mapping[str, int]) -> Bundle:
    """The ``bundle`` with ``sizes`` of its free axes by name; `UsageError` for a name that no input has.

    Its reference inputs are those of the bundle up to these sizes, filled as by `bartik.core.ragged.with_room`; the outputs are computed
    anew, by ONNX's reference evaluator.
    """
    if not sizes:
        return bundle
    inputs = with_room(bundle.signature.inputs, bundle.reference()[0], sizes)
    return replace(fixed(bundle, sizes), examples=(inputs, prepare(bundle, "reference").run(inputs)))
