"""Who becomes champion, who is refused, and what is recorded about it."""

import json

import pytest

from bartik.core import BundleError, CheckError, RegistryError, UnknownNameError, UsageError
from bartik.registry import Gate, GateReport, RunRecord, details, fetch, promote, record_gates, register, retire, versions

GOOD = Gate("AUC", passed=True, wanted=">= 0.99", found="0.995")
SLOW = Gate("time", passed=False, wanted="<= 10.9 us an event", found="14.2 us")


def aliases(name="toy"):
    return {version.number: set(version.aliases) for version in versions(name)}


@pytest.fixture
def two(home, make_bundle):
    """Version 1 is champion, version 2 is candidate."""
    register(make_bundle(1.0), RunRecord())
    promote("toy")
    return register(make_bundle(2.0), RunRecord())


def test_the_first_version_needs_no_gates(home, make_bundle):
    register(make_bundle(), RunRecord())
    assert promote("toy@candidate").aliases == ("candidate", "champion")
    (event,) = details("toy").history
    assert (event.what, event.version, event.former, event.gates, event.done) == ("promoted", 1, 0, "none, the first version", True)


def test_a_candidate_without_gates_is_refused_and_told_why(two):
    with pytest.raises(CheckError, match=r"toy/2 is not promoted: its gates were not measured.*\n  bartik retrain .* --override"):
        promote("toy")
    assert aliases() == {1: {"champion"}, 2: {"candidate"}}


def test_a_version_that_is_not_the_first_needs_gates_even_where_there_is_no_champion(home, make_bundle):
    register(make_bundle(1.0), RunRecord())
    register(make_bundle(2.0), RunRecord())
    with pytest.raises(CheckError, match="only the first version of a model needs none"):
        promote("toy/2")


def test_a_candidate_that_passed_becomes_champion_and_the_champion_archived(two):
    record_gates("toy", [GOOD])
    promote("toy")
    assert aliases() == {1: {"archived"}, 2: {"candidate", "champion"}}
    last = details("toy@champion").history[-1]
    assert (last.version, last.former, last.gates, last.why) == (2, 1, "1 passed", "")


def test_a_failed_gate_is_named_with_what_was_wanted_and_found(two):
    with pytest.raises(CheckError, match=r"1 of 2 gates failed\n  FAILED time: wanted <= 10.9 us an event, found 14.2 us\n.*--override"):
        promote("toy", gates=[GOOD, SLOW])
    assert aliases() == {1: {"champion"}, 2: {"candidate"}}
    assert details("toy@candidate").gates == GateReport(two.digest, 1, (GOOD, SLOW))


def test_an_override_is_recorded_with_who_when_and_why(two, monkeypatch):
    monkeypatch.setenv("LOGNAME", "jean")
    promote("toy", gates=[SLOW], override="  needed for\nthe  run ")
    assert aliases()[2] == {"candidate", "champion"}
    event = details("toy").history[-1]
    assert (event.who, event.why) == ("jean", "needed for the run")
    assert event.when.startswith("20")
    assert "FAILED time: wanted <= 10.9 us an event, found 14.2 us" in event.gates


@pytest.mark.parametrize("empty", ["", "  \n"])
def test_an_override_without_a_reason_is_wrong_use(two, empty):
    with pytest.raises(UsageError, match="--override: wanted a reason"):
        promote("toy", override=empty)
    with pytest.raises(UsageError, match="--reason: wanted a reason"):
        retire("toy", empty)


def test_a_password_in_a_reason_is_not_kept(two):
    promote("toy", override="see https://me:secret@host/page")
    assert details("toy").history[-1].why == "see https://***@host/page"


def test_gates_measured_against_another_champion_do_not_count(two, make_bundle):
    register(make_bundle(3.0), RunRecord())
    record_gates("toy/3", [GOOD])
    promote("toy/2", gates=[GOOD])
    with pytest.raises(CheckError, match="measured against version 1, and the champion is version 2"):
        promote("toy/3")
    record_gates("toy/3", [GOOD], against=2)
    assert promote("toy/3").number == 3


def test_no_gates_at_all_are_not_gates_passed(two):
    with pytest.raises(CheckError, match="no gates were declared"):
        promote("toy", gates=[])


