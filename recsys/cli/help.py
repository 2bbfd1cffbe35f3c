"""`python -m recsys --help`: the overview, a config group, an option of it, or a key."""

from collections.abc import Sequence
from dataclasses import replace
from textwrap import fill, indent

from optuna_sweeper.shell import typed_override
from recsys.cli import COMMANDS, config_groups, terminal
from recsys.cli.config_groups import Group, Key
from recsys.errors import ParameterError
from recsys.runs.trusted import CONF

WIDTH = 100
FLAGS = {"-h", "--help"}
HEADER = """\
recsys: experiments with association-rule recommenders.

One run:            python -m recsys apriori.min_support=0.02 engine=mlxtend
Every combination:  python -m recsys -m apriori.min_support=0.02,0.05 apriori.metric=lift,confidence
A search:           python -m recsys experiment=seed_sweep

Sub-commands, each with --help: python -m recsys COMMAND
"""
FOOTER = """\
More:
  python -m recsys --help recommender            the options of a group
  python -m recsys --help recommender=ease       the keys of an option, with their values and what they do
  python -m recsys --help apriori.min_support    one key
  python -m recsys --cfg job recommender=ease    the composed configuration
  python -m recsys --hydra-help                  the options of Hydra
"""


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Print the help for the groups and options among the arguments, or the overview; return 0."""
    chosen = [one for one in arguments or () if not one.startswith("-")]
    print("\n\n".join(map(_described, chosen)) if chosen else overview())
    return 0


def overview() -> str:
    """Return sub-commands and groups, a line for each, and how to see more."""
    commands = "\n".join(f"  {name:10} {text}" for name, text in COMMANDS.items())
    listed = "\n".join(map(_line, config_groups.groups()))
    title = "Config groups: python -m recsys GROUP=OPTION. The default is in brackets."
    others = ", ".join(dict.fromkeys(key.name.partition(".")[0] for key in config_groups.main_keys()))
    return f"{HEADER}{commands}\n\n{title}\n{listed}\n\nOther keys: {others}\n\n{FOOTER}".rstrip()


def _line(group: Group) -> str:
    text = f"  {group.name:16} {config_groups.first_sentence(group.comment)}"
    if group.name.startswith("hydra/"):
        return text
    options = ", ".join(f"[{one}]" if one == group.default else one for one in group.options)
    return f"{text}\n{_wrapped(options, ' ' * 19)}"


def _described(typed: str) -> str:
    """Return the text for a group (recommender), an option of it (recommender=ease) or a key."""
    known = {group.name: group for group in config_groups.groups()}
    name, is_option, option = typed.partition("=")
    if name not in known:
        return _keys_named(name, known)
    if not is_option:
        return _group(known[name])
    if option not in known[name].options:
        raise ParameterError(f"--help {name}", f"one of {', '.join(known[name].options)}", option)
    return _option(name, option)


def _keys_named(name: str, known: dict[str, Group]) -> str:
    """Return a key of a group's options, the default first, or of no group, with all keys below it."""
    main = [key for key in config_groups.main_keys() if _is_at(key.name, name)]
    if main:
        return "\n".join(map(_key, main))
    group, _, below = name.partition(".")
    for option in (known[group].default, *known[group].options) if group in known else ():
        found = _keys(group, option) if option else []
        if shown := "\n".join(_key(key) for key in found if below and _is_at(key.name, name)):
            return f"{group}={option}\n\n{shown}"
    rule = f"followed by a config group ({', '.join(known)}), one of its options or a key"
    raise ParameterError("--help", rule, name)


def _is_at(key: str, name: str) -> bool:
    return f"{key}.".startswith(f"{name}.")


def _group(group: Group) -> str:
    lines = [_wrapped(f"{group.name}: {group.comment}", ""), ""]
    width = max(map(len, group.options)) + 2
    for option in group.options:
        text = config_groups.first_sentence(config_groups.heading(CONF / group.name / f"{option}.yaml"))
        shown = f"[{option}]" if option == group.default else f" {option}"
        lines.append(
            fill(text, WIDTH, initial_indent=f"  {shown:{width}}  ", subsequent_indent=" " * (width + 4))
        )
    example = group.default or group.options[0]
    return "\n".join([*lines, "", f"The keys of an option: python -m recsys --help {group.name}={example}"])


def _option(group: str, option: str) -> str:
    path = CONF / group / f"{option}.yaml"
    title = f"{group}={option}\n\n{config_groups.heading(path)}\n"
    if group == "experiment":  # it sets keys of other groups: the file says it best
        return f"{title}\n{config_groups.body(path)}"
    return f"{title}\n" + ("\n".join(map(_key, _keys(group, option))) or "It has no keys.")


def _keys(group: str, option: str) -> list[Key]:
    prefix = group.replace("/", ".")
    found = config_groups.keys(CONF / group / f"{option}.yaml")
    return [replace(key, name=f"{prefix}.{key.name}") for key in found]


def _key(key: Key) -> str:
    note, comment = (
        indent(text, "# ", lambda _: True) + "\n" if text else "" for text in (key.note, key.comment)
    )
    return f"{note and chr(10) + note + chr(10)}{comment}{typed_override(key.name, key.value)}"


def _wrapped(text: str, margin: str) -> str:
    return fill(text, WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
