#!/usr/bin/env python3
"""Holds PowerShell to the conventions of docs/reference/commands.md, where none is there to ask.

    python scripts/powershell_lint.py [FILE ...]     exit 1 and a line for each finding

It reads the syntax tree of tree-sitter-pwsh. What only a run can show, Pester shows.
"""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tree_sitter_pwsh
from tree_sitter import Language, Node, Parser

MODULE = Path(__file__).resolve().parents[1] / "powershell" / "KISDIdentity"


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


APPROVED = _words(
    "Add Assert Clear Compare ConvertFrom ConvertTo Disable Enable Export Find Get Grant Import "
    "Invoke Join Measure Move New Open Out Read Register Remove Rename Reset Resolve Restart "
    "Restore Resume Revoke Set Split Start Step Stop Suspend Test Update Wait Write"
)
CHANGING = _words(
    "Add Clear Disable Enable Grant Import Move New Register Remove Rename Reset Restart Restore "
    "Resume Revoke Set Start Step Stop Suspend Update Write"
)
ALIASES = _words(
    "% ? cat cd cls copy cp curl del dir echo erase fl foreach ft gc gci gcm gi gm h iex ii irm "
    "iwr kill ls man md measure mi mount move mv ni ogv popd ps pushd pwd rd ren ri rm rmdir sc "
    "select set sleep sort sp start tee type wget where write"
)
SINGULAR_ENDINGS = ("ss", "us", "is")
INSENSITIVE = _words(
    "-eq -ne -contains -notcontains -in -notin -like -notlike -match -notmatch -replace"
)


@dataclass(frozen=True)
class Finding:
    path: Path
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Source:
    path: Path
    root: Node

    @property
    def public(self) -> bool:
        return self.path.parent.name == "Public"

    def functions(self) -> Iterator[Node]:
        return (node for node in walk(self.root) if node.type == "function_statement")


Said = Iterator[tuple[Node, str]]
RULES: dict[str, Callable[[Source], Said]] = {}


def rule(check: Callable[[Source], Said]) -> Callable[[Source], Said]:
    RULES[check.__name__] = check
    return check


def parsed(path: Path) -> Source:
    parser = Parser(Language(tree_sitter_pwsh.language()))
    return Source(path, parser.parse(path.read_bytes()).root_node)


def lint(path: Path) -> list[Finding]:
    source = parsed(path)
    found = [
        Finding(path, node.start_point[0] + 1, name, message)
        for name, check in RULES.items()
        for node, message in check(source)
    ]
    return sorted(found, key=lambda finding: (finding.line, finding.rule))


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def text(node: Node | None) -> str:
    return (node.text or b"").decode() if node else ""


def name_of(function: Node) -> str:
    return next(text(child) for child in function.children if child.type == "function_name")


def attributes(node: Node) -> dict[str, str]:
    """The attributes of a function's param block or of one parameter: name -> arguments."""
    found = {}
    for child in node.children:
        for attribute in child.children if child.type == "attribute_list" else ():
            name, _, rest = text(attribute).strip("[]").partition("(")
            found[name] = rest.removesuffix(")")
    return found


def param_block(function: Node) -> Node | None:
    return next((n for n in walk(function) if n.type == "param_block"), None)


def parameters(function: Node) -> Iterator[tuple[str, dict[str, str], Node]]:
    block = param_block(function)
    for node in walk(block) if block else ():
        if node.type == "script_parameter":
            variable = next(child for child in node.children if child.type == "variable")
            yield text(variable).lstrip("$"), attributes(node), node


def binding(function: Node) -> str | None:
    """The arguments of CmdletBinding; None without it."""
    block = param_block(function)
    return attributes(block).get("CmdletBinding") if block else None


@rule
def parses(source: Source) -> Said:
    for node in walk(source.root):
        if node.type == "ERROR" or node.is_missing:
            yield node, f"cannot be parsed: {text(node)[:40]!r}"


@rule
def approved_verb(source: Source) -> Said:
    for function in source.functions():
        verb = name_of(function).partition("-")[0]
        if verb not in APPROVED:
            yield function, f"{verb} is not an approved verb"


@rule
def singular_noun(source: Source) -> Said:
    for function in source.functions():
        noun = name_of(function).partition("-")[2]
        if source.public and not re.fullmatch(r"KISD[A-Z]\w+", noun):
            yield function, f"{noun} is not KISD and a noun"
        if noun.endswith("s") and not noun.endswith((*SINGULAR_ENDINGS, "Exists")):
            yield function, f"{noun} is a plural"


@rule
def one_public_function_a_file(source: Source) -> Said:
    names = [name_of(function) for function in source.functions()]
    if source.public and names != [source.path.stem]:
        yield source.root, f"holds {', '.join(names) or 'nothing'}"


@rule
def cmdlet_binding(source: Source) -> Said:
    for function in source.functions():
        if binding(function) is None and source.path.parent.name != "Tests":
            yield function, f"{name_of(function)} has no CmdletBinding"


@rule
def should_process(source: Source) -> Said:
    for function in source.functions():
        name, declared = name_of(function), "SupportsShouldProcess" in (binding(function) or "")
        asks = "$PSCmdlet.ShouldProcess(" in text(function)
        if source.public and name.partition("-")[0] in CHANGING and not declared:
            yield function, f"{name} changes something, and does not support -WhatIf"
        if declared != asks:
            yield function, f"{name} declares or calls ShouldProcess, but not both"


