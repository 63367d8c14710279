/* Pings that keep a sandbox warm, and events of triggers that are not requests. Reference: runtime/triggers.py. */
#include "request.h"

static const char *const HINTS[] = {
    "Records", "records", "eventSource", "source", "detail-type", "Event", "warmer", "requestContext", "methodArn", "routeArn",
    "agent", "arguments", "awslogs", "tasks", "iris-model-part", "triggerSource", "sessionState", "ResponseURL", "invokingEvent", "raw_path", NULL};

static const char *const RECORD_SOURCES[][2] = {
    {"aws:sqs", "Amazon SQS"}, {"aws:sns", "Amazon SNS"}, {"aws:kinesis", "Amazon Kinesis"},
    {"aws:dynamodb", "Amazon DynamoDB Streams"}, {"aws:s3", "Amazon S3"}, {"aws:ses", "Amazon SES"},
    {"aws:codecommit", "AWS CodeCommit"}, {NULL, NULL}};

static const char *const SOURCES[][2] = {
    {"aws:kafka", "Amazon MSK"}, {"aws:SelfManagedKafka", "Apache Kafka"}, {"SelfManagedKafka", "Apache Kafka"},
    {"aws:mq", "Amazon MQ"}, {"aws:amq", "Amazon MQ"}, {"aws:rmq", "Amazon MQ"}, {NULL, NULL}};

/* Keys that must all be present, and the sender. */
static const struct {
    const char *keys[3], *sender;
} BY_KEYS[] = {
    {{"detail-type", "source", "detail"}, "Amazon EventBridge"},
    {{"deliveryStreamArn", "records", NULL}, "Amazon Data Firehose"},
    {{"awslogs", NULL, NULL}, "Amazon CloudWatch Logs"},
    {{"iris-model-part", NULL, NULL}, "iris-model batch"},
    {{"invocationSchemaVersion", "tasks", NULL}, "Amazon S3 Batch Operations"},
    {{"external_function", "arguments", "num_records"}, "an Amazon Redshift UDF"},
    {{"type", "methodArn", NULL}, "an API Gateway authorizer"},
    {{"type", "routeArn", NULL}, "an API Gateway authorizer"},
    {{"messageVersion", "agent", NULL}, "an Amazon Bedrock agent"},
    {{"info", "arguments", NULL}, "AWS AppSync"},
    {{"triggerSource", "userPoolId", NULL}, "Amazon Cognito"},
    {{"sessionState", "bot", NULL}, "Amazon Lex"},
    {{"RequestType", "ResponseURL", NULL}, "AWS CloudFormation"},
    {{"invokingEvent", "ruleParameters", NULL}, "AWS Config"},
    {{"raw_path", "is_base64_encoded", NULL}, "VPC Lattice"},
};

/* Senders that an entry of [events] in iris-model.toml answers. */
static const char *const ANSWERED_BY_EVENTS[] = {
    "Amazon SQS", "Amazon SNS", "Amazon Kinesis", "Amazon DynamoDB Streams", "Amazon S3", "Amazon MSK", "Amazon EventBridge",
    "an Amazon Redshift UDF", NULL};

static const char *look_up(const char *const (*table)[2], String key) {
    for (; (*table)[0] != NULL; table++)
        if (is_text(key, (*table)[0]))
            return (*table)[1];
    return NULL;
}

static int is_string(const Json *value, const char *text) {
    return value != NULL && value->kind == STRING && is_text(value->string, text);
}

static int starts_with(String string, const char *start) {
    return string.length >= strlen(start) && memcmp(string.bytes, start, strlen(start)) == 0;
}

static int is_ping(const Json *event) {
    static const char *const KEYS[] = {"warmer", "concurrency", "target", "correlationId", "test"};
    const Json *source = member_of(event, "source"), *inner = member_of(event, "Event"), *warmer = member_of(event, "warmer");
    if (is_string(member_of(event, "detail-type"), "Scheduled Event") &&
        (is_string(source, "aws.events") || is_string(source, "aws.scheduler")))
        return 1;
    if (is_string(source, "serverless-plugin-warmup") || is_string(member_of(inner, "source"), "serverless-plugin-warmup"))
        return 1;
    if (warmer == NULL || warmer->kind != TRUE_VALUE)
        return 0;
    for (uint32_t i = 0; i < event->count; i++) {
        String key = event->members[i].key;
        int known = starts_with(key, "__WARMER");
        for (size_t j = 0; j < sizeof KEYS / sizeof *KEYS; j++)
            known |= is_text(key, KEYS[j]);
        if (!known)
            return 0;
    }
    return 1;
}

static const char *name_trigger(const Json *event) {
    const Json *records = member_of(event, "Records"), *source = member_of(event, "eventSource");
    if (records != NULL && records->kind == LIST && records->count > 0 && records->items[0].kind == OBJECT) {
        const Json *first = &records->items[0], *edge = member_of(first, "cf");
        if (edge != NULL && edge->kind == OBJECT)
            return "Lambda@Edge";
        const Json *sender = member_of(first, "eventSource");
        if (!is_true(sender))
            sender = member_of(first, "EventSource");
        return sender == NULL ? NULL : look_up(RECORD_SOURCES, str_of(sender));
    }
    if (source != NULL && source->kind == STRING && look_up(SOURCES, source->string) != NULL)
        return look_up(SOURCES, source->string);
    const Json *context = member_of(event, "requestContext");
    if (member_of(context, "connectionId") != NULL)
        return "an API Gateway WebSocket API";
    if (member_of(context, "serviceNetworkArn") != NULL)
        return "VPC Lattice";
    for (size_t i = 0; i < sizeof BY_KEYS / sizeof *BY_KEYS; i++) {
        int all = 1;
        for (size_t j = 0; j < 3 && BY_KEYS[i].keys[j] != NULL; j++)
            all = all && member_of(event, BY_KEYS[i].keys[j]) != NULL;
        if (all)
            return BY_KEYS[i].sender;
    }
    return NULL;
}

const Json *answer_trigger(const Signature *signature, const Json *event) {
    int hinted = 0;
    for (const char *const *hint = HINTS; *hint != NULL && !hinted; hint++)
        hinted = member_of(event, *hint) != NULL;
    if (!hinted)
        return NULL;
    /* A key that is the name of a feature is a feature. */
    Json *known = new_object(event->count);
    for (uint32_t i = 0; i < event->count; i++)
        if (find_column(signature, event->members[i].key) < 0)
            known->members[known->count++] = event->members[i];
    if (is_ping(known))
        return set_member(new_object(1), "warm", &JSON_TRUE);
    const char *sender = name_trigger(known);
    if (sender != NULL) {
        int by_events = 0;
        for (const char *const *each = ANSWERED_BY_EVENTS; *each != NULL; each++)
            by_events |= strcmp(*each, sender) == 0;
        refuse(format("this is an event of %s; expected an HTTP request or rows: %sread its rows in the handler and pass them to "
                      "model.predict",
                      sender, by_events ? "add its source to [events] in iris-model.toml, or " : ""),
               -1, NONE, LITERAL("an HTTP request or rows"), NULL);
    }
    return NULL;
}
