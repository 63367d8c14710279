"""Categories as CatBoost reads them: the hashes of their strings, and the statistics of hashes and of their combinations."""
