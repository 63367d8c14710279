"""One file per command that uses AWS, or prints a CloudFormation template."""
