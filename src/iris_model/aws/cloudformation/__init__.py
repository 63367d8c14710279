"""The CloudFormation template of a deployment, as data and text, and its stack."""
