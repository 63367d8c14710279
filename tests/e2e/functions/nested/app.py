"""A handler inside a package, for `nested/app.handler` and `nested.app.handler`."""


def handler(event, context):
    return __name__
