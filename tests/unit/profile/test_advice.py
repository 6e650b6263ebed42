import pytest

from bartik.cli.main import run_command
from bartik.core import UnknownNameError, UsageError
from bartik.profile.advice import Prediction, predict, shrink
from bartik.profile.budget import SECONDS_PER_EVENT, read_budget
from bartik.profile.devices import HERE, Device, devices, roofline_seconds
from bartik.profile.menu import Dish, measure_menu
from bartik.profile.nodes import Work
from bartik.profile.profiler import profile
from bartik.testing.models import dense_bundle


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0.55us/event", 0.55e-6 / 150),
        ("3.6ns/candidate", 3.6e-9),
        ("2 ms / event", 2e-3 / 150),
        ("hlt1", SECONDS_PER_EVENT / 150),
        ("hlt1:5%", 0.05 * SECONDS_PER_EVENT / 150),
        ("hlt2:1%", 0.01 * 56 / 265 / 150),
    ],
)
def test_a_budget_is_seconds_a_candidate(text, wanted):
    assert read_budget(text, 150) == pytest.approx(wanted)


@pytest.mark.parametrize("text", ["5", "us/event", "whenever", "5us/row", ""])
def test_what_is_no_budget_is_refused_with_examples(text):
    with pytest.raises(UnknownNameError) as caught:
        read_budget(text, 150)
    assert "0.55us/event" in caught.value.hint


@pytest.mark.parametrize("text", ["-1us/event", "hlt1:x", "hlt1:0%", "1e-e5us/event"])
def test_a_budget_without_a_positive_number_is_refused(text):
    with pytest.raises(UsageError, match="no positive number"):
        read_budget(text, 150)


def test_the_roofline_is_the_longer_of_arithmetic_and_memory():
    device = Device("made", 1e12, 1e11)
    assert roofline_seconds(Work(multiply_adds=1000, moved=4), 1, device) == pytest.approx(2e-9)
    assert roofline_seconds(Work(multiply_adds=10, moved=400), 1, device) == pytest.approx(4e-9)
    assert roofline_seconds(Work(moved=100, weights=3000), 10, device) == pytest.approx(4e-9)
    assert min(device.flops for device in devices().values()) > 1e12


def test_the_layer_to_shrink_is_the_largest_and_by_as_much_as_is_needed():
    predicted = Prediction("made", 4e-9, 4e-9, {"a": 3e-9, "b": 1e-9})
    assert shrink(predicted, 4e-9) == ""
    assert shrink(predicted, 2e-9).startswith("layer a is 75% of it: with 33% of its work")
    assert "not enough: all layers together must do with 12.5%" in shrink(predicted, 0.5e-9)


def test_predictions_scale_with_the_device_and_are_near_what_is_measured_here(tmp_path):
    found = profile(dense_bundle(tmp_path / "a", (30, 40, 40, 1)), batch=256, seconds=0.2)
    fast, slow = predict(found, "h100"), predict(found, "t4")
    assert slow.roofline / fast.roofline == pytest.approx(67 / 8.1)
    assert fast.likely >= fast.roofline
    assert 0.05 < predict(found, HERE).likely * 256 / found.whole.seconds < 20
    with pytest.raises(UnknownNameError, match="a500"):
        predict(found, "a500")


def test_a_menu_is_the_sum_of_its_dishes(tmp_path):
    dishes = [Dish(dense_bundle(tmp_path / "a", (5, 4, 1)), 10), Dish(dense_bundle(tmp_path / "b", (50, 64, 64, 1)), 300)]
    found = measure_menu(dishes, "onnxruntime", seconds=0.1)
    assert list(found.alone) == ["1 made, 10 an event", "2 made, 300 an event"]
    assert found.all > max(found.alone.values()) / 2
    with pytest.raises(UsageError, match="no model"):
        measure_menu([])


def test_the_verbs_say_what_fits_and_what_not(tmp_path, capsys):
    path = str(dense_bundle(tmp_path / "bundle", (5, 4, 1)).path)
    assert run_command(["advise", path, "--budget", "hlt1:1%", "--seconds", "0.05"]) == 0
    shown = capsys.readouterr()
    assert "RTX A5000: at least" in shown.out
    assert "native, batch 256" in shown.out
    assert "int8: not tried" in shown.err
    assert run_command(["advise", path, "--budget", "1e-6ns/candidate", "--device", "here", "--seconds", "0.05"]) == 0
    assert "does not fit" in capsys.readouterr().out
    assert run_command(["menu", f"{path}=20", "--budget", "hlt2:1%", "--seconds", "0.05"]) == 0
    assert "20 an event" in capsys.readouterr().out
    assert run_command(["menu", path]) == 2
    assert "BUNDLE=CANDIDATES" in capsys.readouterr().err
