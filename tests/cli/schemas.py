"""JSON schemas of what each command prints with --json: the contract that scripts rely on."""

from typing import Any

NATURAL = {"type": "integer", "minimum": 0}
UPPER = {"type": ["integer", "null"], "minimum": 0}
PATTERN = {"type": "string", "pattern": r"^[01]+(\|[01]+)*$"}


def _object(properties: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **rest,
    }


NETWORK = _object(
    {
        "inputs": {"type": "integer", "minimum": 1},
        "hidden": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        "include_output": {"type": "boolean"},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
)
# Of networks with linear units alone.
NETWORK["properties"]["linear"] = {"type": "array", "items": {"type": "integer", "minimum": 0}}
# Of --layers.
NETWORK["properties"]["layers"] = {"type": "array", "items": {"type": ["integer", "string"]}, "minItems": 1}

COUNT_PROPERTIES = {
    "count": UPPER,
    "lower": NATURAL,
    "upper": UPPER,
    "status": {"enum": ["exact", "bracket", "numerical"]},
    "definition": {"enum": ["regions", "patterns"]},
    "method": {"enum": ["split", "milp"]},
    "seconds": {"type": "number", "minimum": 0},
    "stats": {"type": "object", "properties": {"stopped": {"type": "string", "minLength": 1}}},
    "network": NETWORK,
    "domain": {"type": "object", "minProperties": 1},
    "versions": {"type": "object", "additionalProperties": {"type": "string"}, "required": ["python", "polyregions"]},
}

# An exact count is one number, a bracket is none and says why it is one.
STATUSES = {
    "allOf": [
        {
            "if": {"properties": {"status": {"const": "bracket"}}},
            "then": {"properties": {"count": {"type": "null"}, "stats": {"required": ["stopped"]}}},
            "else": {"properties": {"count": {"type": "integer"}}},
        },
        {
            "if": {"properties": {"status": {"const": "exact"}}},
            "then": {"properties": {"upper": {"type": "integer"}}},
        },
    ]
}

COUNT = _object(
    {**COUNT_PROPERTIES, "definition": {"enum": ["regions", "patterns", "linear", "closed", "affine"]}}, **STATUSES
)

#: One of the counts of --definition all; what they share is beside them.
COUNT_OF_ALL = _object(
    {name: COUNT_PROPERTIES[name] for name in ("count", "lower", "upper", "status", "seconds", "stats")}, **STATUSES
)

COUNT_ALL = _object(
    {
        "definition": {"const": "all"},
        "counts": _object(dict.fromkeys(("patterns", "regions", "linear", "closed", "affine"), COUNT_OF_ALL)),
        **{name: COUNT_PROPERTIES[name] for name in ("method", "network", "domain", "versions")},
    }
)

_SAMPLING_PROPERTIES = {
    "confidence": {"type": ["number", "null"], "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "definition": {"enum": ["regions", "patterns"]},
    "seed": UPPER,
    "seconds": {"type": "number", "minimum": 0},
    "stats": {"type": "object", "properties": {"stopped": {"type": "string", "minLength": 1}}},
    "network": NETWORK,
    "domain": {"type": "object", "minProperties": 1},
    "versions": COUNT_PROPERTIES["versions"],
}

# A probable bound says with what confidence it holds, a proven one needs none.
LOWER_BOUND = _object(
    {
        "lower": {"type": "integer", "minimum": 1},
        "status": {"enum": ["probable", "bracket"]},
        "method": {"enum": ["tree", "xor", "points"]},
        **_SAMPLING_PROPERTIES,
    },
    **{
        "if": {"properties": {"status": {"const": "probable"}}},
        "then": {"properties": {"confidence": {"type": "number"}}},
        "else": {"properties": {"confidence": {"type": "null"}}},
    },
)

_POSITIVE = {"type": ["number", "null"], "minimum": 0}

ESTIMATE = _object(
    {
        "estimate": _POSITIVE,
        "log2": _POSITIVE,
        "standard_error": _POSITIVE,
        "interval": {"type": ["array", "null"], "items": _POSITIVE, "minItems": 2, "maxItems": 2},
        "effective_sample_size": {"type": "number", "minimum": 0},
        "probes": NATURAL,
        "status": {"enum": ["estimate", "exact"]},
        "lower": {"type": "integer", "minimum": 1},
        "lower_status": {"enum": ["probable", "bracket"]},
        "method": {"const": "tree"},
        **_SAMPLING_PROPERTIES,
    },
    **{
        "if": {"properties": {"probes": {"const": 0}}},
        "then": {"properties": {"estimate": {"type": "null"}, "interval": {"type": "null"}}},
        "else": {"properties": {"estimate": {"type": "number"}, "interval": {"type": "array"}}},
    },
)

UPPER_BOUND = _object(
    {
        "upper": {"type": "integer", "minimum": 1},
        "status": {"const": "bracket"},
        "name": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "method": {"enum": ["interval", "lp", "milp", None]},
        "joint": {"type": "boolean"},
        "stopped_by": {"type": ["string", "null"], "minLength": 1},
        "network": {"anyOf": [NETWORK, {"type": "null"}]},
        "domain": {"type": ["object", "null"]},
        "seconds": {"type": "number", "minimum": 0},
    }
)

REGIONS = _object({**COUNT_PROPERTIES, "regions": {"type": "array", "items": PATTERN, "uniqueItems": True}}, **STATUSES)

REGIONS_OUTPUT = _object({**COUNT_PROPERTIES, "output": {"type": "string"}, "written": NATURAL}, **STATUSES)

REGIONS_FILE_HEAD = _object(
    {"format": {"const": "polyregions regions"}, "version": {"const": 1}, "written": NATURAL, **COUNT_PROPERTIES},
    **STATUSES,
)

NUMBER = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?[0-9]+(/[0-9]+)?$"}],
}

REGIONS_FILE_LINE = _object({"pattern": PATTERN, "witness": {"type": "array", "items": NUMBER}})

LINE = _object(
    {
        "count": {"type": "integer", "minimum": 1},
        "status": {"const": "exact"},
        "definition": {"enum": ["regions", "patterns", "linear", "closed", "affine"]},
        **{key: {"type": "integer", "minimum": 1} for key in ("regions", "patterns", "linear", "affine")},
        "breakpoints": {"type": "array", "items": NUMBER},
        "changes": {
            "type": "array",
            "items": {"type": "array", "minItems": 1, "items": {"type": "array", "items": NATURAL, "minItems": 2}},
        },
        "interval_patterns": {"type": "array", "items": PATTERN, "uniqueItems": True},
        **{name: COUNT_PROPERTIES[name] for name in ("seconds", "stats", "network", "domain", "versions")},
    },
    additionalProperties={"type": "string"},  # the files that were written
)

_POLYGONS = {
    "vertices": NATURAL,
    **{key: {"type": "number", "minimum": 0} for key in ("area", "perimeters")},
    "domain_area": {"type": ["number", "null"], "minimum": 0},
    "unbounded": NATURAL,
    "window": {
        "anyOf": [
            {"type": "null"},
            _object(
                {key: {"type": "array", "minItems": 2, "maxItems": 2, "items": NUMBER} for key in ("lower", "upper")}
            ),
        ]
    },
}

PLANE = {
    **_object({**COUNT_PROPERTIES, **_POLYGONS}, **STATUSES),
    "additionalProperties": {"type": "string"},  # the files that were written
}

#: Ctrl-C came before the polygons were there.
PLANE_WITHOUT = _object({**COUNT_PROPERTIES, **{key: {"type": "null"} for key in _POLYGONS}}, **STATUSES)

PLANE_FILE = _object(
    {
        "format": {"const": "polyregions plane"},
        "version": {"const": 1},
        **COUNT_PROPERTIES,
        **_POLYGONS,
        "polygons": {
            "type": "array",
            "items": _object(
                {
                    "pattern": PATTERN,
                    "vertices": {"type": "array", "minItems": 3, "items": {"type": "array", "items": NUMBER}},
                    "edges": {"type": "array", "minItems": 3, "items": {"type": "array", "items": {"type": "integer"}}},
                    "area": {"type": ["number", "null"], "minimum": 0},
                    "perimeter": {"type": ["number", "null"], "minimum": 0},
                    "bounded": {"type": "boolean"},
                }
            ),
        },
    },
    **STATUSES,
)

SOLVERS = _object(
    {
        "solvers": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {
                    "name": {"type": "string", "minLength": 1},
                    "installed": {"type": "boolean"},
                    "version": {"type": ["string", "null"]},
                    "interface": {"type": "string"},
                    "remedy": {"type": "string", "minLength": 1},
                    "note": {"type": "string"},
                    **{
                        ability: {"type": "boolean"}
                        for ability in (
                            "lp",
                            "milp",
                            "pool",
                            "lazy_cuts",
                            "dual_ray",
                            "warm_start",
                            "indicator",
                            "reads_files",
                        )
                    },
                }
            ),
        }
    }
)

