"""The shapes of what plugs in: use cases and backends, and what passes between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from bartik.core.config import Config
from bartik.core.digest import digest_arrays
from bartik.core.spec import Array, Arrays, Signature

if TYPE_CHECKING:
    from bartik.core.bundle import Bundle

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
Model: TypeAlias = Any
"""What a training framework calls a model: a ``torch.nn.Module`` for the default loop."""
Options: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Interval:
    """A number and its confidence interval (68.3% unless its maker says otherwise)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Value with asymmetric errors, for example ``0.953 -0.002 +0.002``."""
        return f"{self.value:.5g} -{self.value - self.low:.2g} +{self.high - self.value:.2g}"


@dataclass(frozen=True)
class Dataset:
    """Rows for a model: its inputs, what it should say, and what is needed to judge it.

    ``inputs`` are as in the signature; ``target`` is [rows] or [rows, outputs]; ``weights`` [rows] or empty;
    ``spectators`` are arrays [rows, ...] that the model never sees (event numbers, true momenta).
    ``source`` says in words where the rows come from.

    Of events of different sizes (`bartik.core.ragged`), ``offsets`` [events + 1] of each axis say which entries are an event's;
    target, weights and spectators are on the first axis of the first output.
    """

    inputs: Arrays
    target: Array
    weights: Array | None = None
    spectators: Arrays = field(default_factory=dict)
    source: str = ""
    offsets: Arrays = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.target.shape[0])

    @property
    def digest(self) -> str:
        """SHA-256 of all arrays."""
        return digest_arrays(self.to_arrays())

    def to_arrays(self) -> Arrays:
        """Flat arrays ``input.*``, ``target``, ``weights``, ``spectator.*``, ``offsets.*`` for an ``.npz`` file."""
        arrays = {f"input.{k}": v for k, v in self.inputs.items()} | {"target": self.target}
        arrays |= {f"spectator.{k}": v for k, v in self.spectators.items()} | {f"offsets.{k}": v for k, v in self.offsets.items()}
        return arrays if self.weights is None else arrays | {"weights": self.weights}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], source: str = "") -> Dataset:
        """Inverse of `to_arrays`."""
        return cls(
            inputs={k.removeprefix("input."): v for k, v in arrays.items() if k.startswith("input.")},
            target=arrays["target"],
            weights=arrays.get("weights"),
            spectators={k.removeprefix("spectator."): v for k, v in arrays.items() if k.startswith("spectator.")},
            source=source,
            offsets={k.removeprefix("offsets."): v for k, v in arrays.items() if k.startswith("offsets.")},
        )


@dataclass(frozen=True)
class Availability:
    """Whether a runtime can be used here; if not, why and what to do."""

    ok: bool
    reason: str = ""
    remedy: str = ""
    version: str = ""


class Session(Protocol):
    """A bundle made ready to run. Safe to call from many threads; a call has no memory."""

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name for ``inputs`` by name; written into the arrays of ``out`` where given."""
        ...


class Backend(Protocol):
    """A runtime: a module of ``bartik.backends``, found by its file's name."""

    def available(self) -> Availability:
        """Whether it can run here, or the reason and the remedy."""
        ...

    def prepare(self, bundle: Bundle, options: Options) -> Session:
        """Do all that is slow or can fail; `UnsupportedError` for what this runtime cannot run."""
        ...


class UseCase(Protocol):
    """A physics model from data to score: a package, whose folder's name is its name.

    Optional members, found by name where a room needs them:
    ``loss(model, inputs, target, weights)`` scalar tensor, default binary cross entropy;
    ``peers(train, test, config) -> {name: scores [rows, 1]}`` what the model is compared with;
    ``working_points(outputs, validation, test_outputs, test) -> {name: (threshold, efficiency, rejection)}``, chosen on the
    first, measured on the second;
    ``figures(scores, test) -> [(title, caption, figure)]`` for the report; ``HEADLINE``, the metric to name first;
    ``read(path, config) -> (inputs, columns naming the rows)`` raw files for ``predict``; with a third argument ``skip_bad``, a list,
    it leaves out events that cannot be and adds their errors to it; or in its place
    ``write_predictions(bundle, session, source, target) -> rows`` where what is written is no row for each row;
    ``source(config) -> str`` what the rows depend on beside the configuration (files, their times);
    ``edge_cases() -> inputs`` reference inputs on the edge, where the input is no table;
    ``MODEL``, what tables and figures call the model beside its peers, default ``network``.

    Where the default loop does not fit (trees, adversarial networks), a use case trains in its own way:
    ``train(usecase, train, validation, config, checkpoint, progress) -> Model``, of any framework that `bartik.exporters` knows. It
    writes the file ``checkpoint``, whole (`bartik.core.files.atomic_path`), from which
    ``load(usecase, config, checkpoint) -> Model`` reads the same model; without a ``load`` the file is that of
    `bartik.train.save_weights`, weights of the torch module that ``model(config)`` makes; with one no ``model`` is needed.
    Configuration and data decide the model to the bit, ``config.train.seed`` among them. A ``checkpoint`` that is there when ``train``
    begins is its own, of the same training, stopped; ``config.train.start``, where it is declared and not empty, is a file
    ``checkpoint`` of an earlier model to begin with (``bartik retrain --warm-start``).
    ``training_figures(checkpoint) -> [(title, caption, figure)]`` shows on the page how it went;
    ``measured(checkpoint) -> {name: Interval}`` joins the metrics, where a training measures (the parameters of a fit);
    ``record(checkpoint) -> {name: plain values}`` joins the provenance (their covariance).

    A use case of several models names them in ``parts``: ``{name: names of those whose bundles it needs}``. Each is a folder in its
    folder and itself a use case; what it needs it finds in ``config.bundles``, name by name, as the path of a bundle. The use case
    around them has, in place of a model, ``whole(bundles, config, progress) -> ({model: {metric: Interval}}, arrays)``, the first of
    its models the one made of the parts, and ``figures(arrays, metrics) -> [(title, caption, figure)]``; where the models together make
    something of raw files, ``predict(bundles, config, path, skip_bad) -> columns`` of a table.
    """

    signature: Signature

    def data(self, split: Split, config: Config) -> Dataset:
        """Rows of one split; the splits never share an event."""
        ...

    def model(self, config: Config) -> Model:
        """An untrained model whose forward pass is the whole of the exported graph."""
        ...

    def score(self, outputs: Arrays, data: Dataset) -> Mapping[str, Interval]:
        """Metrics with intervals at the working points of the physics."""
        ...


Progress: TypeAlias = Callable[[str], None]
"""Takes one line about how far a long job is."""
