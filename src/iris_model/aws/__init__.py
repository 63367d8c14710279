"""AWS: from a deployment, as data, to an HTTPS endpoint that gives the answers of the trained model.

    deployment   what is wanted: names, settings, endpoint                       (data)
    template     deployment + image                -> CloudFormation template    (yaml_text, endpoint_template)
    observe      questions to AWS                  -> Observed: what is there
    plan         wanted + Observed                 -> steps, as data
    deploy       takes the steps: repository, stack, verify (golden, invoke, endpoint), traffic; goes back if it must
    calls        every call to AWS: tries again what passes by itself, explains the rest    (session: boto3; explain)
    status, logs, rollback, destroy, console_events, doctor, docker_login      one for each command
    permissions  the deployer's policy, from a table of every call; a test compares it with the code

Nothing here prints, asks or exits; boto3 is imported when a session is made, so that `template` does without it.
"""