UNIT = _object(
    {
        "layer": {"type": "integer", "minimum": 1},
        "unit": NATURAL,
        "lower": {"type": "number"},
        "upper": {"type": "number"},
        "state": {"enum": ["active", "inactive", "unstable", "open", "linear"]},
    }
)

UPPER_BOUNDS = [
    "patterns",
    "zaslavsky",
    "raghu",
    "montufar",
    "serra",
    "coefficients",
    "xiong",
    "shared",
    "maxout",
    "pieces",
]

LOWER_BOUNDS = ["zaslavsky", "pascanu", "montufar", "serra", "folding", "xiong"]


def _bounds(names: list[str], at_least: int) -> dict[str, Any]:
    return {
        "type": "array",
        "minItems": at_least,
        "items": _object(
            {
                "name": {"enum": names},
                "value": {"type": "integer", "minimum": 1},
                "source": {"type": "string", "minLength": 1},
            }
        ),
    }


WIDTHS = {"type": "array", "minItems": 2, "items": {"type": "integer", "minimum": 1}}

SHAPE = {"type": "array", "items": {"type": "integer", "minimum": 1}}

CONVOLUTION = _object({"filter": SHAPE, "channels": {"type": "integer"}, "stride": {"type": "integer"}})

ARCHITECTURE = {
    "anyOf": [
        {"type": "null"},
        _object({"widths": WIDTHS}),
        _object({"widths": WIDTHS, "maxout": NATURAL}),
        _object({"widths": WIDTHS, "pieces": NATURAL}),
        _object({"inputs": SHAPE, "convolutions": {"type": "array", "minItems": 1, "items": CONVOLUTION}}),
    ]
}

