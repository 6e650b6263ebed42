"""Contracts to inherit: what every backend, exporter and use case must do, shipped for those who write their own.

They need no test framework: plain classes with ``test_`` methods, for pytest, unittest or a loop.
"""

from bartik.testing.backend import BackendContract as BackendContract
from bartik.testing.exporter import Example as Example
from bartik.testing.exporter import ExporterContract as ExporterContract
from bartik.testing.refusal import refused as refused
from bartik.testing.several import SeveralModelsContract as SeveralModelsContract
from bartik.testing.usecase import Trial as Trial
from bartik.testing.usecase import UseCaseContract as UseCaseContract