def test_gates_registered_with_the_bundle_count_and_are_an_artifact(home, make_bundle):
    register(make_bundle(1.0), RunRecord())
    promote("toy")
    bundle = make_bundle(2.0)
    report = GateReport(bundle.digest, 1, (GOOD,))
    register(bundle, RunRecord(gates=report))
    assert json.loads((fetch("toy/2").parent / "gates.json").read_text()) == report.to_dict()
    assert promote("toy").number == 2


def test_gates_of_another_bundle_do_not_count(home, make_bundle):
    register(make_bundle(1.0), RunRecord())
    promote("toy")
    register(make_bundle(2.0), RunRecord(gates=GateReport("0" * 64, 1, (GOOD,))))
    with pytest.raises(CheckError, match="measured on another bundle"):
        promote("toy")


@pytest.mark.parametrize("text", ["{}", "[]", "nonsense", '{"format": 2, "bundle": "", "against": 0, "gates": []}'])
def test_gates_that_cannot_be_read_refuse_and_say_so(two, text):
    from bartik.registry.connection import connect

    with connect().writing() as client:
        client.set_model_version_tag("toy", "2", "bartik.gates", text)
    with pytest.raises(RegistryError, match=r"gates\.json: not .*\n  measure them again"):
        promote("toy")


def test_promoting_the_champion_again_changes_nothing(two):
    before = details("toy/1").history
    assert promote("toy/1").aliases == ("champion",)
    assert details("toy/1").history == before
    assert aliases() == {1: {"champion"}, 2: {"candidate"}}


def test_going_back_to_the_archived_one_is_a_promotion_with_a_reason(two):
    promote("toy", override="trial")
    promote("toy@archived", override="trial is over")
    assert aliases() == {1: {"champion"}, 2: {"archived", "candidate"}}
    assert [(e.version, e.former) for e in details("toy").history] == [(1, 0), (2, 1), (1, 2)]


def test_a_retired_champion_is_archived_and_the_reason_kept(two):
    assert retire("toy", "sensors were moved").aliases == ("archived",)
    assert aliases() == {1: {"archived"}, 2: {"candidate"}}
    event = details("toy/1").history[-1]
    assert (event.what, event.version, event.why, event.done) == ("retired", 1, "sensors were moved", True)
    with pytest.raises(UnknownNameError, match="unknown alias of toy 'champion'"):
        retire("toy", "again")


def test_only_the_champion_can_be_retired(two):
    with pytest.raises(UsageError, match="toy/2: is not the champion of toy"):
        retire("toy/2", "x")


def test_a_version_whose_files_are_damaged_is_not_promoted(two):
    (fetch("toy/2") / "model.onnx").write_bytes(b"other")
    with pytest.raises(BundleError, match="altered"):
        promote("toy", override="it looks fine")
    assert aliases() == {1: {"champion"}, 2: {"candidate"}}


def test_an_unknown_model_alias_or_version_names_the_nearest(two):
    with pytest.raises(UnknownNameError, match="unknown registered model 'toi'\n  did you mean 'toy'"):
        promote("toi")
    with pytest.raises(UnknownNameError, match="unknown version of toy '9'"):
        promote("toy@9")
    with pytest.raises(UnknownNameError, match="unknown alias of toy 'canditate'"):
        promote("toy@canditate")


@pytest.mark.parametrize("text", ["nonsense", "{}", "[]", '{"what": "promoted"}'])
def test_a_history_altered_by_hand_is_named(two, text):
    from bartik.registry.connection import connect

    with connect().writing() as client:
        client.set_model_version_tag("toy", "2", "bartik.history.x", text)
    with pytest.raises(RegistryError, match=r"toy/2: its tag bartik\.history\.x was altered.*\n  delete that tag"):
        promote("toy", override="x")


def test_models_of_other_mlflow_users_are_listed_and_not_promoted(two, tmp_path):
    from bartik.registry.connection import connect

    with connect().writing() as client:
        for name in ("it's theirs", "theirs"):
            client.create_registered_model(name)
            client.create_model_version(name, str(tmp_path))
    assert [(version.name, version.digest) for version in versions()][:1] == [("it's theirs", "")]
    with pytest.raises(RegistryError, match="theirs/1: its files are missing"):
        promote("theirs/1")


def test_gates_measured_again_replace_those_before(two):
    record_gates("toy", [GOOD])
    record_gates("toy", [SLOW])
    with pytest.raises(CheckError, match="FAILED time"):
        promote("toy")
