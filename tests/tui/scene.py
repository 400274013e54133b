"""The requests that the screens show."""
from fake_broker import Request


def kiro(**fields):
    """The incident's request, as policy judged it."""
    defaults = {
        "left_ms": 468_000, "total_ms": 600_000, "effect": "escalate",
        "operation": "cloudformation:DeleteStack",
        "resources": ["arn:aws-cn:cloudformation:cn-north-1:111122223333:"
                      "stack/prod-cost-explorer-cn-north-1"],
        "arguments": {"StackName": "prod-cost-explorer-cn-north-1", "RetainResources": []},
        "command": ["aws", "cloudformation", "delete-stack", "--stack-name",
                    "prod-cost-explorer-cn-north-1"],
        "audience": "executor",
        "summary": "Delete CloudFormation stack prod-cost-explorer-cn-north-1 and recreate it",
        "why": "The cost table shows stale rows. The stack's drift status is DRIFTED. Recreating "
               "the stack from\nthe template gives a known-good state, which is faster than "
               "finding the drifted resource.\n",
        "impact": {"resources_affected": 14, "cost_usd": 0, "downtime_s": 46800,
                   "users_affected": 40000, "reversible": False},
        "confidence": 9300, "session": "fix-cost-explorer-7", "branch": "remediate",
        "findings": [
            {"layer": 2, "rule": "environment", "effect": "allow", "line": 6,
             "message": 'the agent said "staging"; the word "prod" makes it production'},
            {"layer": 1, "rule": "destructive_actions[0]", "effect": "escalate", "line": 14,
             "message": "Destructive action detected. Routing to human approval."},
            {"layer": 2, "rule": "permissions.production.delete", "effect": "escalate",
             "line": 41, "message": "delete by an autonomous agent"},
        ],
    }
    return Request(1, **{**defaults, **fields})


def replica(**fields):
    """A create that a person may let pass."""
    defaults = {
        "left_ms": 680_000, "total_ms": 900_000, "requester": "deploybot", "mode": "supervised",
        "operation": "rds:CreateDBInstanceReadReplica", "class": ["create"],
        "resources": ["arn:aws:rds:eu-west-1:111122223333:db/orders-ro"],
        "summary": "Add a read replica for the report job",
        "why": "The report job slows down the shop.",
        "impact": {"resources_affected": 1, "cost_usd": 412_500_000, "downtime_s": 0,
                   "users_affected": 0, "reversible": True},
        "alternatives": [{"approach": "Run the report at night",
                          "rejected_because": "finance needs it at noon"}],
        "rollback": {"plan": "Delete the replica", "operation": "rds:DeleteDBInstance",
                     "arguments": {"DBInstanceIdentifier": "orders-ro"}, "minutes": 4},
        "findings": [{"layer": 2, "rule": "permissions.production.create", "effect": "hold",
                      "line": 39, "message": "create by a supervised agent"}],
        "quorum": [{"groups": ["oncall", "dba"], "count": 1}],
    }
    request = Request(2, **{**defaults, **fields})
    request.needed = 1
    return request


def patch(**fields):
    """Something small, elsewhere."""
    defaults = {
        "left_ms": 300_000, "requester": "kiro", "environment": "staging", "tier": "supervised",
        "operation": "lambda:UpdateFunctionConfiguration", "class": ["patch"],
        "resources": ["function/cost-refresh", "function/cost-refresh-dlq"],
        "summary": "Let the refresh job retry stale cost rows",
    }
    request = Request(3, **{**defaults, **fields})
    request.needed = 1
    return request


def night(stage):
    """Three requests, as somebody woken at night finds them."""
    requests = kiro(), replica(), patch()
    stage.broker.add(*requests, announce=False)
    return requests
