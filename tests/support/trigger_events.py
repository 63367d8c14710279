"""Events of triggers that are no request, and pings that keep a sandbox warm: shapes of AWS's documents and of the plugins."""

from __future__ import annotations

import base64
from typing import Any

ROW = "[5.1,3.5,1.4,0.2]"
_BASE64 = base64.b64encode(ROW.encode()).decode()

PINGS: dict[str, dict[str, Any]] = {
    "serverless-plugin-warmup": {"source": "serverless-plugin-warmup"},
    "serverless-plugin-warmup before 4": {"Event": {"source": "serverless-plugin-warmup"}},
    "lambda-warmer": {"warmer": True, "concurrency": 3},
    "a schedule of EventBridge, and Zappa": {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2015-10-08T16:53:06Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],
        "detail": {},
    },
}

_SQS = {
    "messageId": "m1",
    "receiptHandle": "r",
    "body": ROW,
    "attributes": {},
    "messageAttributes": {},
    "md5OfBody": "x",
    "eventSource": "aws:sqs",
    "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q",
    "awsRegion": "eu-west-1",
}
# What the sender is called in the message -> the event.
TRIGGERS: dict[str, dict[str, Any]] = {
    "Amazon SQS": {"Records": [_SQS, {**_SQS, "messageId": "m2", "body": "[5.1]"}]},
    "Amazon SNS": {
        "Records": [
            {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Type": "Notification", "Message": ROW}},
        ]
    },
    "Amazon Kinesis": {
        "Records": [
            {"kinesis": {"data": _BASE64, "sequenceNumber": "1"}, "eventSource": "aws:kinesis", "eventID": "x"},
        ]
    },
    "Amazon DynamoDB Streams": {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {"Keys": {}}}]},
    "Amazon S3": {
        "Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}, "object": {}}}]
    },
    "Lambda@Edge": {"Records": [{"cf": {"config": {}, "request": {"method": "POST", "uri": "/"}}}]},
    "Apache Kafka": {"eventSource": "SelfManagedKafka", "records": {"t-0": [{"topic": "t", "value": _BASE64}]}},
    "Amazon MSK": {"eventSource": "aws:kafka", "records": {"t-0": [{"topic": "t", "value": _BASE64}]}},
    "Amazon EventBridge": {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "resources": [],
        "detail": {"bucket": {"name": "b"}},
    },
    "Amazon Data Firehose": {"deliveryStreamArn": "arn", "records": [{"recordId": "1", "data": _BASE64}]},
    "Amazon CloudWatch Logs": {"awslogs": {"data": _BASE64}},
    "an API Gateway WebSocket API": {
        "requestContext": {"routeKey": "$default", "eventType": "MESSAGE", "connectionId": "c", "stage": "p"},
        "body": ROW,
        "isBase64Encoded": False,
    },
    "VPC Lattice": {
        "version": "2.0",
        "path": "/",
        "method": "POST",
        "headers": {"content-type": ["application/json"]},
        "body": ROW,
        "requestContext": {"serviceNetworkArn": "arn"},
    },
    "an API Gateway authorizer": {
        "type": "REQUEST",
        "methodArn": "arn",
        "resource": "/",
        "path": "/",
        "httpMethod": "GET",
        "headers": {},
        "requestContext": {"stage": "x"},
    },
    "AWS AppSync": {
        "arguments": {"row": [5.1, 3.5, 1.4, 0.2]},
        "identity": None,
        "source": None,
        "info": {"fieldName": "predict"},
    },
    "an Amazon Bedrock agent": {
        "messageVersion": "1.0",
        "agent": {"name": "a"},
        "apiPath": "/predict",
        "httpMethod": "POST",
        "parameters": [],
    },
    "an Amazon Redshift UDF": {"external_function": "f", "num_records": 1, "arguments": [[5.1, 3.5, 1.4, 0.2]]},
    "Amazon Cognito": {"version": "1", "triggerSource": "PreSignUp_SignUp", "userPoolId": "p", "request": {}},
    "AWS CloudFormation": {"RequestType": "Create", "ResponseURL": "https://example.org", "StackId": "arn"},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *TRIGGERS.items(),
    ("VPC Lattice", {"raw_path": "/", "method": "POST", "headers": {}, "body": ROW, "is_base64_encoded": False}),
    ("Amazon S3", {"Records": [{"eventSource": "aws:s3", "s3": {}}]}),
    (
        "an API Gateway authorizer",
        {"version": "2.0", "type": "REQUEST", "routeArn": "arn", "requestContext": {"http": {"method": "GET"}}},
    ),
]