@rule
def confirm_impact(source: Source) -> Said:
    for function in source.functions():
        name, bound = name_of(function), binding(function) or ""
        if "SupportsShouldProcess" in bound and "ConfirmImpact" not in bound:
            yield function, f"{name} does not say its ConfirmImpact"
        if source.public and name.startswith("Remove-") and "'High'" not in bound:
            yield function, f"{name} removes, and its ConfirmImpact is not High"


@rule
def output_type(source: Source) -> Said:
    for function in source.functions():
        block = param_block(function)
        if source.public and (block is None or "OutputType" not in attributes(block)):
            yield function, f"{name_of(function)} has no OutputType"


@rule
def process_block(source: Source) -> Said:
    for function in source.functions():
        piped = any(
            "ValueFromPipeline" in a.get("Parameter", "") for _, a, _ in parameters(function)
        )
        blocks = {text(node).lower() for node in walk(function) if node.type == "block_name"}
        if piped and "process" not in blocks:
            yield function, f"{name_of(function)} takes the pipeline without a process block"


@rule
def pipeline_binding(source: Source) -> Said:
    """Rows of a CSV file bind by their headers, in the spelling of the API, too."""
    for function in source.functions():
        for name, found, node in parameters(function) if source.public else ():
            piped = "ValueFromPipelineByPropertyName" in found.get("Parameter", "")
            if not piped and "switch" not in found:
                yield node, f"-{name} does not bind by property name"
            checked = any(key.startswith(("Validate", "Allow")) for key in found)
            if "Mandatory" in found.get("Parameter", "") and not checked:
                yield node, f"-{name} is mandatory and not validated"


@rule
def comment_help(source: Source) -> Said:
    for function in source.functions():
        given = text(function).partition("<#")[2].partition("#>")[0]
        for part in (".SYNOPSIS", ".DESCRIPTION", ".EXAMPLE", ".OUTPUTS") if source.public else ():
            if part not in given:
                yield function, f"{name_of(function)} has no {part}"
        for name, _, node in parameters(function) if source.public else ():
            if f".PARAMETER {name}\n" not in given:
                yield node, f"-{name} is not explained"


@rule
def no_host_output(source: Source) -> Said:
    yield from _commands(source, {"write-host", "out-host"}, "prints past the pipeline")


@rule
def no_evaluation(source: Source) -> Said:
    yield from _commands(source, {"invoke-expression", "iex"}, "runs text as code")
    for node in walk(source.root):
        called = text(node).lower() if node.type == "invocation_expression" else ""
        if called.startswith("[scriptblock]::create("):
            yield node, "runs text as code"


@rule
def no_aliases(source: Source) -> Said:
    yield from _commands(source, ALIASES, "is an alias")


@rule
def no_empty_catch(source: Source) -> Said:
    for node in walk(source.root):
        if node.type == "catch_clause" and not any(
            child.type == "statement_list" for child in walk(node)
        ):
            yield node, "swallows every error"


@rule
def no_globals(source: Source) -> Said:
    for node in walk(source.root):
        if node.type == "variable" and text(node).lower().startswith("$global:"):
            yield node, f"{text(node)} belongs to everybody"


@rule
def no_plain_password(source: Source) -> Said:
    for function in source.functions():
        for name, found, node in parameters(function):
            if re.search("password|secret|credential", name, re.I) and "string" in found:
                yield node, f"-{name} is a secret in plain text"


@rule
def no_input_variable(source: Source) -> Said:
    """A script that names it makes pwsh drain stdin before it starts: the host would hang."""
    for node in walk(source.root):
        if node.type == "variable" and text(node).lower() == "$input":
            yield node, "takes stdin away"


@rule
def null_on_the_left(source: Source) -> Said:
    for node in walk(source.root):
        parts = node.children if node.type == "comparison_expression" else []
        if len(parts) == 3 and text(parts[2]).lower() == "$null":
            yield node, "compare with $null on the left, or a list is filtered"


@rule
def exact_comparison(source: Source) -> Said:
    """Usernames, states and codes differ by case; -eq would say they do not."""
    for node in walk(source.root):
        if node.type == "comparison_expression" and len(node.children) == 3:
            left, operator, right = (text(child) for child in node.children)
            about_text = any(side.lstrip("(@").startswith(("'", '"')) for side in (left, right))
            if operator.lower() in INSENSITIVE and about_text:
                yield node, f"{operator} ignores case; say -c{operator[1:]}"


@rule
def no_backtick_lines(source: Source) -> Said:
    for node in walk(source.root):
        if node.type == "command_argument_sep" and "`\n" in text(node):
            yield node, "goes on after a backtick; splat instead"


@rule
def no_nested_facts(source: Source) -> Said:
    """Get-KISDFact hands a list out as one object: @() around it would be a list of a list."""
    for node in walk(source.root):
        if node.type == "array_expression" and re.match(r"@\(\s*Get-KISDFact", text(node)):
            yield node, "a list within a list"


def _commands(source: Source, names: frozenset[str] | set[str], why: str) -> Said:
    for node in walk(source.root):
        if node.type == "command_name" and text(node).lower() in names:
            yield node, f"{text(node)} {why}"


def exports(manifest: Path) -> set[str]:
    """What a manifest says it exports; wildcards stay what they are."""
    found = re.search(r"FunctionsToExport\s*=\s*@\(([^)]*)\)", manifest.read_text(encoding="utf-8"))
    return set(re.findall(r"'([^']+)'", found.group(1))) if found else set()


def main(arguments: list[str]) -> int:
    paths = [Path(argument) for argument in arguments] or sorted(MODULE.rglob("*.ps*1"))
    findings = [finding for path in paths for finding in lint(path)]
    for finding in findings:
        print(finding)
    print(f"{len(paths)} files, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
