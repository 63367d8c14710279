"""Changes to what is deployed: deploy, roll back, destroy, and the steps they consist of."""
