"""Validates lessons against a JSON Schema with Python's jsonschema: reads {"schema", "lessons"}, prints
the faults of each lesson. A schema that is none is an error."""

import json
import sys

from jsonschema import Draft202012Validator

given = json.load(sys.stdin)
Draft202012Validator.check_schema(given["schema"])
validator = Draft202012Validator(given["schema"])
json.dump(
    [[error.message for error in validator.iter_errors(lesson)] for lesson in given["lessons"]],
    sys.stdout,
)
