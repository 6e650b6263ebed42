"""TMVA weight files: every number by hand or against a second reading, every refusal by name."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import ExportError
from bartik.core.compare import compare, worst
from bartik.exporters import tmva_xml, tmva_xml_forest
from bartik.exporters.imported import evaluate, translate
from bartik.exporters.tmva_xml import read_tmva_xml

OLD, NEW = 262656, 262657
"""TMVA 4.2.0 and 4.2.1, which changed how tanh is computed."""

PATH = Path("some.weights.xml")


def xml(  # noqa: PLR0913 - what a file holds
    kind, weights, *, names=("x", "y"), options=None, transforms="", analysis="Classification", version=NEW, targets=(), ranges=(-2, 3)
):
    options = {"BoostType": "AdaBoost", "UseYesNoLeaf": "True"} | (options or {})
    low, high = ranges

    def listed(tag, count, index, entries):
        lines = [
            f'<{tag[:-1]} {index}="{i}" Expression="{n}" Label="{n}" Title="the {n}" Unit="[MeV]" Type="F" Min="{low}" Max="{high}"/>'
            for i, n in enumerate(entries)
        ]
        return f'<{tag} {count}="{len(entries)}">{"".join(lines)}</{tag}>'

    return f"""<?xml version="1.0"?>
    <MethodSetup Method="{kind}::the_name">
      <GeneralInfo><Info name="TMVA Release" value="4 [{version}]"/><Info name="AnalysisType" value="{analysis}"/></GeneralInfo>
      <Options>{"".join(f'<Option name="{k}" modified="No">{v}</Option>' for k, v in options.items())}</Options>
      {listed("Variables", "NVar", "VarIndex", names)}
      <Spectators NSpec="1"><Spectator SpecIndex="0" Expression="mass" Label="mass"/></Spectators>
      {listed("Targets", "NTrgt", "TargetIndex", targets) if targets else ""}
      <Transformations>{transforms}</Transformations><MVAPdfs/>
      {weights}
    </MethodSetup>""".encode()


def leaf(kind=1, *, pos="s", purity=0.5, res=-99.0, extra=""):
    return f'<Node pos="{pos}" NCoef="0" IVar="-1" Cut="0" cType="1" res="{res!r}" rms="0" purity="{purity!r}" nType="{kind}" {extra}/>'


def node(variable, cut, left, right, *, ctype=1, pos="s"):
    head = f'<Node pos="{pos}" NCoef="0" IVar="{variable}" Cut="{float(cut)!r}" cType="{ctype}" res="-99" rms="0" purity="0.5" nType="0">'
    return head + left.replace('pos="s"', 'pos="l"', 1) + right.replace('pos="s"', 'pos="r"', 1) + "</Node>"


def forest(*trees, weights=None, analysis=0):
    boosts = weights or [1.0] * len(trees)
    inside = "".join(
        f'<BinaryTree type="DecisionTree" boostWeight="{w!r}" itree="{i}">{t}</BinaryTree>'
        for i, (t, w) in enumerate(zip(trees, boosts, strict=True))
    )
    return f'<Weights NTrees="{len(trees)}" AnalysisType="{analysis}">{inside}</Weights>'


def layers(*matrices):
    """From matrices [from, to], the bias their last row; all but the last have no column for the next bias."""

    def layer(index, rows):
        neurons = "".join(f'<Neuron NSynapses="{len(row)}">{" ".join(repr(float(w)) for w in row)}</Neuron>' for row in rows)
        return f'<Layer Index="{index}" NNeurons="{len(rows)}">{neurons}</Layer>'

    last = [[]] * len(matrices[-1][0])
    inside = "".join(layer(i, m) for i, m in enumerate([*matrices, last]))
    return f'<Weights><Layout NLayers="{len(matrices) + 1}">{inside}</Layout></Weights>'


def mlp_options(kind="tanh", estimator="MSE"):
    return {"NeuronType": kind, "EstimatorType": estimator, "NeuronInputType": "sum"}


def coefficients(*values, linear=False):
    index = "IndexCoeff" if linear else "Index"
    inside = "".join(f'<Coefficient IndexOut="0" {index}="{i}" Value="{v!r}"/>' for i, v in enumerate(values))
    return f'<Weights NOut="1" NCoeff="{len(values)}">{inside}</Weights>'


def selection(gets, puts=None, *, targets=()):
    def side(tag, entries):
        inside = "".join(f'<{tag} Type="Variable" Label="{n}" Expression="{n}"/>' for n in entries)
        inside += "".join(f'<{tag} Type="Target" Label="{n}" Expression="{n}"/>' for n in targets)
        return f'<{tag} N{tag}s="{len(entries) + len(targets)}">{inside}</{tag}>'

    return f"<Selection>{side('Input', gets)}{side('Output', puts or gets)}</Selection>"


def normalize(*classes, gets=("x", "y"), targets=()):
    def one(index, ranges):
        inside = "".join(f'<Range Index="{i}" Min="{a!r}" Max="{b!r}"/>' for i, (a, b) in enumerate(ranges))
        return f'<Class ClassIndex="{index}"><Ranges>{inside}</Ranges></Class>'

    inside = "".join(one(i, r) for i, r in enumerate(classes))
    return f'<Transform Name="Normalize">{selection(gets, targets=targets)}{inside}</Transform>'


def decorrelation(*matrices, gets=("x", "y"), puts=None):
    size = len(gets)
    inside = "".join(f'<Matrix Rows="{size}" Columns="{size}">{" ".join(map(repr, m))}</Matrix>' for m in matrices)
    return f'<Transform Name="Decorrelation">{selection(gets, puts)}{inside}</Transform>'


def exported(content):
    source = read_tmva_xml(PATH, content)
    return source, translate(source, source.reference)


def answers(content, rows):
    """By the graph, and by the evaluator of the file, which must agree."""
    source, graph = exported(content)
    inputs = {"features": np.array(rows, np.float32)}
    found, wanted = evaluate(graph, source.signature, inputs), source.run(inputs)
    assert worst(compare(wanted, found)).ok
    return found["response"][:, 0]


def refused(content, message):
    with pytest.raises(ExportError, match=message) as error:
        exported(content)
    assert str(error.value).startswith("some.weights.xml: ")
    assert len(str(error.value).splitlines()) <= 2


CUT = np.float32(0.3)
BESIDE = [np.nextafter(CUT, np.float32(-9)), CUT, np.nextafter(CUT, np.float32(9))]
STUMP = node(0, CUT, leaf(-1), leaf(1))


@pytest.mark.parametrize(("ctype", "wanted"), [(1, [-1, 1, 1]), (0, [1, -1, -1])])
def test_a_value_on_a_cut_is_greater_or_equal_and_ctype_0_turns_it_around(ctype, wanted):
    tree = node(0, CUT, leaf(-1), leaf(1), ctype=ctype)
    assert answers(xml("BDT", forest(tree)), [[v, 0] for v in BESIDE]).tolist() == wanted


@pytest.mark.parametrize(("ctype", "wanted"), [(1, -1), (0, 1)])
def test_no_number_is_not_greater_or_equal(ctype, wanted):
    content = xml("BDT", forest(node(0, CUT, leaf(-1), leaf(1), ctype=ctype)))
    source, graph = exported(content)
    row = {"features": np.array([[np.nan, 0]], np.float32)}
    session = onnxruntime.InferenceSession(graph)
    assert [source.run(row)["response"][0, 0], evaluate(graph, source.signature, row)["response"][0, 0]] == [wanted, wanted]
    assert session.run(None, row)[0][0, 0] == wanted


@pytest.mark.parametrize("wrong", ["BRANCH_GT", "BRANCH_LT", "BRANCH_LEQ"])
def test_another_comparison_would_be_found_by_the_reference_rows(monkeypatch, wrong):
    one_tree = tmva_xml_forest._one_tree

    def other(*arguments):
        found = one_tree(*arguments)
        return found | {"nodes_modes": [m.replace("BRANCH_GTE", wrong) for m in found["nodes_modes"]]}

    monkeypatch.setattr(tmva_xml_forest, "_one_tree", other)
    refused(xml("BDT", forest(STUMP)), r"output 'response' row \d+: wanted -?1, got -?1\n")


def test_the_reference_rows_hold_zeros_extremes_and_both_sides_of_deep_cuts():
    low = node(1, -1.5, leaf(-1), leaf(1))
    source, _ = exported(xml("BDT", forest(node(0, CUT, low, leaf(1)))))
    rows = source.reference["features"]
    below = rows[rows[:, 0] < CUT]
    for value in (np.float32(-1.5), np.nextafter(np.float32(-1.5), np.float32(-9)), np.nextafter(np.float32(-1.5), np.float32(9))):
        assert (below[:, 1] == value).any()
    assert (rows == 0).all(axis=1).any()
    assert rows.min() <= -1e18
    assert rows.max() >= 1e18


def test_adaboost_is_the_average_of_yes_and_no_by_boost_weight():
    trees = forest(STUMP, node(1, 0.0, leaf(1), leaf(-1)), weights=[2.0, 1.0])
    assert answers(xml("BDT", trees), [[1, -1], [1, 1], [0, 1]]) == pytest.approx([1, 1 / 3, -1])


def test_purities_are_averaged_where_yes_and_no_are_not_used():
    trees = forest(node(0, CUT, leaf(-1, purity=0.25), leaf(1, purity=0.75)), leaf(1, purity=0.5), weights=[3.0, 1.0])
    content = xml("BDT", trees, options={"UseYesNoLeaf": "False"})
    assert answers(content, [[0, 0], [1, 0]]) == pytest.approx([(0.75 + 0.5) / 4, (2.25 + 0.5) / 4])


def test_old_files_give_the_events_of_a_leaf_instead_of_its_purity():
    tree = node(0, CUT, leaf(-1, extra='nS="1" nB="3"'), leaf(1, extra='nS="9" nB="1"'))
    content = xml("BDT", forest(tree).replace("AnalysisType", "TreeType"), options={"UseYesNoLeaf": "False"}).replace(b'purity="0.5"', b"")
    assert answers(content, [[0, 0], [1, 0]]) == pytest.approx([0.25, 0.9])


def test_gradient_boosting_is_two_over_one_plus_exp_minus_one():
    trees = forest(node(0, CUT, leaf(-1, res=-0.2), leaf(1, res=0.7)), leaf(1, res=0.1), weights=[5.0, 5.0], analysis=1)
    found = answers(xml("BDT", trees, options={"BoostType": "Grad"}), [[0, 0], [1, 0]])
    assert found == pytest.approx([2 / (1 + np.exp(-2 * s)) - 1 for s in (-0.1, 0.8)], abs=1e-7)


def test_gradient_boosted_regression_adds_the_first_boost_weight():
    trees = forest(node(0, CUT, leaf(-1, res=-2.0), leaf(1, res=7.0)), leaf(1, res=1.0), weights=[50.0, 0.0], analysis=1)
    found = answers(xml("BDT", trees, options={"BoostType": "Grad"}, analysis="Regression", targets=("t",)), [[0, 0], [1, 0]])
    assert found.tolist() == [49, 58]


def test_bagging_averages_and_a_forest_of_leaves_is_a_constant():
    assert answers(xml("BDT", forest(leaf(1), leaf(-1), leaf(1)), options={"BoostType": "Bagging"}), [[0, 0], [9, 9]]) == pytest.approx(
        [1 / 3, 1 / 3]
    )


def test_below_a_node_with_a_type_nothing_is_looked_at():
    pruned = STUMP.replace('nType="0"', 'nType="-1"', 1)
    assert answers(xml("BDT", forest(pruned)), [[1, 0]]).tolist() == [-1]


def test_spectators_are_no_input_and_columns_have_names_and_units():
    source, _ = exported(xml("BDT", forest(STUMP)))
    (features,), (response,) = source.signature.inputs, source.signature.outputs
    assert [(c.name, c.unit, c.description) for c in features.columns] == [("x", "MeV", "the x"), ("y", "MeV", "the y")]
    assert (features.name, features.shape, response.name, response.shape) == ("features", ("batch", 2), "response", ("batch", 1))


def fast_tanh(x):
    square = x * x
    return x * (135135 + square * (17325 + square * (378 + square))) / (135135 + square * (62370 + square * (3150 + square * 28)))


@pytest.mark.parametrize(("version", "function"), [(OLD, np.tanh), (NEW, fast_tanh)])
def test_tanh_is_exact_before_tmva_4_2_1_and_a_quotient_since(version, function):
    network = layers([[2.0], [0.5], [0.25]], [[3.0], [-1.0]])
    found = answers(xml("MLP", network, options=mlp_options(), version=version), [[0.5, 1.0], [2.0, 1.0], [0, 0]])
    sums = [2 * 0.5 + 0.5 + 0.25, 4.75, 0.25]
    assert found == pytest.approx([3 * function(s) - 1 for s in sums], abs=2e-6)
    assert abs(fast_tanh(4.75) - np.tanh(4.75)) * 3 > 2e-5


def test_the_fast_tanh_is_one_far_out():
    found = answers(xml("MLP", layers([[1.0], [0.0], [0.0]], [[1.0], [0.0]]), options=mlp_options()), [[4.98, 0], [-4.98, 0], [1e18, 0]])
    assert found.tolist() == [1, -1, 1]


@pytest.mark.parametrize(
    ("kind", "function"),
    [
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("ReLU", lambda x: max(x, 0)),
        ("linear", lambda x: x),
        ("radial", lambda x: np.exp(-x * x / 2)),
    ],
)
@pytest.mark.parametrize("estimator", ["MSE", "CE"])
def test_every_neuron_type_and_both_estimators(kind, function, estimator):
    network = layers([[2.0], [-0.5], [0.25]], [[0.5], [-1.0]])
    found = answers(xml("MLP", network, options=mlp_options(kind, estimator)), [[0.5, 1.0], [-1.0, 1.0]])
    raw = [0.5 * function(s) - 1 for s in (0.75, -2.25)]
    assert found == pytest.approx(raw if estimator == "MSE" else [1 / (1 + np.exp(-r)) for r in raw], abs=1e-6)


def test_a_fisher_discriminant_is_a_constant_and_a_sum():
    assert answers(xml("Fisher", coefficients(0.5, 2.0, -1.0)), [[1, 3], [0, 0]]).tolist() == [-0.5, 0.5]


def test_a_linear_discriminant_rounds_after_each_term():
    found = answers(xml("LD", coefficients(2.0**24, 1.0, 1.0, linear=True)), [[1, 1]])
    assert found.tolist() == [2.0**24]


def test_terms_that_cancel_are_summed_in_float64():
    content = xml("Fisher", coefficients(0.1, 1e7, -1e7), ranges=(1.0, 1.001))
    _, graph = exported(content)
    assert "Cast" in {n.op_type for n in onnx.load_from_string(graph).graph.node}
    assert answers(content, [[1.5, 1.5]]) == pytest.approx([0.1])


def test_normalise_takes_the_range_of_all_classes_together():
    chain = normalize([(5.0, 6.0)] * 2, [(7.0, 8.0)] * 2, [(-1.0, 3.0), (0.0, 10.0)])
    content = xml("Fisher", coefficients(0.0, 1.0, 100.0), transforms=chain)
    assert answers(content, [[-1, 0], [3, 10], [1, 5]]) == pytest.approx([-101, 101, 0])


def test_the_old_format_of_normalise_lists_all_variables():
    inside = "".join(f'<Variable VarIndex="{i}" Min="{a}" Max="{b}"/>' for i, (a, b) in enumerate([(-1, 3), (0, 10)]))
    chain = (
        f'<Transform Name="Normalize" NVariables="2" NTargets="0"><Class ClassIndex="0"><Variables>{inside}</Variables></Class></Transform>'
    )
    content = xml("Fisher", coefficients(0.0, 1.0, 100.0), transforms=chain)
    assert answers(content, [[-1, 0], [3, 10]]) == pytest.approx([-101, 101])


def test_decorrelation_multiplies_with_the_last_matrix():
    chain = decorrelation([9.0] * 4, [1.0, 2.0, 3.0, 4.0])
    content = xml("Fisher", coefficients(0.0, 1.0, 100.0), transforms=chain)
    assert answers(content, [[1, 10]]) == pytest.approx([21 + 4300])


def test_principal_components_shift_and_multiply_with_columns():
    body = '<Statistics ClassIndex="0" NRows="2">1 2</Statistics><Eigenvectors ClassIndex="0" NRows="2" NCols="2">1 2 3 4</Eigenvectors>'
    content = xml("Fisher", coefficients(0.0, 1.0, 100.0), transforms=f'<Transform Name="PCA">{selection(["x", "y"])}{body}</Transform>')
    assert answers(content, [[2, 12]]) == pytest.approx([1 * 1 + 10 * 3 + 100 * (1 * 2 + 10 * 4)])


def test_transformations_follow_one_another_and_may_take_a_part_in_another_order():
    chain = normalize([(0.0, 2.0)], gets=("y",)) + decorrelation([0.0, 1.0, 1.0, 0.0], gets=("z", "y"), puts=("y", "z"))
    content = xml("Fisher", coefficients(0.0, 1.0, 10.0, 100.0), names=("x", "y", "z"), transforms=chain)
    assert answers(content, [[1, 2, 5]]) == pytest.approx([1 + 10 * 1 + 100 * 5])


def test_trees_behind_a_decorrelation_cut_on_its_float32():
    chain = decorrelation([0.1, 0.2, 0.3, 0.4])
    content = xml("BDT", forest(node(0, 0.5, leaf(-1), leaf(1))), transforms=chain)
    rng = np.random.default_rng(3)
    first = rng.uniform(0, 4, 4000).astype(np.float32)
    second = ((0.5 - 0.1 * first.astype(float)) / 0.2).astype(np.float32)
    answers(content, np.stack([first, second], axis=1))


def test_targets_of_a_regression_are_scaled_back():
    chain = normalize([(0.0, 2.0), (0.0, 2.0), (100.0, 300.0)], targets=("t",))
    network = layers([[1.0], [0.0], [0.0]], [[1.0], [0.0]])
    content = xml("MLP", network, options=mlp_options("linear"), transforms=chain, analysis="Regression", targets=("t",))
    assert answers(content, [[0, 0], [1, 0], [2, 0]]) == pytest.approx([100, 200, 300])


def test_the_same_file_gives_the_same_bytes():
    content = xml("BDT", forest(STUMP, leaf()), transforms=decorrelation([1.0, 0.5, 0.5, 1.0]))
    assert exported(content)[1] == exported(content)[1]


numbers = st.floats(-3, 3, width=32)


@st.composite
def trees(draw, depth=3):
    if depth == 0 or draw(st.booleans()):
        return leaf(draw(st.sampled_from([-1, 1])), purity=draw(st.floats(0, 1, width=32)), res=draw(numbers))
    branches = [draw(trees(depth=depth - 1)) for _ in range(2)]
    return node(draw(st.integers(0, 1)), draw(numbers), *branches, ctype=draw(st.integers(0, 1)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(trees(), st.floats(0.125, 4, width=32)), min_size=1, max_size=6),
    st.sampled_from(["yes", "purity", "Grad", "Bagging"]),
)
def test_random_forests_are_reproduced(chosen, kind):
    options = {"BoostType": kind if kind in ("Grad", "Bagging") else "AdaBoost", "UseYesNoLeaf": str(kind != "purity")}
    weights = forest(*(t for t, _ in chosen), weights=[w for _, w in chosen], analysis=int(kind == "Grad"))
    _, graph = exported(xml("BDT", weights, options=options))
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_networks_are_reproduced(data):
    sizes = [2, *data.draw(st.lists(st.integers(1, 5), min_size=0, max_size=3)), 1]
    matrices = [[[data.draw(numbers) for _ in range(after)] for _ in range(before + 1)] for before, after in pairwise(sizes)]
    options = mlp_options(
        data.draw(st.sampled_from(["sigmoid", "tanh", "ReLU", "linear", "radial"])), data.draw(st.sampled_from(["MSE", "CE"]))
    )
    version = data.draw(st.sampled_from([OLD, NEW]))
    chain = data.draw(st.sampled_from(["", normalize([(-2.0, 3.0), (-1.0, 4.0)]), decorrelation([1.0, 0.3, 0.3, 2.0])]))
    _, graph = exported(xml("MLP", layers(*matrices), options=options, version=version, transforms=chain))
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (xml("BDT", forest(STUMP), transforms='<Transform Name="Gauss"/>'), "transformation Gauss is not supported"),
        (xml("BDT", forest(STUMP), transforms='<Transform Name="Uniform"/>'), "transformation Uniform is not supported"),
        (xml("BDT", forest(STUMP), transforms='<Transform Name="Rearrange"/>'), "transformation Rearrange is not supported"),
        (xml("BDT", forest(STUMP), transforms='<Transform Name="Frobnicate"/>'), "transformation 'Frobnicate' is not known"),
        (xml("Likelihood", forest(STUMP)), "method Likelihood is not supported"),
        (xml("BDT", forest(STUMP), analysis="Multiclass"), "analysis type 'multiclass' is not supported"),
        (xml("BDT", forest(STUMP), options={"BoostType": "AdaBoostR2"}), "option BoostType=AdaBoostR2 is not supported"),
        (xml("BDT", forest(STUMP), options={"UseWeightedTrees": "False"}), "option UseWeightedTrees=False is not supported"),
        (xml("BDT", forest(STUMP).replace('NCoef="0"', 'NCoef="3"', 1)), "option UseFisherCuts is not supported"),
        (xml("BDT", forest(STUMP).replace("<Weights", '<Weights PreselectionLowBkgVar0="1"')), "option DoPreselection is not supported"),
        (xml("BDT", forest(STUMP).replace('NTrees="1"', 'NTrees="2"')), "holds 1 trees"),
        (xml("BDT", forest(node(7, 0.0, leaf(), leaf()))), "<Node IVar='7'>: wanted 0 to 1"),
        (xml("BDT", forest(STUMP).replace('pos="r"', 'pos="x"')), "is no leaf and lacks a child"),
        (xml("BDT", forest(STUMP).replace('cType="1"', 'cType="2"', 1)), "cType='2'>: wanted 0 to 1"),
        (xml("BDT", forest(STUMP).replace('boostWeight="1.0"', 'boostWeight="nan"')), "boostWeight='nan'>: is not finite"),
        (xml("BDT", forest(STUMP).replace('Cut="0.3', 'Cut="1e50" old="')), "Cut='1e50'> is no float32"),
        (xml("BDT", "<Other/>"), "<MethodSetup> has no <Weights>"),
        (xml("MLP", layers([[1.0], [1.0], [1.0]], [[1.0], [1.0]]), options=mlp_options("gelu")), "option NeuronType=gelu is not known"),
        (xml("MLP", layers([[1.0], [1.0], [1.0]])), "option NeuronType is missing"),
        (
            xml("MLP", layers([[1.0], [1.0], [1.0]]), options=mlp_options() | {"NeuronInputType": "abs"}),
            "NeuronInputType=abs is not supported",
        ),
        (xml("MLP", layers([[1.0], [1.0]]), options=mlp_options()), r"the layers have \[2, 1\] neurons"),
        (xml("MLP", layers([[1.0], [1.0], [1.0]]).replace("1.0<", "<"), options=mlp_options()), "announces 1 numbers and holds 0"),
        (xml("Fisher", coefficients(1.0, 2.0)), "holds 2 coefficients for 2 variables"),
        (xml("Fisher", coefficients(0.0, 1.0, 1.0), transforms=normalize([(1.0, 1.0)] * 2)), "range 0 is empty"),
        (
            xml("Fisher", coefficients(0.0, 1.0, 1.0), transforms=normalize([(1.0, 2.0)] * 2, gets=("x", "who"))),
            "'who', which is no variable",
        ),
        (xml("Fisher", coefficients(0.0, 1.0, 1.0), transforms=decorrelation([1.0, 2.0])), "announces 4 numbers and holds 2"),
        (b"<Other/>", "the root element is <Other>"),
        (b"<MethodSetup Method='BDT::x'><GeneralInfo>", "not well-formed XML"),
        (b"<!DOCTYPE a SYSTEM '/etc/passwd'><a/>", "line 1: a document type declaration is refused"),
        (b"<!DOCTYPE a [<!ENTITY b 'ha'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>", "line 1: a document type declaration is refused"),
        (b"<a>" * 300, "elements nested more than 200 deep"),
        (b'<a b="' + b"x" * 5000 + b'"/>', "an attribute longer than 4096 characters"),
        (b"<a>\x00</a>", "not well-formed XML"),
    ],
)
def test_refuses_by_name_what_it_cannot_say(content, message):
    refused(content, message)


def outcome(content):
    try:
        source, _ = exported(content)
    except ExportError as error:
        return str(error)
    return f"{source.path}: exported"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_in_words_or_still_reproduced(data):
    content = bytearray(xml("BDT", forest(STUMP, node(1, 1.0, leaf(), leaf(-1))), transforms=normalize([(0.0, 2.0)] * 2)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 6))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"9", b"-", b"1e99", b"<"])
        )
    assert outcome(bytes(content)).startswith("some.weights.xml: ")


def test_too_much_xml_is_refused_before_it_is_built(monkeypatch):
    monkeypatch.setattr("bartik.core.xml_tree.MAX_BYTES", 100)
    refused(xml("BDT", forest(STUMP)), "bytes of XML, more than the 100 we read")
    monkeypatch.setattr("bartik.core.xml_tree.MAX_BYTES", 10**6)
    monkeypatch.setattr("bartik.core.xml_tree.MAX_ELEMENTS", 10)
    refused(xml("BDT", forest(STUMP)), "more than 10 elements")


def test_a_difference_names_the_file_the_first_row_and_both_values(monkeypatch):
    read = tmva_xml.read_discriminant

    def wrong(file):
        found = read(file)
        return type(found)(found.constant, found.coefficients * np.array([1.0, 1.01]), found.stepwise)

    monkeypatch.setattr(tmva_xml, "read_discriminant", wrong)
    refused(xml("Fisher", coefficients(1.0, 0.0, 1.0)), r"does not reproduce its source: output 'response' row 0: wanted -?\d.*, got -?\d")


DATA = Path(os.environ["BARTIK_DATA"]) if "BARTIK_DATA" in os.environ else None


@pytest.mark.skipif(DATA is None, reason="BARTIK_DATA names no folder of data")
def test_real_weight_files_of_root_5_25_to_6_05_agree_with_tmva_on_onnxruntime():
    files = sorted((DATA / "11_models").glob("tmva_*.xml"))
    assert len(files) == 9
    for file in files:
        source = read_tmva_xml(file, file.read_bytes())
        session = onnxruntime.InferenceSession(translate(source, source.reference))
        found = {"response": session.run(None, source.reference)[0]}
        assert worst(compare(source.run(source.reference), found)).ok, file.name
