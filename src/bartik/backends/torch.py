"""The ONNX graph in torch, operator by operator: a second opinion that shares no code with the other runtimes."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

from bartik.backends import bind_inputs, check_graph, deliver, read_options
from bartik.core import Array, Arrays, Availability, BackendError, Options, Session, Signature, UnsupportedError
from bartik.core.bundle import Bundle

OPTIONS: dict[str, Any] = {"compiled": False, "threads": 0}
"""``compiled`` runs the graph through ``torch.compile``; ``threads`` sets torch's one number of threads for the whole
process, 0 leaves it as it is."""

Value = Any
"""A tensor; or, for what must be known before the call, a list of whole numbers; or nothing, for an input left out."""
