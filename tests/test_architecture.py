"""The floors of lib/ carry each other in one direction, randomness is always seeded, and everything public is documented."""

import ast
import re
from pathlib import Path

import pytest

LIB = Path(__file__).parent.parent / "lib"
FLOORS = {
    "lib": -1,  # lib/__init__.py stays empty of imports
    "lib.validation": 0,
    "lib.parallel": 0,
    "lib.drawing": 0,  # shapes and colours as text, below figures
    "lib.data": 1,
    "lib.activations": 1,
    "lib.figures": 1,
    "lib.sweeps": 1,
    "lib.kernels": 2,
    "lib.networks": 2,
    "lib.dynamics": 3,
    "lib.theorems": 4,
    "lib.explore": 5,
}
# within the floor of the theorems, theorem.py is the ground, the registry in __init__.py the roof, and a chapter of a paper
# may use what earlier chapters of the same paper made
THEOREMS = {
    "lib.theorems.theorem": 4.0,
    "lib.theorems.zhang_2017": 4.05,  # its interpolating network is what Vapnik's bound is asked about
    "lib.theorems.du_2018.setting": 4.11,
    "lib.theorems.du_2018.ntk": 4.12,
    "lib.theorems.du_2018.limit": 4.13,
    "lib.theorems.du_2018.convergence": 4.14,
    "lib.theorems.du_2018.certificate": 4.15,
    "lib.theorems.errata": 4.19,
    "lib.theorems": 4.2,
}
SEEDED = {"default_rng", "Generator", "BitGenerator", "SeedSequence", "PCG64"}


def module_name(path):
    parts = path.relative_to(LIB.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): (path, ast.parse(path.read_text())) for path in sorted(LIB.rglob("*.py"))}


def floor(module):
    if module.startswith("lib.theorems"):
        return THEOREMS.get(module, 4.1)
    return FLOORS.get(module)


def imported_modules(module, tree):
    """Modules of lib that `module` imports, with line numbers; imports inside functions count, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = module if module in ("lib", "lib.theorems") else module.rpartition(".")[0]
            base = ".".join(package.split(".")[: len(package.split(".")) + 1 - node.level]) if node.level else ""
            source = ".".join(part for part in (base, node.module) if part)
            inside = [f"{source}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else source for name in inside]
        else:
            continue
        yield from ((name, node.lineno) for name in dict.fromkeys(names) if name == "lib" or name.startswith("lib."))


def faults(module, tree):
    """Lines of `module` that import from its own floor or a higher one."""
    for name, line in imported_modules(module, tree):
        if floor(name) is None or floor(name) >= floor(module):
            yield f"{module.replace('.', '/')}.py:{line}: floor {floor(module)} imports {name} of floor {floor(name)}"


@pytest.mark.parametrize("module", MODULES)
def test_every_module_imports_from_lower_floors_only(module):
    assert floor(module) is not None, f"{module} has no floor: add it to design and to this test"
    assert not list(faults(module, MODULES[module][1]))


@pytest.mark.parametrize(
    "source, line",
    [
        ("from lib.networks import TwoLayer", 1),
        ("import numpy\nimport lib.dynamics", 2),
        ("def f():\n    from . import networks", 2),
        ("from .explore import explore", 1),
        ("from lib import kernels", 1),
        ("from lib.unheard_of import x", 1),
    ],
)
def test_a_module_that_reaches_up_is_named_with_its_line(source, line):
    assert [fault.split(":")[1] for fault in faults("lib.kernels", ast.parse(source))] == [str(line)]


def test_a_module_that_reaches_down_is_left_alone():
    source = "import numpy\nfrom lib.data import circle\nfrom . import validation\nfrom .activations import relu"
    assert not list(faults("lib.kernels", ast.parse(source)))


# ---------------------------------------------------------------- randomness


def unseeded(tree):
    """Lines that use numpy's global generator or a generator without a seed."""
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Call) else ""
        if isinstance(node, ast.Attribute) and (match := re.fullmatch(r"(?:np|numpy)\.random\.(\w+)", text)):
            if match[1] not in SEEDED:
                yield node.lineno, text
        if isinstance(node, ast.Call) and re.fullmatch(r"([\w.]*\.)?default_rng\((None|seed=None)?\)", text):
            yield node.lineno, text
        if isinstance(node, ast.ImportFrom) and node.module in ("random", "numpy.random"):
            yield node.lineno, ast.unparse(node)
        if isinstance(node, ast.Import) and any(alias.name == "random" for alias in node.names):
            yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize("module", MODULES)
def test_randomness_has_a_source_that_the_caller_chose(module):
    assert not list(unseeded(MODULES[module][1]))


@pytest.mark.parametrize(
    "source",
    ["np.random.seed(0)", "np.random.randn(3)", "rng = np.random.default_rng()", "default_rng(None)", "import random"],
)
def test_hidden_randomness_is_found(source):
    assert list(unseeded(ast.parse(source)))


# ---------------------------------------------------------------- documentation


def public_functions(module, tree):
    """Public functions and methods; constructors are documented by their class."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{module}.{node.name}", node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{module}.{node.name}.{inner.name}", inner


def checkers(tree):
    """Names imported from lib.validation: a function that calls one of them raises."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "lib.validation"
        for alias in node.names
    }


def missing_sections(function, checks):
    doc = ast.get_docstring(function) or ""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    wanted = {"Examples"}
    if any(argument.arg not in ("self", "cls") for argument in arguments):
        wanted.add("Parameters")
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            wanted.add("Returns")
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
        if isinstance(node, ast.Raise) or called in checks:
            wanted.add("Raises")
    found = set(re.findall(r"^(\w+)\n-+$", doc, flags=re.MULTILINE))
    return sorted(wanted - found) + ([] if ">>>" in doc else ["an example that doctest runs"])


FUNCTIONS = {
    name: (node, checkers(tree)) for module, (_, tree) in MODULES.items() for name, node in public_functions(module, tree)
}


DOCUMENTED_METHODS = {
    name.rpartition(".")[2]
    for name, (node, _) in FUNCTIONS.items()
    if name.rpartition(".")[0] not in MODULES and ast.get_docstring(node)
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_is_documented(name):
    function, checks = FUNCTIONS[name]
    owner, _, own_name = name.rpartition(".")
    if owner in MODULES:
        assert not missing_sections(function, checks)
    else:  # a method that overrides another is documented where it is first defined
        assert own_name in DOCUMENTED_METHODS, f"method {name} has no docstring"


def test_a_missing_section_is_found():
    source = 'def f(x):\n    """Text.\n\n    Examples\n    --------\n    >>> f(1)\n    """\n    as_count(x)\n    return x'
    assert missing_sections(ast.parse(source).body[0], {"as_count"}) == ["Parameters", "Raises", "Returns"]


@pytest.mark.parametrize("module", [name for name in MODULES if name not in ("lib", "lib.theorems")])
def test_every_module_says_what_it_is_for(module):
    assert ast.get_docstring(MODULES[module][1])
