"""AWS: deploy a `Deployment` as an HTTPS endpoint with the answers of the trained model.

    deployment + image    -> CloudFormation template                       (cloudformation)
    read-only calls       -> Observed: the present state                   (state)
    wanted + Observed     -> steps, as data                                (deploying/plan)
    steps                 -> AWS, verified by golden rows, or rolled back  (deploying/deploy, verification)

Nothing here prints, prompts or exits. boto3 is imported when a session is made, so that `template` works without it.
"""
