"""CatBoost: its models as it exports them, and the estimators with the methods of scikit-learn."""
