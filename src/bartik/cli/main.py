"""``bartik``: the verbs, and one way for all of them to refuse."""

from __future__ import annotations

import sys

import typer

from bartik.cli import (
    advise,
    bench,
    check,
    ci,
    compile_,
    data,
    display,
    doctor,
    export,
    generate,
    list_,
    menu,
    models,
    monitor,
    narrow,
    new,
    predict,
    profile,
    quantize,
    register,
    report,
    retrain,
    run,
    score,
    train,
    tune,
)
from bartik.core import BartikError
from bartik.core.secrets import without_password

app = typer.Typer(
    name="bartik",
    help="From training to trigger: machine learning for an LHCb-like experiment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

_WrongCall: type[typer.BadParameter] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
"""What typer raises for wrong options and verbs; its own name for it is private."""

_START, _STEPS, _USE = "Start here", "One step each, files in, files out", "Use a bundle"
_KEEP = "Keep models over the years"

app.command("list", rich_help_panel=_START)(list_.list_usecases)
app.command("doctor", rich_help_panel=_START)(doctor.doctor)
app.command("run", rich_help_panel=_START)(run.run)
app.command("new", rich_help_panel=_START)(new.new)
app.command("generate", rich_help_panel=_START)(generate.generate)
app.command("display", rich_help_panel=_START)(display.display)
app.add_typer(data.app, name="data", rich_help_panel=_STEPS)
app.command("train", rich_help_panel=_STEPS)(train.train)
app.command("score", rich_help_panel=_STEPS)(score.score)
app.command("export", rich_help_panel=_STEPS)(export.export)
app.command("tune", rich_help_panel=_STEPS)(tune.tune)
app.command("register", rich_help_panel=_STEPS)(register.register)
app.command("report", rich_help_panel=_STEPS)(report.report)
app.command("check", rich_help_panel=_USE)(check.check)
app.command("bench", rich_help_panel=_USE)(bench.bench)
app.command("profile", rich_help_panel=_USE)(profile.profile)
app.command("advise", rich_help_panel=_USE)(advise.advise)
app.command("menu", rich_help_panel=_USE)(menu.menu)
app.command("predict", rich_help_panel=_USE)(predict.predict)
app.command("quantize", rich_help_panel=_USE)(quantize.quantize)
app.command("narrow", rich_help_panel=_USE)(narrow.narrow)
app.command("compile", rich_help_panel=_USE)(compile_.compile_bundle)
app.command("retrain", rich_help_panel=_KEEP)(retrain.retrain)
app.command("monitor", rich_help_panel=_KEEP)(monitor.monitor)
app.add_typer(ci.app, name="ci", rich_help_panel=_KEEP)
app.add_typer(models.app, name="models", rich_help_panel=_KEEP)


def main(arguments: list[str] | None = None) -> None:
    """Run one command; leave with 0, 1 for a failure, 2 for wrong use, 130 where the user stopped it."""
    sys.exit(run_command(arguments))


def run_command(arguments: list[str] | None = None) -> int:
    """Run one command and give its exit code; refusals are one clear message on stderr."""
    try:
        return int(app(args=arguments, prog_name="bartik", standalone_mode=False) or 0)
    except typer.Exit as error:
        return int(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except (BartikError, _WrongCall, OSError, KeyboardInterrupt, typer.Abort) as error:
        return _refuse(*_explained(error))


def _explained(error: BaseException) -> tuple[str, str, int]:
    """Message, hint and exit code."""
    if isinstance(error, BartikError):
        return error.message, error.hint, error.exit_code
    if isinstance(error, _WrongCall):
        return error.format_message(), "bartik --help lists the verbs, bartik VERB --help its options", int(error.exit_code)
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or error}", "is there space, and may you write there?", 1
    return "stopped", "the same command continues where it was", 130


def _refuse(message: str, hint: str, code: int) -> int:
    sys.stdout.flush()
    print(f"bartik: {without_password(message)}", file=sys.stderr)
    if hint:
        print(f"  {without_password(hint)}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
