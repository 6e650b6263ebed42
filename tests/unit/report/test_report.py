import doctest
import re
from dataclasses import fields, replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik import plots
from bartik.core import Interval, UsageError
from bartik.report import (
    Compared,
    Comparison,
    DataRow,
    Facts,
    Figure,
    GateRow,
    InputRow,
    Metric,
    ParityRow,
    Registered,
    Report,
    Snippet,
    SpeedRow,
    Verdict,
    WorkingPoint,
    numbers,
    render,
    write_report,
)
from bartik.report.page import embed, markdown

VOID = {"meta", "br", "hr", "link", "img", "input"}


class Page(HTMLParser):
    """A strict reader: every tag closed in order, every id once."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.attributes, self.text = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


HALF = Interval(0.5, 0.45, 0.56)
FIGURE = Figure("ROC", plots.to_svg(plots.training_history({"a": [1.0, 2.0]}, best=1), "page"), "a caption")
FULL = Report(
    title="ghost_probability",
    summary="A summary.",
    verdicts=(Verdict("Is it good?", "95%", "of ghosts", "good"), Verdict("Fast?", "no", state="bad")),
    card="# Card\n\nSome *text* and [a paper](https://arxiv.org/abs/1).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    metrics=(Metric("AUC", Interval(0.9971, 0.9969, 0.9973)), Metric("rejection", HALF, "%", "at 99%"), Metric("share", 0.25, "%")),
    metrics_note="On the test sample.",
    working_points=(WorkingPoint("tight", 0.4, HALF, HALF),),
    comparison=Comparison(("network", "BDT"), (Compared("AUC", (HALF, None)), Compared("rejection", (0.1, HALF), "%"))),
    figures=(FIGURE, replace(FIGURE, title="again")),
    parity=(
        ParityRow("native", ok=True, max_difference=1e-7),
        ParityRow("torch", ok=False, max_difference=0.1),
        ParityRow("x", None, None, "absent"),
    ),
    speed=(SpeedRow("native", 1, 300.0, 0.5), SpeedRow("native", 4096, 33.0, 0.1), SpeedRow("torch", 1, 21000.0, 12.0)),
    speed_figure=FIGURE,
    speed_note="One core.",
    inputs=(InputRow("pt", "MeV", "transverse momentum", 1.0, 2.0, 3.0), InputRow("n_hits")),
    data=(DataRow("train", 120400, "generated", "ab" * 32),),
    provenance=(Facts("Model", (("seed", "42"),)), Facts("Configuration", (("train.epochs", "20"),), folded=True)),
    registered=Registered("ghost_probability", 3, ("candidate",), "abc"),
    usage=(Snippet("Python", "import bartik"),),
    footer="Made by bartik.",
)
EMPTY = {"tuple": (), "str": "", "Comparison": None, "Figure": None, "Registered": None}
SECTIONS = {"performance", "parity", "speed", "use", "model", "inputs", "provenance"}


def sections(text):
    return set(re.findall(r'<section id="(\w+)"', text))


def test_a_full_page_is_well_formed_and_has_every_section_in_its_contents():
    text = render(FULL)
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert sections(text) == SECTIONS
    assert re.findall(r'<a href="#(\w+)"', text) == re.findall(r'<section id="(\w+)"', text)
    assert page.tags.count("svg") == 3
    assert page.tags.count("h1") == 1


def test_the_same_report_is_the_same_page(tmp_path):
    write_report(FULL, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(FULL)


def test_a_page_asks_the_network_for_nothing_and_runs_nothing():
    page = Page(render(FULL))
    assert not {"script", "link", "img", "iframe", "object", "embed"} & set(page.tags)
    style = render(FULL).split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    loaded = [
        value for name, value in page.attributes if name in {"src", "srcset", "xlink:href", "data", "action"} or name.startswith("on")
    ]
    assert loaded == []
    links = [value for name, value in page.attributes if name == "href" and not value.startswith("#")]
    assert links == ["https://arxiv.org/abs/1"]


def test_a_title_alone_makes_a_page_without_empty_sections():
    text = render(Report(title="new"))
    Page(text)
    assert sections(text) == set()
    assert "<table" not in text
    assert not re.search(r"<(ul|tbody|figure)", text)


@pytest.mark.parametrize("name", [f.name for f in fields(Report) if f.name != "title"])
def test_any_part_can_be_missing(name):
    kind = type(getattr(FULL, name)).__name__
    page = Page(render(replace(FULL, **{name: EMPTY[kind]})))
    assert page.tags.count("table") >= 6


@pytest.mark.parametrize(("name", "section"), [("parity", "parity"), ("usage", "use"), ("card", "model"), ("inputs", "inputs")])
def test_a_part_that_is_missing_leaves_no_section_and_no_link(name, section):
    text = render(replace(FULL, **{name: EMPTY[type(getattr(FULL, name)).__name__]}))
    assert sections(text) == SECTIONS - {section}
    assert f'href="#{section}"' not in text


def test_no_benchmark_leaves_no_speed():
    assert "speed" not in sections(render(replace(FULL, speed=(), speed_figure=None)))


HOSTILE = st.sampled_from(["<script>alert(1)</script>", "\"><img src=x onerror='y'>", "</style><b>", "{{ 7*7 }}", "&amp;<", "]]>"])


@settings(deadline=None)  # a page is a lot, and a machine may be busy
@given(HOSTILE)
def test_hostile_text_is_shown_and_not_run(text):
    snippet, row = Snippet(text, text), InputRow(text, text, text)
    report = replace(
        FULL,
        title=text,
        summary=text,
        card=text,
        verdicts=(Verdict(text, text, text),),
        metrics=(Metric(text, 1.0, text, text),),
        working_points=(WorkingPoint(text, 0.5, HALF, HALF),),
        comparison=Comparison((text,), (Compared(text, (HALF,), text),)),
        parity=(ParityRow(text, None, None, text),),
        speed=(SpeedRow(text, 1, 1.0),),
        figures=(replace(FIGURE, title=text, caption=text),),
        inputs=(row,),
        data=(DataRow(text, 1, text, text),),
        provenance=(Facts(text, ((text, text),)),),
        registered=Registered(text, 1, (text,), text),
        usage=(snippet,),
        footer=text,
    )
    page = Page(render(report))
    assert not {"script", "img", "b"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert text in "".join(page.text)


def test_markdown_takes_no_html_no_images_and_no_programs():
    text = markdown("<b>x</b> ![i](http://e.org/i.png) [j](javascript:alert(1))\n\n# Title")
    assert "<b>" not in text
    assert "<img" not in text
    assert 'href="javascript' not in text
    assert "<h3>Title</h3>" in text


@pytest.mark.parametrize(
    "svg",
    [
        "<div></div>",
        '<svg viewBox="0 0 1 1"><script>1</script></svg>',
        '<svg viewBox="0 0 1 1"><a href="http://e.org">x</a></svg>',
        '<svg viewBox="0 0 1 1" onload="x()"></svg>',
        '<svg viewBox="0 0 1 1"><rect style="fill: url(http://e.org/x)"/></svg>',
        "<svg></svg>",
    ],
)
def test_a_figure_that_could_run_or_load_something_is_refused(svg):
    with pytest.raises(UsageError, match="figure 'bad': "):
        embed(svg, "bad", 1)


def test_two_figures_on_a_page_share_no_names():
    svg = '<svg viewBox="0 0 2 1" width="9"><defs><g id="a"/></defs><use xlink:href="#a"/><g clip-path="url(#a)"/></svg>'
    text = embed(svg, 'T "1"', 7)
    assert 'id="f7-a"' in text
    assert 'href="#f7-a"' in text
    assert "url(#f7-a)" in text
    assert "width" not in text
    assert 'aria-label="T &#34;1&#34;"' in text


@given(st.floats(-1e6, 1e6), st.floats(0, 1e5), st.floats(0, 1e5), st.sampled_from(["", "%", "mm"]))
def test_a_number_and_its_errors_are_rounded_alike_and_stay_close(value, up, down, unit):
    s = numbers.shown(Interval(value, value - down, value + up), unit)
    read = [float(text.replace(numbers.MINUS, "-")) for text in (s.value, s.both or s.up, s.both or s.down)]
    decimals = {len(text.partition(".")[2]) for text in (s.value, s.both or s.up, s.both or s.down)}
    scale = 100 if unit == "%" else 1
    error = max(up, down) * scale
    assert len(decimals) == 1
    assert read[0] == pytest.approx(value * scale, abs=max(0.06 * error, 1e-4))


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(numbers).failed == 0


def test_asymmetric_errors_show_both_ends_and_symmetric_ones_one():
    text = re.sub(
        r"<[^>]+>|&nbsp;|\s", "", render(Report(title="t", metrics=(Metric("m", Interval(0.9531, 0.9502, 0.9557), "%"), Metric("n", HALF))))
    )
    assert f"95.31+0.26{numbers.MINUS}0.29%" in text
    assert f"0.500+0.060{numbers.MINUS}0.050" in text


def test_the_first_screen_answers_before_the_contents():
    text = render(FULL)
    assert text.index("Is it good?") < text.index("<nav") < text.index("<main")


def test_gates_are_a_table_and_a_wide_figure_takes_a_row_of_its_own():
    gates = (GateRow("time", passed=False, wanted="<= 15 us", found="22 us"), GateRow("size", passed=True, wanted="<= 50 kB", found="1 kB"))
    page = render(Report("model", gates=gates, figures=(replace(FIGURE, wide=True), FIGURE)))
    rows = re.findall(r'<tr><th scope="row">(time|size)</th><td><span class="mark (good|bad)">', page)
    assert rows == [("time", "bad"), ("size", "good")]
    assert "&lt;= 15 us" in page
    assert page.count('<figure class="wide">') == 1
