"""Reads a dashboard by Grafana's own model and writes it again: what the model does not know is not there any more."""

import json
import sys
import typing

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard


def missing(given, back, path):
    if isinstance(given, dict) and isinstance(back, dict):
        for key, value in given.items():
            if key in back:
                yield from missing(value, back[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}: is not in the model"
    elif isinstance(given, list) and isinstance(back, list) and len(given) == len(back):
        for index, value in enumerate(given):
            yield from missing(value, back[index], f"{path}[{index}]")
    elif given != back:
        yield f"{path}: {given!r} came back as {back!r}"


def wrong_types(value, path):
    """Of plain fields alone: the model reads whatever it is given."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from wrong_types(item, f"{path}[{index}]")
    elif hasattr(value, "to_json") and hasattr(value, "__dict__"):
        module = sys.modules[type(value).__module__]
        hints = typing.get_type_hints(type(value), vars(module))
        for name, field in vars(value).items():
            hint = hints.get(name)
            allowed = [one for one in typing.get_args(hint) or [hint] if one is not type(None)]
            plain = isinstance(field, (str, bool, int, float)) and all(one in (str, bool, int, float) for one in allowed)
            # A whole number is a number too.
            fits = type(field) in allowed or (type(field) is int and float in allowed)
            if plain and not fits:
                yield f"{path}.{name}: {field!r} is of the wrong type"
            yield from wrong_types(field, f"{path}.{name}")


plugins.register_default_plugins()
given = json.load(sys.stdin)
dashboard = Dashboard.from_json(given)
back = json.loads(JSONEncoder().encode(dashboard))
problems = [*missing(given, back, "dashboard"), *wrong_types(dashboard, "dashboard")]
print("\n".join(problems))
sys.exit(1 if problems else 0)
