"""What an exported permission boundary lets through, evaluated as IAM would, for tests in Python."""
import json
import re


class Boundary:
    """An identity-based policy as IAM reads it: an explicit deny wins, then an allow, else it is no."""

    def __init__(self, text):
        self.document = json.loads(text)
        assert self.document["Version"] == "2012-10-17" and set(self.document) == {"Version", "Statement"}
        self.statements = [self.statement(each) for each in self.document["Statement"]]

    def statement(self, each):
        (key,) = {"Action", "NotAction"} & set(each)
        assert set(each) == {"Effect", "Resource", key} and each["Resource"] == "*", each
        patterns = each[key] if isinstance(each[key], list) else [each[key]]
        for pattern in patterns:  # IAM: a vendor has no wildcards
            assert pattern == "*" or re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9*?-]+", pattern), pattern
        expression = "|".join(re.escape(p).replace(r"\*", ".*").replace(r"\?", ".") for p in patterns)
        return each["Effect"], key == "Action", re.compile(expression, re.I | re.S)

    def allows(self, action):
        effects = {effect for effect, named, pattern in self.statements
                   if bool(pattern.fullmatch(action)) == named}
        return effects == {"Allow"}
