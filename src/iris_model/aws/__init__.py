"""AWS: from a deployment, as data, to an HTTPS endpoint that gives the answers of the trained model.

    deployment   what is wanted: names, settings, endpoint                       (data)
    template     deployment + image                -> CloudFormation template    (yaml_text, endpoint_template)

Nothing here prints, asks or exits; boto3 is imported when a session is made, so that `template` does without it.
"""
