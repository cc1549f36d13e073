"""Progress meters, with a clock that the test turns."""

import importlib.util
import io
import sys
import threading

import pytest
from numba.core import event

from polyregions import progress
from polyregions.progress import LineMeter, ProgressMeter, RichMeter, announced, progress_meter, rounded_up
from polyregions.result import Progress


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def report(found=12345, upper=10**9, seconds=3.0):
    return Progress(lower=found, upper=upper, seconds=seconds)


def test_lines_start_after_two_seconds_and_keep_their_distance():
    clock, stream = Clock(), io.StringIO()
    with LineMeter(stream, interval=5.0, clock=clock) as meter:
        for elapsed in [0.0, 1.9, 2.1, 2.3, 7.0, 7.2, 7.4, 12.5]:
            clock.now = 100.0 + elapsed
            meter(report(seconds=elapsed))
    lines = stream.getvalue().splitlines()
    assert lines == [f"found 12,345 regions, at most 1.0e9, {seconds} s" for seconds in (2, 7, 12)]


def test_what_is_done_after_the_search_is_said_without_delay():
    clock, stream = Clock(), io.StringIO()
    with LineMeter(stream, interval=5.0, clock=clock) as meter:
        for elapsed, stage in [(1.0, "comparing"), (2.1, ""), (2.4, "comparing"), (2.7, "comparing")]:
            clock.now = 100.0 + elapsed
            meter(Progress(lower=3, upper=4, seconds=elapsed, stage=stage))
    assert stream.getvalue().splitlines() == [f"found 3 regions, at most 4, 2 s{end}" for end in ("", ", comparing")]


def test_what_takes_a_while_after_the_search_is_said_even_after_a_short_one():
    clock, stream = Clock(), io.StringIO()
    with LineMeter(stream, clock=clock) as meter:
        clock.now += 1
        for lower in (19_999, 20_000):
            meter(Progress(lower=lower, upper=None, seconds=1.0, stage="comparing"))
    assert stream.getvalue() == "found 20,000 regions, 1 s, comparing\n"


def test_slow_work_is_announced(monkeypatch):
    monkeypatch.setattr(progress, "DELAY", 0.0)
    stream, said = io.StringIO(), threading.Event()
    monkeypatch.setattr(stream, "flush", said.set)
    with announced("writing", stream=stream):
        assert said.wait(60)
    with announced("writing", stream=stream, quiet=True):
        pass
    monkeypatch.setattr(progress, "DELAY", float("inf"))
    with announced("never", stream=stream):
        pass
    assert stream.getvalue() == "writing\n"


class Kernel:
    """What the compiler's events say of a function."""

    def __init__(self, module):
        self.py_func = type("function", (), {"__module__": module})


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("kind", [LineMeter, RichMeter])
def test_compilation_is_announced_once(monkeypatch, kind, live):
    if kind is RichMeter:
        pytest.importorskip("rich")
        monkeypatch.setenv("TERM", "xterm")
    compiled = importlib.import_module("polyregions.splitting.compiled")
    log, clock, stream = compiled.CompilationLog(), Clock(), Terminal()
    compiling = [
        event.Event("numba:compile", event.EventStatus.START, {"dispatcher": Kernel(module)})
        for module in ("elsewhere", "polyregions.splitting.vertex_kernel", "polyregions.splitting.tableau_kernel")
    ]
    with kind(stream, clock=clock) as meter:
        if live:
            clock.now += 3
            meter(report())
        log.notify(compiling[0])
        assert "compiling" not in stream.getvalue()
        log.notify(compiling[1])
        log.notify(compiling[2])
    assert stream.getvalue().count("compiling for the first use") == 1
    compiled.CompilationLog().notify(compiling[1])
    assert stream.getvalue().count("compiling") == 1


def test_numba_tells_what_it_compiles_and_nothing_of_what_it_has(tmp_path, monkeypatch, caplog):
    source = tmp_path / "kernel.py"
    source.write_text("def kernel(x):\n    return x + 1\n")
    compiled = importlib.import_module("polyregions.splitting.compiled")
    caplog.set_level("INFO", logger=compiled.__name__)
    for says in (True, False):
        caplog.clear()
        spec = importlib.util.spec_from_file_location("polyregions.kernel", source)
        module = importlib.util.module_from_spec(spec)
        # What is cached names its module.
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        with event.install_listener("numba:compile", compiled.CompilationLog()):
            assert compiled.compiled(module.kernel)(1) == 2
        assert bool(caplog.records) is says


def test_a_terminal_shows_one_line_after_two_seconds_and_takes_it_away(monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm")
    clock, stream = Clock(), Terminal()
    with RichMeter(stream, clock=clock) as meter:
        meter(report())
        assert stream.getvalue() == ""
        clock.now += 2.5
        meter(report())
        meter(report(found=777_777))
    text, erase_line = stream.getvalue(), "\x1b[2K"
    assert "found 777,777 regions" in text
    assert text.endswith(erase_line)


def test_the_meter_fits_the_stream(monkeypatch):
    assert type(progress_meter(quiet=True, stream=Terminal())) is ProgressMeter
    assert type(progress_meter(stream=io.StringIO())) is LineMeter
    monkeypatch.setattr(progress, "find_spec", lambda name: object())
    assert type(progress_meter(stream=Terminal())) is RichMeter
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    assert type(progress_meter(stream=Terminal())) is LineMeter


def test_without_standard_error_nothing_is_shown(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    with progress_meter() as meter:
        meter(report())
    assert type(meter) is ProgressMeter


@pytest.mark.parametrize(
    "number", [0, 1, 999, 10**7 - 1, 10**7, 10**7 + 1, 99 * 10**6, 99 * 10**6 + 1, 10**15 - 1, 10**15, 7**900]
)
def test_a_rounded_bound_is_still_a_bound(number):
    text = rounded_up(number)
    if "e" in text:
        mantissa, exponent = text.split("e")
        units, tenths = mantissa.split(".")
        value = (10 * int(units) + int(tenths)) * 10 ** (int(exponent) - 1)
        assert 1 <= int(units) <= 9
        assert number <= value <= number + number // 9
    else:
        assert int(text.replace(",", "")) == number
