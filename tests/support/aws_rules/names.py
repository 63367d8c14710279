"""Rules of the names that CloudFormation makes."""

from .rule import rule

MOST_OF_ROLE = 64
RANDOM = "1A2B3C4D5E6F"


@rule(3, "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html; KensioSoftware/yulin#1113")
def name_role(stack: str, logical_id: str) -> str:
    """Name the role that CloudFormation makes: at most 64 characters, the random end always whole."""
    return f"{f'{stack}-{logical_id}'[: MOST_OF_ROLE - len(RANDOM) - 1]}-{RANDOM}"
