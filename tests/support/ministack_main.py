"""Runs MiniStack with four things as they are on AWS: where images are found, the handler of an OS-only runtime, how logs are
filtered, when an alarm rings; with the rules of AWS that it lacks (`ministack_strict`); and with schedules that run sixty times
as fast.

`ministack_server.py` starts it, with the Python of MiniStack.

On AWS `<account>.dkr.ecr.<region>.amazonaws.com` is the registry. MiniStack has that registry too, on its own port; but it asks
Docker Engine for images by AWS's name, which leads to the real AWS. Here the name is turned into the port, so that what runs was
pulled, by digest, from what was pushed.

_HANDLER is the handler of the function's configuration, on every runtime. MiniStack starts the containers of `provided.al2023`
with the word "bootstrap" in its place. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html

A filter pattern `?"one" ?"another"` is either on AWS; MiniStack takes the question marks for wildcards.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

An alarm of AWS looks at the metric with its dimensions. Those of MiniStack ring for an error of any function; here they ring
when a test sets them (SetAlarmState).
"""

import os
import re
import threading

import ministack_strict
from docker.models.containers import ContainerCollection
from ministack.app import main
from ministack.services import cloudwatch, cloudwatch_logs, eventbridge, lambda_svc

_ECR = re.compile(r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/")
_spawn = lambda_svc._spawn_lambda_container


_spawning = threading.local()


def _spawn_from_own_registry(config, *arguments, **more):
    port = os.environ["GATEWAY_PORT"]
    image = _ECR.sub(f"127.0.0.1:{port}/", config.get("ImageUri", ""))
    _spawning.handler = config.get("Handler", "")
    return _spawn({**config, "ImageUri": image}, *arguments, **more)


def _with_handler(start):
    def start_with_handler(self, *arguments, **more):
        if more.get("command") == ["bootstrap"]:
            more["command"] = [_spawning.handler]
        return start(self, *arguments, **more)

    return start_with_handler


ContainerCollection.run = _with_handler(ContainerCollection.run)
ContainerCollection.create = _with_handler(ContainerCollection.create)


lambda_svc._spawn_lambda_container = _spawn_from_own_registry
cloudwatch._evaluate_alarm = lambda alarm: None

_compile = cloudwatch_logs._compile_filter_pattern


def _compile_with_either(pattern):
    phrases = re.findall(r'\?"([^"]*)"', pattern or "")
    return (lambda message: any(phrase in message for phrase in phrases)) if phrases else _compile(pattern)


cloudwatch_logs._compile_filter_pattern = _compile_with_either

_seconds_of = eventbridge._parse_rate_seconds


def _seconds_of_a_faster_clock(expression):
    seconds = _seconds_of(expression)
    return None if seconds is None else seconds / 60


eventbridge._parse_rate_seconds = _seconds_of_a_faster_clock
eventbridge._SCHEDULER_TICK_INTERVAL = 0.5

ministack_strict.install()

if __name__ == "__main__":
    main()
