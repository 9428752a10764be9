"""AWS managed policies that the emulator has.

The wide ones are reduced to what matters for cross-account access.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from xswitch.emulator.state.model import ManagedPolicy, PolicyVersion, unique_id

_ARN = re.compile(r"arn:(aws[a-z-]*):iam::aws:policy/(?:[\w+=,.@-]+/)*([\w+=,.@-]+)")


def _allow(**elements: Any) -> Mapping[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", **elements, "Resource": "*"}],
    }


_READ_ACTIONS = ["ec2:Describe*", "iam:Get*", "iam:List*", "s3:List*", "s3:GetBucket*"]
AWS_MANAGED: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "AdministratorAccess": _allow(Action="*"),
        "PowerUserAccess": _allow(NotAction=["iam:*", "organizations:*", "account:*"]),
        "ReadOnlyAccess": _allow(
            Action=[
                "s3:Get*",
                "s3:List*",
                "ec2:Describe*",
                "iam:Get*",
                "iam:List*",
                "sts:GetAccessKeyInfo",
            ]
        ),
        "SecurityAudit": _allow(
            Action=[
                *_READ_ACTIONS,
                "cloudtrail:Describe*",
                "cloudtrail:GetTrailStatus",
                "config:Describe*",
                "kms:List*",
            ]
        ),
        "IAMReadOnlyAccess": _allow(
            Action=[
                "iam:GenerateCredentialReport",
                "iam:Get*",
                "iam:List*",
                "iam:SimulateCustomPolicy",
                "iam:SimulatePrincipalPolicy",
            ]
        ),
        "IAMFullAccess": _allow(
            Action=["iam:*", "organizations:DescribeAccount", "organizations:ListRoots"]
        ),
        "AmazonS3ReadOnlyAccess": _allow(Action=["s3:Get*", "s3:List*", "s3:Describe*"]),
        "AmazonS3FullAccess": _allow(Action=["s3:*", "s3-object-lambda:*"]),
        "AmazonEC2ReadOnlyAccess": _allow(
            Action=[
                "ec2:Describe*",
                "ec2:Get*",
                "elasticloadbalancing:Describe*",
                "cloudwatch:Get*",
            ]
        ),
        "AmazonEC2FullAccess": _allow(
            Action=["ec2:*", "elasticloadbalancing:*", "cloudwatch:*", "autoscaling:*"]
        ),
        "AmazonDynamoDBReadOnlyAccess": _allow(
            Action=["dynamodb:Get*", "dynamodb:List*", "dynamodb:Describe*", "dynamodb:Query"]
        ),
        "SignInLocalDevelopmentAccess": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token"],
                    "Resource": "arn:aws:signin:*:*:oauth2/public-client/*",
                }
            ],
        },
        "CloudWatchReadOnlyAccess": _allow(
            Action=["cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "logs:Get*"]
        ),
        "AWSDenyAll": {
            "Version": "2012-10-17",
            "Statement": [{"Sid": "DenyAll", "Effect": "Deny", "Action": "*", "Resource": "*"}],
        },
        "job-function/ViewOnlyAccess": _allow(
            Action=[
                *_READ_ACTIONS,
                "cloudwatch:List*",
                "dynamodb:List*",
                "lambda:List*",
                "rds:Describe*",
            ]
        ),
        "job-function/Billing": _allow(
            Action=["aws-portal:*Billing", "budgets:*", "ce:*", "cur:*"]
        ),
        "job-function/SystemAdministrator": _allow(
            Action=["ec2:*", "cloudwatch:*", "logs:*", "rds:Describe*", "s3:List*"]
        ),
        "job-function/DatabaseAdministrator": _allow(
            Action=["rds:*", "dynamodb:*", "redshift:*", "cloudwatch:Describe*"]
        ),
        "job-function/NetworkAdministrator": _allow(
            Action=["ec2:*", "route53:*", "directconnect:*", "cloudfront:List*"]
        ),
    }
)
"""By path and name, each at version v1."""


def is_aws_managed(arn: str) -> bool:
    """Whether an ARN is an AWS managed policy's, existing or not."""
    return _ARN.fullmatch(arn) is not None


def aws_managed(arn: str) -> ManagedPolicy | None:
    """The AWS managed policy with this ARN, in any partition.

    A wrong path is accepted if the name is unambiguous.
    """
    found = _ARN.fullmatch(arn)
    if found is None:
        return None
    for known in AWS_MANAGED:
        if known.rpartition("/")[2] == found[2]:
            return _policy(known, found[1])
    return None


def all_aws_managed(partition: str) -> tuple[ManagedPolicy, ...]:
    """All AWS managed policies."""
    return tuple(_policy(known, partition) for known in AWS_MANAGED)


def _policy(known: str, partition: str) -> ManagedPolicy:
    path, _, name = f"/{known}".rpartition("/")
    arn = f"arn:{partition}:iam::aws:policy/{known}"
    version = PolicyVersion("v1", json.dumps(AWS_MANAGED[known], indent=2))
    return ManagedPolicy(
        arn, "aws", name, f"{path}/", unique_id("ANPA", f"aws:{known}"), (version,)
    )
