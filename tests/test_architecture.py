"""Who may import whom, and which names and words the code does without (docs/architecture.md)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Each app may import those before it.
APPS = ["tenants", "kestra_iam", "provisioning"]
# Nothing imports these: they put the product together, naming what they need in dotted strings.
COMPOSITION_ROOT = ("kestra_iam.settings", "kestra_iam.urls", "kestra_iam.asgi", "kestra_iam.wsgi")
# Inside an app each layer may import those before it; what is in none of them is as high as what it imports.
LAYERS = [
    ["permissions", "tokens", "errors", "fields", "attributes", "definitions", "validation", "documents"],
    ["models"],
    ["access", "audit"],
    ["actions"],
    ["admin", "api", "scim", "management.commands", "signals"],
]
DOORS = LAYERS[-1]
CATCH_ALLS = {"utils", "util", "helpers", "helper", "common", "core", "services", "service", "misc"}
WORDS = ["TO" + "DO", "FIX" + "ME", "XX" + "X", r"/wor" + r"k/", r"/roo" + r"t/", r"/hom" + r"e/", "pypi" + r"\.org"]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))}


def imports(module: str) -> Iterator[str]:
    """The product's own modules that ``module`` imports, wherever in it."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] in APPS:
                yield name if name in MODULES else name.rpartition(".")[0]


IMPORTS = {module: set(imports(module)) for module in MODULES}


def below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def layer(module: str) -> tuple[int, str] | None:
    """The layer of a module and the part of the app that puts it there."""
    app, _, inner = module.partition(".")
    for rank, parts in enumerate(LAYERS):
        for part in parts:
            if below(inner, part):
                return rank, f"{app}.{part}"
    return None


def reached(module: str) -> set[str]:
    """The modules in layers that ``module`` imports, directly or through modules in none."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(IMPORTS[module])
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if layer(name) is None:
            waiting += IMPORTS[name]
        else:
            found.add(name)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_an_app_imports_only_the_apps_before_it(module: str):
    app = APPS.index(module.split(".")[0])
    assert [name for name in IMPORTS[module] if APPS.index(name.split(".")[0]) > app] == []


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_the_composition_root(module: str):
    if not any(below(module, root) for root in COMPOSITION_ROOT):
        assert [name for name in IMPORTS[module] if any(below(name, root) for root in COMPOSITION_ROOT)] == []


@pytest.mark.parametrize("module", [module for module in MODULES if layer(module)])
def test_a_layer_imports_only_the_layers_before_it(module: str):
    rank, part = layer(module) or (0, "")
    for name in reached(module):
        other, where = layer(name) or (0, "")
        assert other <= rank, f"{part} imports {name}"
        assert where == part or other < len(LAYERS) - 1, f"the door {part} imports the door {where}"


@pytest.mark.parametrize("module", [module for module in MODULES if not module.endswith(".apps")])
def test_imports_stand_at_the_top(module: str):
    tree = ast.parse(MODULES[module].read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = [
        node for function in functions for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert [ast.unparse(node) for node in inside] == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_a_catch_all(module: str):
    assert CATCH_ALLS.isdisjoint(module.split("."))


@pytest.mark.parametrize("path", sorted({*MODULES.values(), *(ROOT / "tests").rglob("*.py")}), ids=str)
def test_the_code_says_nothing_about_how_it_came_about(path: Path):
    words = re.compile("|".join([*WORDS, r"\bissue #?\d"]))
    assert words.findall(path.read_text()) == []
