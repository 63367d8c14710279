"""CatBoost: its exported models, and the estimators with scikit-learn's methods."""
