"""SOFIE, ROOT's generator of inference code (TMVA::Experimental::SOFIE), compiled by ROOT's own interpreter.

Written against ROOT 6.38: ``RModelParser_ONNX.Parse``, ``RModel.Generate``, ``RModel.OutputGenerated`` and the generated
``TMVA_SOFIE_<file name>::Session`` with ``infer(T const* ...) -> std::vector``
(https://root.cern/doc/v638/group__tutorial__ml.html). The graph it gets has the batch as a number and plain names of our
own, so that no text of the model's author comes near a C++ compiler. The way from numpy into a session is C++ as well.
"""

from __future__ import annotations

import functools
import importlib.util
import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from bartik.backends import bind_inputs, check_out, output_shapes, read_options
from bartik.backends._sofie import ELSEWHERE, call_text, check_shapes, plain_model
from bartik.core import Array, Arrays, Availability, BackendError, Options, Session, TensorSpec, UnsupportedError, UsageError
from bartik.core.bundle import Bundle

OPTIONS: dict[str, Any] = {"batch": 1}
"""Rows of one call of the generated code; what is left of a larger batch is filled up with zeros."""

_REMEDY = "install ROOT with tmva-sofie (conda install -c conda-forge root, or a build with -Dtmva-sofie=ON) and source its thisroot.sh"


def available() -> Availability:
    """Where ROOT can be imported and was built with SOFIE; ROOT starts its interpreter for the answer."""
    if importlib.util.find_spec("ROOT") is None:
        return Availability(ok=False, reason="ROOT is not installed for this Python", remedy=_REMEDY)
    root = _root()
    if not hasattr(root.TMVA.Experimental, "SOFIE") or not hasattr(root.TMVA.Experimental.SOFIE, "RModelParser_ONNX"):
        return Availability(ok=False, reason=f"ROOT {root.gROOT.GetVersion()} was built without SOFIE's ONNX parser", remedy=_REMEDY)
    return Availability(ok=True, version=f"ROOT {root.gROOT.GetVersion()}")


def prepare(bundle: Bundle, options: Options) -> Session:
    """Generate, compile and load the code; option ``batch`` (1). `UnsupportedError` carries what SOFIE says that it lacks."""
    batch = read_options("sofie", options, OPTIONS)["batch"]
    if batch < 1:
        raise UsageError(f"option batch of backend sofie: wanted 1 or more, got {batch}")
    signature = bundle.signature
    free = check_shapes(bundle)
    batch = batch if free else 1
    model, inputs, outputs = plain_model(bundle, batch)
    name = f"bartik_{bundle.model_digest[:16]}_{batch}"
    ins, outs = (
        [next(s for s in specs if s.name == n) for n in names]
        for specs, names in ((signature.inputs, inputs), (signature.outputs, outputs))
    )
    folder = Path(tempfile.mkdtemp(prefix="bartik-sofie-"))
    try:
        make = _generate(bundle, model, folder, name, call_text(name, ins, outs, batch))
        session = _Session(bundle, make, getattr(_root(), f"{name}_run"), ins, outs, free=free)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(session, shutil.rmtree, folder, ignore_errors=True)
    return session


class _Session:
    """Generated sessions wait in a list; a call takes one, or makes one: each holds the intermediate tensors of one call."""

    def __init__(
        self, bundle: Bundle, make: Callable[[], _Held], run: Any, inputs: list[TensorSpec], outputs: list[TensorSpec], *, free: bool
    ) -> None:
        self._signature, self._make, self._run, self._free = bundle.signature, make, run, free
        self._inputs, self._outputs = inputs, outputs
        self._idle = [make()]
        self._check = bind_inputs(bundle.signature)

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name; copied into ``out``."""
        self._check(inputs)
        shapes = output_shapes(self._signature, inputs)
        assert shapes is not None  # noqa: S101 - every free axis is an input's
        if out is not None:
            check_out(self._signature, shapes, out)
        sources = [np.ascontiguousarray(inputs[spec.name]) for spec in self._inputs]
        targets = {spec.name: np.empty(shapes[spec.name], spec.dtype) for spec in self._outputs}
        self._call(sources, list(targets.values()))
        if out is None:
            return targets
        for name, array in targets.items():
            np.copyto(out[name], array)
        return out

    def _call(self, sources: list[Array], targets: list[Array]) -> None:
        try:
            held = self._idle.pop()
        except IndexError:
            held = self._make()
        try:
            failed = self._run(held.address, *(array.ctypes.data for array in (*sources, *targets)), len(sources[0]) if self._free else 1)
        finally:
            self._idle.append(held)
        if failed:
            raise BackendError("the code that SOFIE generated failed", hint="see that the model fits its signature; " + ELSEWHERE)


class _Held:
    """One generated session, freed with its owner; each reads the weights anew."""

    def __init__(self, make: Any, drop: Any, weights: Path) -> None:
        self._drop, self.address = drop, int(make(str(weights)))
        if not self.address:
            raise BackendError("SOFIE's session could not be made", hint="see that there is memory left")

    def __del__(self) -> None:
        if self.address:
            self._drop(self.address)


def _generate(bundle: Bundle, model: onnx.ModelProto, folder: Path, name: str, text: str) -> Callable[[], _Held]:
    """Have SOFIE write the code and ROOT compile it, once a process; what makes a session of it."""
    root = _root()
    path, header = (folder / f"{name}{suffix}" for suffix in (".onnx", ".hxx"))
    onnx.save(model, path)
    try:
        made = root.TMVA.Experimental.SOFIE.RModelParser_ONNX().Parse(str(path))
        made.Generate()
        made.OutputGenerated(str(header))
    except Exception as error:  # cppyy turns C++ exceptions into several Python ones
        raise UnsupportedError(f"{bundle.model_path}: SOFIE refused the model ({_reason(error)})", hint=ELSEWHERE) from error
    if not hasattr(root, f"{name}_run") and not root.gInterpreter.Declare(f'#include "{header}"\n{text}'):
        raise BackendError(f"{bundle.model_path}: ROOT could not compile what SOFIE generated", hint=ELSEWHERE)
    run = getattr(root, f"{name}_run")
    run.__release_gil__ = True  # https://cppyy.readthedocs.io: other Python threads go on during the call
    return functools.partial(_Held, getattr(root, f"{name}_make"), getattr(root, f"{name}_drop"), header.with_suffix(".dat"))


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "SOFIE" in line), lines[-1] if lines else type(error).__name__)[:200]


@functools.lru_cache(maxsize=1)
def _root() -> Any:
    """ROOT's Python module: importing it starts a C++ interpreter, so only when somebody asks."""
    import ROOT  # noqa: PLC0415 - see above

    ROOT.PyConfig.IgnoreCommandLineOptions = True
    return ROOT
