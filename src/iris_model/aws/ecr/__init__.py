"""The repository of a project in Amazon ECR, and the images in it."""
