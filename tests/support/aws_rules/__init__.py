"""Rules of AWS that emulators do not enforce: one function for each rule, with its source.

`fake_aws` and the layer over MiniStack (`ministack_strict`) call the same functions, so that a break of a rule fails a test.
Standard library and PyYAML only: MiniStack runs them in an environment of its own. `docs/reference/aws-rules.md` lists them.
"""

from .rule import RULES, Refused, Rule, rule

__all__ = ["RULES", "Refused", "Rule", "rule"]
