"""Small changes to the code, one at a time, and which of them no test notices.

    python -m infra.mutants [--seconds N] PACKAGE...

The changes are mutmut's, and that a statement is left out. Its own runner passes over every class with a decorator,
where most of the core is. Here each change is made in the memory of a process of its own, forked when all is imported
and collected: it gets the changed function, runs the tests that enter that function, the quickest first, and ends with
the first that fails. No file is changed. Texts, log lines, errors and annotations are left alone, and no argument is
left out: mypy notices most of those.

What behaves alike after a change is named, with the reason, in infra/equivalent_mutants.toml.
"""

import argparse
import contextlib
import difflib
import gc
import json
import os
import random
import resource
import sys
import threading
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType

import hypothesis
import libcst as cst
import libcst.matchers as m
import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
TESTS = {
    "windows": ["tests/windows", "tests/laws/test_panes.py"],
    "evaluation": ["tests/evaluation", "tests/scenarios"],
    "intake": ["tests/intake", "tests/schemas/test_wire_agrees.py"],
    "unit": ["tests/unit", "tests/laws/test_memory_store.py"],
}
"""Those without a broker, which know each package best."""
LIMIT_S = 10
"""CPU time of the tests of one change, beside three times what they take without it: then it is an endless loop."""

Function = tuple[str, str]
"""(path, qualified name)."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one function, and the lines it takes away and puts there."""

    function: Function
    code: CodeType
    was: str
    now: str

    @property
    def name(self) -> tuple[str, str, str]:
        """As the list of equivalent ones has it."""
        path, function = self.function
        return f"{path}:{function}", self.was, self.now


class _Places(cst.CSTVisitor):  # type: ignore[misc]
    """Functions of modules and classes by their qualified name, with what can be changed in each."""

    def __init__(self) -> None:
        self.found: list[tuple[str, cst.CSTNode, cst.CSTNode]] = []
        self._path: list[str] = []
        self._of_module: cst.CSTNode = cst.Pass()
        self._depth = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator | cst.Raise | cst.Parameters) or m.matches(node, LOG_LINE):
            return False
        if self._depth:
            self.found.append((".".join(self._path), self._of_module, node))
        elif isinstance(node, cst.ClassDef | cst.FunctionDef):
            if not self._path:
                self._of_module = node
            self._path.append(node.name.value)
        self._depth += isinstance(node, cst.FunctionDef)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self._depth -= isinstance(original_node, cst.FunctionDef)
        if isinstance(original_node, cst.ClassDef | cst.FunctionDef) and not self._depth:
            self._path.pop()


LOG_LINE = m.Expr(m.Call(m.Attribute(m.Name("log") | m.Name("logger") | m.Name("_log"))))


def _left_out(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call | cst.Await):
        yield cst.Pass()


def _changes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield from _left_out(node)
    for kind, operator in mutation_operators:
        if isinstance(node, kind) and operator not in (operator_string, operator_arg_removal):
            yield from operator(node)


def _mutants(path: str) -> Iterator[Mutant]:
    source = Path(path).read_text(encoding="utf-8")
    module = cst.parse_module(source)
    known = _functions(compile(source, path, "exec"))
    places = _Places()
    module.visit(places)
    for function, whole, node in places.found:
        for changed in _changes(node):
            before, after = (module.code_for_node(one) for one in (whole, whole.deep_replace(node, changed)))
            text = source.replace(before, after)
            try:
                code = _functions(compile(text, path, "exec"))[function]
            except SyntaxError:
                continue
            if code != known[function]:
                yield Mutant((path, function), code, *_differing(before, after))


def _functions(code: CodeType) -> dict[str, CodeType]:
    """Code of functions by their qualified name; those within functions are part of them."""
    found: dict[str, CodeType] = {}
    for one in code.co_consts:
        if isinstance(one, CodeType) and "<locals>" not in one.co_qualname:
            found |= {one.co_qualname: one} | _functions(one)
    return found


def _differing(before: str, after: str) -> tuple[str, str]:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    was, now = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return was, now


def _in_child(work: Callable[[], object], cpu_s: float = resource.RLIM_INFINITY) -> tuple[int, str]:
    """The exit status of a forked process that does this work, and its result as JSON; nothing it prints is seen."""
    ours, its_own = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s), resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        status = 1
        with contextlib.suppress(BaseException), os.fdopen(its_own, "w", encoding="utf-8") as out:
            json.dump(work(), out)
            status = 0
        os._exit(status)
    os.close(its_own)
    with os.fdopen(ours, encoding="utf-8") as results:
        text = results.read()
    return os.waitpid(child, 0)[1], text