BOUNDS = _object(
    {
        "upper": {"type": "integer", "minimum": 1},
        "bounds": _bounds(UPPER_BOUNDS, 1),
        "attained": _bounds(LOWER_BOUNDS, 0),
        "architecture": ARCHITECTURE,
        "network": {"anyOf": [NETWORK, {"type": "null"}]},
        "domain": {"type": ["object", "null"]},
        "method": {"enum": ["interval", "lp", "milp", None]},
        "stopped": NATURAL,
        "stopped_by": {"type": ["string", "null"], "minLength": 1},
        "units": {"anyOf": [{"type": "array", "items": UNIT}, {"type": "null"}]},
        "seconds": {"type": "number", "minimum": 0},
    }
)

DIFFERENCE = _object(
    {
        "pattern": PATTERN,
        "found_by": {"enum": ["split", "milp"]},
        "explanation": {"type": "string", "minLength": 1},
    }
)

CROSS_CHECK_PROPERTIES = {
    "split": COUNT,
    "milp": COUNT,
    "agree": {"type": ["boolean", "null"]},
    "complete": {"type": "boolean"},
    "differences": {"type": "array", "items": DIFFERENCE},
}

# Differences are a "no", whatever else; "yes" needs both to be complete; the rest is open.
VERDICT = {
    "if": {"properties": {"differences": {"maxItems": 0}}},
    "then": {
        "if": {"properties": {"complete": {"const": True}}},
        "then": {"properties": {"agree": {"const": True}}},
        "else": {"properties": {"agree": {"const": None}}},
    },
    "else": {"properties": {"agree": {"const": False}}},
}

