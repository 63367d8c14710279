"""XGBoost: its boosters, and the wrappers with scikit-learn's methods."""
