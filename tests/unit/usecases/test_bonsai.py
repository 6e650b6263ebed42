"""The lookup table gives, on every bin, what the trees give: as numbers, as a graph, and compiled to C++."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.backends import prepare
from bartik.core import ConfigError, Dataset, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.exporters import export
from bartik.exporters.canonical import canonical_bytes
from bartik.usecases.topological_trigger.bonsai import Bins, lookup_table, table_graph
from bartik.usecases.topological_trigger.columns import COLUMNS, EDGES, signature
from bartik.usecases.topological_trigger.trees import answers, boosted

PUBLISHED = Bins.of(EDGES, [column.name for column in COLUMNS])


def rows(count, seed):
    rng = np.random.default_rng(seed)
    scale = np.array([6, 1, 3, 5, 0.1, 30, 900])
    return (scale * rng.exponential(1, (count, 7))).astype(np.float32)


def middles(bins):
    """A row inside of every bin."""
    inside = [[edges[0] - 1.0, *(np.add(edges[1:], edges[:-1]) / 2), edges[-1] + 1.0] for edges in bins.edges]
    return np.stack([values.ravel() for values in np.meshgrid(*inside, indexing="ij")], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def trees():
    usecase = load_usecase("topological_trigger")
    config = load_config(usecase_folder(usecase), layer="tiny")
    features = rows(3000, 1)
    target = (features[:, 3] * features[:, 4] + features[:, 6] / 1000 > np.median(features[:, 3] * features[:, 4])).astype(np.float32)
    return boosted(PUBLISHED.digits(features), Dataset({"features": features}, target, spectators={"candidates": np.ones(3000)}), config)


@pytest.fixture(scope="module")
def bundle(trees, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bonsai")
    table = lookup_table(PUBLISHED, lambda digits: answers(trees, digits))
    (folder / "table.onnx").write_bytes(canonical_bytes(table_graph(PUBLISHED, table, signature)))
    return export(folder / "table.onnx", signature, {"features": rows(64, 2)}, folder / "bundle")


@pytest.mark.parametrize("backend", ["onnxruntime", "native"])
def test_on_every_bin_the_table_gives_what_the_trees_give(trees, bundle, backend):
    features = middles(PUBLISHED)
    assert len(features) == PUBLISHED.size == 617_760
    found = prepare(bundle, backend).run({"features": features})["score"][:, 0]
    assert np.array_equal(found, answers(trees, PUBLISHED.digits(features)))
    assert len(np.unique(found)) > 20


@pytest.mark.parametrize("backend", ["onnxruntime", "native"])
def test_on_an_edge_and_next_to_it_the_table_gives_what_the_trees_give(trees, bundle, backend):
    features = np.repeat(rows(1, 3), 400, axis=0)
    places = []
    for column, edges in enumerate(PUBLISHED.edges):
        for edge in np.asarray(edges, np.float32):
            places += [(column, edge), (column, np.nextafter(edge, np.float32(0))), (column, np.nextafter(edge, np.float32(1e9)))]
    features = features[: len(places)]
    for row, (column, value) in enumerate(places):
        features[row, column] = value
    found = prepare(bundle, backend).run({"features": features})["score"][:, 0]
    assert np.array_equal(found, answers(trees, PUBLISHED.digits(features)))


def test_a_missing_value_is_in_the_lowest_bin_everywhere(trees, bundle):
    features = rows(7, 4)
    features[np.arange(7), np.arange(7)] = np.nan
    lowest = features.copy()
    lowest[np.arange(7), np.arange(7)] = -1
    for backend in ("reference", "onnxruntime", "native"):
        session = prepare(bundle, backend)
        assert np.array_equal(session.run({"features": features})["score"], session.run({"features": lowest})["score"])


edges_of = st.lists(st.floats(-100, 100, width=32), min_size=0, max_size=5, unique=True).map(sorted)


@given(st.lists(edges_of, min_size=1, max_size=4), st.integers(0, 1000))
@settings(deadline=None)
def test_places_number_the_bins_one_by_one(edges, seed):
    bins = Bins(tuple(tuple(some) for some in edges))
    digits = bins.all_digits()
    assert len(digits) == bins.size
    assert np.array_equal((digits * np.asarray(bins.strides)).sum(axis=1), np.arange(bins.size))
    features = np.random.default_rng(seed).uniform(-120, 120, (20, len(edges))).astype(np.float32)
    assert np.array_equal(bins.all_digits()[bins.places(features)], bins.digits(features))
    for row in features:
        for column, some in enumerate(edges):
            assert bins.digits(row[np.newaxis])[0, column] == sum(row[column] >= np.float32(edge) for edge in some)


def test_bins_that_cannot_be_are_refused_by_name():
    with pytest.raises(ConfigError, match="none for 'm'"):
        Bins.of({"doca": [1]}, ["doca", "m"])
    with pytest.raises(ConfigError, match="bins of 'm': edges do not rise"):
        Bins.of({"m": [2, 1]}, ["m"])
    with pytest.raises(ConfigError, match="a table of"):
        Bins.of({name: list(range(99)) for name in "abcd"}, list("abcd"))