CROSS_CHECK = _object(CROSS_CHECK_PROPERTIES, **VERDICT)

DEMO = _object({**CROSS_CHECK_PROPERTIES, "bounds": _object({"patterns": NATURAL, "architecture": NATURAL})}, **VERDICT)

EXPORT = _object(
    {
        "path": {"type": "string"},
        "format": {"enum": ["mps", "lp"]},
        "variables": NATURAL,
        "integers": NATURAL,
        "constraints": NATURAL,
        "rounded": NATURAL,
        "weights": {"type": ["string", "null"]},
    }
)

BENCH_KIND = {"enum": ["lp", "count", "bound", "parity"]}

BENCH_REMARK = _object({name: {"type": "string"} for name in ("instance", "solver", "note")})

BENCH = _object(
    {
        "set": {"type": "string"},
        "seed": NATURAL,
        "time_limit": {"type": "number", "minimum": 0},
        "program_limit": {"type": "number", "minimum": 0},
        "threads": {"const": 1},
        "instances": NATURAL,
        "done": NATURAL,
        "stopped": {"type": ["string", "null"]},
        "solvers": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {
                    "name": {"type": "string"},
                    "version": {"type": ["string", "null"]},
                    "how": {"type": "object", "additionalProperties": {"type": "string"}},
                }
            ),
        },
        "table": {
            "type": "array",
            "items": _object(
                {
                    "kind": BENCH_KIND,
                    "solver": {"type": "string"},
                    "how": {"type": "string"},
                    **dict.fromkeys(("problems", "solved", "wrong", "timeouts", "failed"), NATURAL),
                    "mean": {"type": "number", "minimum": 0},
                    "unit": {"enum": ["s", "ms"]},
                    "shift": {"type": "number"},
                    "limit": {"type": "number"},
                }
            ),
        },
        "wrong": {"type": "array", "items": BENCH_REMARK},
        "failed": {"type": "array", "items": BENCH_REMARK},
        "files": _object(
            {
                **{name: {"type": "string"} for name in ("results", "table", "profiles")},
                "picture": {"type": ["string", "null"]},
            }
        ),
        "seconds": {"type": "number", "minimum": 0},
        "versions": {"type": "object", "additionalProperties": {"type": "string"}},
    }
)

BENCH_EXPORT = _object(
    {
        "folder": {"type": "string"},
        "set": {"type": "string"},
        "instances": {
            "type": "array",
            "items": _object(
                {
                    "name": {"type": "string"},
                    "kind": BENCH_KIND,
                    "file": {"type": "string"},
                    "truth": {"type": "object"},
                }
            ),
        },
    }
)

_REAL = {"type": ["number", "null"], "minimum": 0}
_REALS = {"type": "array", "items": _REAL}

DISTANCES = _object(
    {
        "status": {"enum": ["numerical", "exact"]},
        "points": NATURAL,
        "asked": {"type": "integer", "minimum": 1},
        "stopped": {"type": ["string", "null"], "minLength": 1},
        "mean": _REAL,
        "mean_times_units": _REAL,
        "quantiles": _object(
            dict.fromkeys(("minimum", "first_quartile", "median", "third_quartile", "maximum"), _REAL)
        ),
        "distances": _REALS,
        "lower": _REALS,
        "upper": _REALS,
        "squares": {"type": "array", "items": {"type": ["string", "null"], "pattern": r"^[0-9]+(/[0-9]+)?$"}},
        "layers": {"type": "array", "items": NATURAL},
        "units": {"type": "array", "items": {"type": "integer", "minimum": -1}},
        "bends": {"type": "array", "items": {"type": "boolean"}},
        "projected": {"type": "array", "items": {"type": "boolean"}},
        "network": NETWORK,
        "domain": {"type": ["object", "null"]},
        "versions": COUNT_PROPERTIES["versions"],
        "seconds": {"type": "number", "minimum": 0},
        "output": {"type": ["string", "null"]},
    }
)
