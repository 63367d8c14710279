"""`[vpc]`: the function runs in subnets of a VPC."""

from __future__ import annotations

from iris_model.aws.cloudformation.parts.part import Part
from iris_model.aws.cloudformation.yaml_text import sub
from iris_model.contract.deployment import Deployment

# The permissions of AWS's policy for functions in a VPC (AWSLambdaVPCAccessExecutionRole), without logs.
_ACTIONS = [
    "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
]  # fmt: skip


def add_network(deployment: Deployment) -> Part:
    """Put the function into its subnets. Lambda gets the permissions for it; the function's code does not."""
    if deployment.vpc is None:
        return Part()
    own = sub(f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{deployment.function}")
    return Part(
        function={
            "VpcConfig": {
                "SecurityGroupIds": list(deployment.vpc.security_groups),
                "SubnetIds": list(deployment.vpc.subnets),
            }
        },
        statements=(
            {"Effect": "Allow", "Action": _ACTIONS, "Resource": "*"},
            # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html: only calls from the function's code
            # have this key.
            {
                "Effect": "Deny",
                "Action": _ACTIONS,
                "Resource": "*",
                "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": own}},
            },
        ),
    )
