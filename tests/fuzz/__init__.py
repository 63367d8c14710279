"""What `make e2e` ends with: mutated compiled models, events and pickles, from a seed that is printed."""