class Runner:
    """Takes the place of pytest's loop over the tests that it has collected."""

    def __init__(self, packages: Sequence[str], seconds: float) -> None:
        self._packages = packages
        self._until = time.monotonic() + seconds
        self._cost_s: dict[str, float] = {}
        self._entered_by: dict[Function, list[pytest.Item]] = defaultdict(list)
        self._live: dict[Function, list[FunctionType]] = {}
        self.is_good = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find out which test enters what, then try each change."""
        self._live = _live()
        gc.freeze()  # what is there now is shared with every process to come
        self._survey(session.items)
        known = {(one["function"], one["was"], one["now"]) for one in tomllib.loads(EQUIVALENT.read_text())["mutant"]}
        met: set[tuple[str, str, str]] = set()
        for package in self._packages:
            count = Counter[str]()
            mutants = [one for path in sorted(Path("streams", package).rglob("*.py")) for one in _mutants(str(path))]
            random.Random(package).shuffle(mutants)  # noqa: S311 - where time runs out, those tried stand for all
            for mutant in mutants:
                outcome = "equivalent" if mutant.name in known else self._try(mutant)
                met.add(mutant.name)
                count[outcome] += 1
                if outcome in ("survived", "no test"):
                    function, was, now = mutant.name
                    print(f"{outcome}: {function}\n  - {was}\n  + {now}", flush=True)
            print(
                f"{package}: {count.total()} changes; " + ", ".join(f"{n} {it}" for it, n in sorted(count.items())),
                flush=True,
            )
            self.is_good &= not (count["survived"] or count["no test"])
            stale = {one for one in known - met if one[0].startswith(f"streams/{package}/")}
            for function, was, _ in stale:
                print(f"{EQUIVALENT.name} names a change that is none any more: {function}: {was}")
            self.is_good &= not stale
        return True

    def _survey(self, items: list[pytest.Item]) -> None:
        _, text = _in_child(lambda: _surveyed(items))
        by_id = {item.nodeid: item for item in items}
        for nodeid, (cost_s, functions) in sorted(json.loads(text).items(), key=lambda one: one[1][0]):
            self._cost_s[nodeid] = cost_s
            for path, function in functions:
                self._entered_by[path, function].append(by_id[nodeid])

    def _try(self, mutant: Mutant) -> str:
        tests = self._entered_by.get(mutant.function, [])
        if not tests:
            return "no test"
        if time.monotonic() > self._until:
            return "not tried"

        def work() -> None:
            for function in self._live[mutant.function]:
                function.__code__ = mutant.code
            for at, item in enumerate(tests):
                if not _passes(item, tests[at + 1] if at + 1 < len(tests) else None):
                    os._exit(1)

        status, _ = _in_child(work, LIMIT_S + 3 * sum(self._cost_s[item.nodeid] for item in tests))
        return "killed" if status else "survived"


def _passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=following)
    return not any(report.failed for report in reports)


def _surveyed(items: list[pytest.Item]) -> dict[str, tuple[float, list[Function]]]:
    """CPU seconds of each test that passes, and the functions that it enters."""
    here = f"{Path.cwd()}/streams/"
    entered: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if frame.f_code.co_filename.startswith(here):
            entered.add(frame.f_code)

    found = {}
    threading.settrace(note)
    for at, item in enumerate(items):
        entered.clear()
        begun_s = time.process_time()
        sys.settrace(note)
        passes = _passes(item, items[at + 1] if at + 1 < len(items) else None)
        sys.settrace(None)
        if passes:
            found[item.nodeid] = (
                time.process_time() - begun_s,
                sorted(
                    {(os.path.relpath(code.co_filename), code.co_qualname.split(".<locals>")[0]) for code in entered}
                ),
            )
    return found


def _live() -> dict[Function, list[FunctionType]]:
    """Functions as they are called, however they are wrapped."""
    found = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType):
            found[os.path.relpath(one.__code__.co_filename), one.__code__.co_qualname].append(one)
    return found


def main() -> int:
    """Exit code 1 where a change was made that no test noticed and the list does not name."""
    parser = argparse.ArgumentParser(description="Change code bit by bit, and name what no test notices.")
    parser.add_argument("--seconds", type=float, default=3600, help="try no further change after this time")
    parser.add_argument("packages", nargs="*", default=list(TESTS), metavar="PACKAGE", help=f"of {', '.join(TESTS)}")
    arguments = parser.parse_args()
    # The same examples each time, and none is made smaller: that it fails is enough.
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile(
        "mutants",
        max_examples=40,
        derandomize=True,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutants")
    runner = Runner(arguments.packages, arguments.seconds)
    tests = sorted({test for package in arguments.packages for test in TESTS[package]})
    code = pytest.main(
        [
            "-q",
            "-s",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore:Module already imported",
            "-m",
            "not e2e and not long",
            *tests,
        ],
        plugins=[runner],
    )
    return int(bool(code) or not runner.is_good)


if __name__ == "__main__":
    sys.exit(main())
