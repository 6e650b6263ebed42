"""What `bartik models` prints, writes and refuses."""

import json

import pytest

from bartik.cli.main import run_command
from bartik.registry import Gate, RunRecord, record_gates, register
from bartik.testing.models import dense_bundle

DIGEST = "ab" * 32


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A registry of two versions, to look at."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BARTIK_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        for number, sizes in enumerate([(3, 1), (3, 2, 1)]):
            bundle = dense_bundle(home / f"bundle{number}", sizes)
            register(bundle, RunRecord({"depth": number}, {"AUC": 0.9 + number / 100}, {"train": {"digest": DIGEST, "rows": 5}}))
    return home, bundle.name


@pytest.fixture
def models(registry, monkeypatch, capsys):
    """Runs the verb; exit code, stdout, stderr."""
    monkeypatch.setenv("BARTIK_HOME", str(registry[0]))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def call(*arguments):
        code = run_command(["models", *[argument.replace("NAME", registry[1]) for argument in arguments]])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_list_prints_a_version_a_line_and_json_for_pipes(models, registry):
    code, out, err = models("list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [f"{registry[1]}/1", f"{registry[1]}/2"]
    assert out.splitlines()[1].endswith("@candidate")
    assert "next: bartik models show" in err
    lines = models("list", "NAME", "--json")[1].splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2]


def test_show_prints_every_part_that_is_known(models):
    code, out, _ = models("show", "NAME@2")
    assert code == 0
    for part in (
        "bundle digest",
        "signature",
        "input features: float32 [batch, 3]",
        "metrics",
        "AUC  0.91",
        "hyperparameters",
        "depth  1",
        DIGEST[:12],
    ):
        assert part in out
    assert json.loads(models("show", "NAME/2", "--json")[1])["parameters"] == {"depth": "1"}


def test_diff_prints_only_what_differs(models):
    code, out, _ = models("diff", "NAME@1", "NAME@2")
    assert code == 0
    assert "AUC: 0.9 -> 0.91  (+0.01)" in out
    assert "depth: 0 -> 1" in out
    assert "data" not in out
    assert {json.loads(line)["part"] for line in models("diff", "NAME@1", "NAME@2", "--json")[1].splitlines()} >= {"graph", "metrics"}
    code, out, err = models("diff", "NAME@1", "NAME@1")
    assert (code, out) == (0, "")
    assert "nothing differs" in err


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_lineage_is_printed_and_drawn_the_same_each_time(models, tmp_path, suffix):
    code, out, _ = models("lineage", "NAME@candidate", "--plot", str(tmp_path / f"a.{suffix}"))
    assert code == 0
    assert f"data             train {DIGEST}" in out
    models("lineage", "NAME@candidate", "--plot", str(tmp_path / f"b.{suffix}"))
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_lineage_of_data_names_every_model(models, registry, tmp_path):
    code, out, _ = models("lineage", DIGEST[:6], "--plot", str(tmp_path / "d.svg"))
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [f"{registry[1]}/1", f"{registry[1]}/2"]
    assert (tmp_path / "d.svg").is_file()
    assert [json.loads(line)["splits"] for line in models("lineage", DIGEST[:6], "--json")[1].splitlines()] == [["train"], ["train"]]


def test_a_life_from_promotion_to_retirement(models, registry):
    assert models("promote", "NAME@1")[0] == 0
    code, _, err = models("promote", "NAME@candidate")
    assert code == 1
    assert "its gates were not measured" in err
    assert "--override" in err
    record_gates(f"{registry[1]}/2", [Gate("time", passed=False, wanted="<= 1 us", found="2 us")])
    code, _, err = models("promote", "NAME@candidate")
    assert code == 1
    assert "FAILED time: wanted <= 1 us, found 2 us" in err
    code, out, _ = models("promote", "NAME@candidate", "--override", "needed; `rm -rf /` $(x)", "--json")
    assert code == 0
    assert json.loads(out)["aliases"] == ["candidate", "champion"]
    assert "reason: needed; `rm -rf /` $(x)" in models("show", "NAME")[1]
    assert models("retire", "NAME", "--reason", "over")[0] == 0
    assert "@archived @candidate" in models("list")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nothing"], "unknown registered model 'nothing'"),
        (["show", "a b"], "'a b': not a registered model"),
        (["diff", "NAME@1", "NAME@77"], "unknown version of"),
        (["promote", "NAME@1", "--override", " "], "--override: wanted a reason"),
        (["lineage", "NAME@2", "--plot", "x.pdf"], "cannot draw into .pdf"),
        (["retire", "NAME"], "--reason"),
    ],
)
def test_wrong_use_is_code_2_and_names_the_remedy(models, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, _, err = models(*arguments)
    assert code == 2
    assert message in err


@pytest.mark.parametrize("verb", ["list", "show", "diff", "promote", "retire", "lineage"])
def test_help_of_every_verb_has_an_example(verb, capsys):
    assert run_command(["models", verb, "--help"]) == 0
    assert f"Example: bartik models {verb}" in " ".join(capsys.readouterr().out.split())
