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
import ast
import builtins
import contextlib
import gc
import json
import os
import random
import resource
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

import hypothesis
import libcst as cst
import libcst.matchers as m
import pytest
from _pytest.runner import runtestprotocol
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
TESTS = {
    "windows": ["tests/windows", "tests/laws/test_panes.py"],
    "evaluation": ["tests/evaluation", "tests/scenarios", "tests/unit", "tests/tables/test_explanation.py"],
    "intake": ["tests/intake"],
    "unit": ["tests/unit", "tests/laws/test_memory_store.py", "tests/ownership/test_turns.py"],
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
    """What can be changed, each with the qualified name of the function of a module or class that it is in."""

    def __init__(self) -> None:
        self.found: list[tuple[str, cst.CSTNode]] = []
        self._path: list[str] = []
        self._depth = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator | cst.Raise | cst.Parameters) or _is_log_line(node):
            return False
        if self._depth:
            self.found.append((".".join(self._path), node))
        elif isinstance(node, cst.ClassDef | cst.FunctionDef):
            self._path.append(node.name.value)
        self._depth += isinstance(node, cst.FunctionDef)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self._depth -= isinstance(original_node, cst.FunctionDef)
        if isinstance(original_node, cst.ClassDef | cst.FunctionDef) and not self._depth:
            self._path.pop()


def _is_log_line(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and m.matches(node, m.Expr(m.Call(m.Attribute(m.Name("log")))))


def _left_out(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call | cst.Await):
        yield cst.Pass()


def _changes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield from _left_out(node)
    for kind, operator in mutation_operators:
        if isinstance(node, kind) and operator not in (operator_string, operator_arg_removal):
            yield from operator(node)


def _mutants(path: str) -> Iterator[Mutant]:
    source = Path(path).read_bytes()
    module = cst.parse_module(source)
    known = _functions(compile(source, path, "exec"))
    places = _Places()
    module.visit(places)
    spans = MetadataWrapper(module, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
    for function, node in places.found:
        for changed in _changes(node):
            start, end = spans[node].start, spans[node].start + spans[node].length
            text = source[:start] + module.code_for_node(changed).encode() + source[end:]
            try:
                code = _functions(compile(text, path, "exec"))[function]
            except SyntaxError:
                continue
            if code != known[function]:
                line, rest = source.rfind(b"\n", 0, start) + 1, len(source) - source.find(b"\n", end)
                yield Mutant((path, function), code, *(_one_line(one[line:-rest]) for one in (source, text)))


def _one_line(code: bytes) -> str:
    return " ".join(code.decode().split())


def _functions(code: CodeType) -> dict[str, CodeType]:
    """Code of functions by their qualified name; those within functions are part of them."""
    found: dict[str, CodeType] = {}
    for one in code.co_consts:
        if isinstance(one, CodeType) and "<locals>" not in one.co_qualname:
            found |= {one.co_qualname: one} | _functions(one)
    return found


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
            count, unreached = Counter[str](), Counter[str]()
            mutants = [one for path in _files(package) for one in _mutants(path)]
            random.Random(package).shuffle(mutants)  # noqa: S311 - where time runs out, those tried stand for all
            for mutant in mutants:
                outcome = "equivalent" if mutant.name in known else self._try(mutant)
                met.add(mutant.name)
                count[outcome] += 1
                function, was, now = mutant.name
                if outcome == "survived":
                    print(f"survived: {function}\n  - {was}\n  + {now}", flush=True)
                unreached[function] += outcome == "not reached"
            for function, number in sorted((+unreached).items()):
                print(f"not reached by these tests: {function} ({number} changes)")
            said = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(count.items()))
            print(f"{package}: {count.total():,} changes: {said}", flush=True)
            self.is_good &= not count["survived"]
            stale = {one for one in known - met if one[0].startswith(f"streams/{package}/")}
            for function, was, _ in stale:
                print(f"{EQUIVALENT.name} names a change that is none any more: {function}: {was}")
            self.is_good &= not stale
        return True

    def _surveyed(self, items: list[pytest.Item]) -> dict[str, tuple[float, list[Function]]]:
        """CPU seconds of each test that passes, and the functions that it enters."""
        entered = set[Function]()
        vars(builtins)["entered"] = entered
        for package in self._packages:
            for path in _files(package):
                for function, code in _noting_entries(path).items():
                    self._becomes(function, code)
        found = {}
        for at, item in enumerate(items):
            entered.clear()
            begun_s = time.process_time()
            if _passes(item, items[at + 1] if at + 1 < len(items) else None):
                found[item.nodeid] = (time.process_time() - begun_s, sorted(entered))
        return found

    def _becomes(self, function: Function, code: CodeType) -> None:
        for one in self._live[function]:
            one.__code__ = code

    def _survey(self, items: list[pytest.Item]) -> None:
        _, text = _in_child(lambda: self._surveyed(items))
        by_id = {item.nodeid: item for item in items}
        for nodeid, (cost_s, functions) in sorted(json.loads(text).items(), key=lambda one: one[1][0]):
            self._cost_s[nodeid] = cost_s
            for path, function in functions:
                self._entered_by[path, function].append(by_id[nodeid])

    def _try(self, mutant: Mutant) -> str:
        tests = self._entered_by.get(mutant.function, [])
        if not tests:
            return "not reached"
        if time.monotonic() > self._until:
            return "not tried"

        def work() -> None:
            self._becomes(mutant.function, mutant.code)
            for at, item in enumerate(tests):
                if not _passes(item, tests[at + 1] if at + 1 < len(tests) else None):
                    os._exit(1)

        status, _ = _in_child(work, LIMIT_S + 3 * sum(self._cost_s[item.nodeid] for item in tests))
        return "killed" if status else "survived"


def _passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=following)
    return not any(report.failed for report in reports)


def _files(package: str) -> list[str]:
    return sorted(str(path) for path in Path("streams", package).rglob("*.py"))


def _noting_entries(path: str) -> dict[Function, CodeType]:
    """The functions of a file, each of which notes in `entered` that it was."""
    tree = ast.parse(Path(path).read_bytes())

    def note(statements: list[ast.stmt], within: str) -> None:
        for one in statements:
            if isinstance(one, ast.ClassDef):
                note(one.body, f"{within}{one.name}.")
            elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                one.body = [*ast.parse(f"entered.add(({path!r}, {within + one.name!r}))").body, *one.body]

    note(tree.body, "")
    return {(path, name): code for name, code in _functions(compile(tree, path, "exec")).items()}


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
